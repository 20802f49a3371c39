import { SluiceError } from '../diagnostics/error.ts';
import type { Device, FileSource, OpenFile } from '../registry/backend.ts';
import type { Grant } from './api.ts';
import { fileSize, openFile } from './contract.ts';
import { opensWithout } from './devices.ts';
import { discard } from './faults.ts';
import type { CreatedWindow, Window } from './grant-window.ts';
import { GrantRecord, grantObject } from './grants.ts';
import { FileOrder } from './order.ts';

/** The session, for a file that is being opened. */
interface Opener {
  /** The device that opens files. */
  storage(): Promise<Device>;
  /** @throws SluiceError `session/closed` when the session has ended in the meantime */
  refuseClosed(): void;
}

/** The files that a session has granted, and the order of effects on each. */
export class Grants {
  readonly #records = new Set<GrantRecord>();
  readonly #objects = new WeakMap<object, GrantRecord>();
  readonly #orders = new Map<string, FileOrder>();

  get size(): number {
    return this.#records.size;
  }

  /**
   * Opens a file and grants `window` of it; a file that turns out to be of no use is closed again.
   * @throws SluiceError `grant/range`, `backend/fault` and the `io/` codes of opening
   */
  async open(source: FileSource, { create, ...window }: CreatedWindow, signal: AbortSignal | undefined, opener: Opener): Promise<Grant> {
    const { backend, storage } = await opener.storage();
    if (storage === undefined) throw opensWithout('storage', backend);
    const file = await openFile(backend, storage, source, { rights: window.rights, create, signal });
    try {
      signal?.throwIfAborted();
      const size = await fileSize(backend, file, signal);
      signal?.throwIfAborted();
      opener.refuseClosed();
      if (window.rights === 'r') refusePastEnd(file, window, size);
      return this.#add(new GrantRecord(source, backend, file, window, (record) => this.#forget(record)), size);
    } catch (error) {
      await discard(file);
      throw error;
    }
  }

  #add(record: GrantRecord, size: bigint): Grant {
    const { offset, length } = record;
    const granted = grantObject(record, length ?? (size > offset ? size - offset : 0n));
    this.#records.add(record);
    this.#objects.set(granted, record);
    return granted;
  }

  /** A revoked grant leaves nothing behind. */
  #forget(record: GrantRecord): void {
    this.#records.delete(record);
    if (this.#orders.get(record.identity)?.idle === true) this.#orders.delete(record.identity);
  }

  /** The record behind an object of this session. */
  record(granted: unknown): GrantRecord | undefined {
    return typeof granted === 'object' && granted !== null ? this.#objects.get(granted) : undefined;
  }

  /** The order of effects on one file, by its identity. */
  order(identity: string): FileOrder {
    let order = this.#orders.get(identity);
    if (order === undefined) {
      order = new FileOrder();
      this.#orders.set(identity, order);
    }
    return order;
  }

  /** Revokes all, whatever fails; gives what failed. */
  async revokeAll(): Promise<readonly unknown[]> {
    const revoked = await Promise.allSettled([...this.#records].map((g) => g.revoke()));
    return revoked.flatMap((r) => (r.status === 'rejected' ? [r.reason as unknown] : []));
  }
}

/** What is only read has to be there. */
function refusePastEnd({ name }: OpenFile, { offset, length }: Window, size: bigint): void {
  if (length === undefined || offset + length <= size) return;
  throw new SluiceError({
    code: 'grant/range', message: `a grant of ${length} bytes at offset ${offset} of ${name}, which has ${size}`, fix: 'grant a range inside the file',
    details: { offset: String(offset), length: String(length), size: String(size) },
  });
}
