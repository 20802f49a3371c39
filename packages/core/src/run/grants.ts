import { SluiceError } from '../diagnostics/error.ts';
import type { FileSource, OpenFile, Rights, Storage } from '../registry/backend.ts';
import { shared } from '../global-slot.ts';
import type { Grant } from './api.ts';
import { fileSize, openFile } from './contract.ts';
import { discard } from './faults.ts';
import { FILE_LIMIT } from './grant-window.ts';
import type { Window } from './grant-window.ts';

const counter = shared('grants', () => ({ next: 1 }));

/** A granted file as the session holds it. */
export class GrantRecord {
  readonly fd: number = counter.next++;
  readonly name: string;
  readonly rights: Rights;
  /** Where the window starts in the file. */
  readonly offset: bigint;
  /** Bytes of the window; undefined: to the end, and beyond it for writing. */
  readonly length: bigint | undefined;
  /** Of the file: equal for the same one granted twice. */
  readonly identity: string;
  readonly #source: FileSource;
  readonly #onClosed: (record: GrantRecord) => void;
  readonly #files = new Map<string, Promise<OpenFile>>();
  #revoked = false;
  #users = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(source: FileSource, backend: string, file: OpenFile, { rights, offset, length }: Window, onClosed: (record: GrantRecord) => void) {
    this.#onClosed = onClosed;
    this.name = file.name;
    this.rights = rights;
    this.offset = offset;
    this.length = length;
    this.#source = source;
    this.identity = file.identity;
    this.#files.set(backend, Promise.resolve(file));
  }

  get revoked(): boolean {
    return this.#revoked;
  }

  /** @throws SluiceError `grant/revoked` */
  refuseRevoked(): void {
    if (this.#revoked) throw new SluiceError({ code: 'grant/revoked', message: `the grant of ${this.name} was revoked`, fix: 'grant the file again' });
  }

  /** Something needs the file open; each `use` is followed by one `leave`. */
  use(): void {
    this.#users++;
  }

  leave(): void {
    if (--this.#users === 0) this.#idle?.();
  }

  /**
   * The file as `storage` opened it; it must be the one that was granted.
   * @throws SluiceError `grant/revoked`, `grant/changed` and the `io/` codes of opening
   */
  async open(backend: string, storage: Storage): Promise<OpenFile> {
    this.refuseRevoked();
    let file = this.#files.get(backend);
    if (file === undefined) {
      file = openFile(backend, storage, this.#source, { rights: this.rights, create: 'no' }).then(async (opened) => {
        if (opened.identity === this.identity) return opened;
        await discard(opened);
        throw new SluiceError({ code: 'grant/changed', message: `${this.name} is another file than the one that was granted`, fix: 'grant it again' });
      });
      this.#files.set(backend, file);
      file.catch(() => this.#files.delete(backend));
    }
    return file;
  }

  /** The file as each backend has opened it so far. */
  async opened(): Promise<readonly (readonly [string, OpenFile])[]> {
    return Promise.all([...this.#files].map(async ([backend, file]) => [backend, await file] as const));
  }

  /** No transfer starts any more; resolves when those that had begun are done, what they wrote is durable as the session promises, and the files are closed. */
  revoke(): Promise<void> {
    this.#revoked = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#users > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    const files = await Promise.allSettled(this.#files.values());
    const closed = await Promise.allSettled(files.map(async (f) => (f.status === 'fulfilled' ? f.value.close() : undefined)));
    this.#onClosed(this);
    for (const c of closed) if (c.status === 'rejected') throw c.reason;
  }

  /**
   * The bytes of the file that an access to `length` bytes at `offset` of the window touches: `from` up to, not
   * including, `to`. Without an offset or length, it may be any byte of the window.
   * @throws SluiceError `grant/revoked`, `grant/rights`, `io/range`
   */
  place(offset: bigint | undefined, length: bigint | undefined, write: boolean, declared: Rights): { readonly from: bigint; readonly to: bigint } {
    this.refuseRevoked();
    const right = write ? 'w' : 'r';
    if (!this.rights.includes(right) || !declared.includes(right)) {
      const granted = !this.rights.includes(right);
      throw new SluiceError({
        code: 'grant/rights',
        message: `the program ${write ? 'writes' : 'reads'} ${this.name}, ${granted ? `which was granted with \`${this.rights}\`` : `and declares its parameter as fd('${declared}')`}`,
        fix: granted ? `grant it with rights \`${right}\` or \`rw\`` : `declare the parameter as fd('${right}') or fd('rw')`,
      });
    }
    if (offset === undefined || length === undefined) return { from: this.offset, to: this.length === undefined ? FILE_LIMIT : this.offset + this.length };
    const from = this.offset + offset;
    const to = from + length;
    const outside = this.length !== undefined && offset + length > this.length;
    if (outside || to > FILE_LIMIT) {
      throw new SluiceError({
        code: 'io/range',
        message: `${length} bytes at offset ${offset} of ${this.name} are outside ${outside ? `the ${this.length} bytes granted` : 'what a file can hold (2^63-1 bytes)'}`,
        fix: outside ? 'stay inside the grant, or grant more of the file' : 'use a smaller offset',
        details: { offset: String(offset), length: String(length), ...(this.length === undefined ? {} : { granted: String(this.length) }) },
      });
    }
    return { from, to };
  }

  /** Bytes of the window now. */
  async size(backend: string, file: OpenFile, signal: AbortSignal | undefined): Promise<bigint> {
    if (this.length !== undefined) return this.length;
    const size = await fileSize(backend, file, signal);
    return size > this.offset ? size - this.offset : 0n;
  }
}

/** The object that the application holds. */
export function grantObject(record: GrantRecord, byteLength: bigint): Grant {
  const close = () => record.revoke();
  return Object.freeze({
    '~grant': 1 as const, fd: record.fd, name: record.name, rights: record.rights, byteLength,
    revoke: close, close, [Symbol.asyncDispose]: close,
    toJSON: () => ({ fd: record.fd, name: record.name, rights: record.rights, byteLength: String(byteLength), revoked: record.revoked }),
    [Symbol.for('nodejs.util.inspect.custom')]: () => `Grant ${record.fd} of ${record.name} (${record.rights}, ${byteLength} bytes${record.revoked ? ', revoked' : ''})`,
  });
}
