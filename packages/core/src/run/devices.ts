import { SluiceError } from '../diagnostics/error.ts';
import type { Candidate } from '../plan/candidates.ts';
import type { Allocator, Backend, Device, SpaceTransfer } from '../registry/backend.ts';
import type { Mask } from '../registry/capabilities.ts';
import type { Registry } from '../registry/registry.ts';
import { openDevice } from './contract.ts';
import { discard } from './faults.ts';
import { hostAllocator } from './host-memory.ts';
import { unlessAborted } from './on-abort.ts';

interface DeviceOptions {
  readonly masks: Readonly<Record<string, Mask>>;
  readonly signal: AbortSignal | undefined;
}

/** The devices that a session has opened, each once, and the memory of their spaces. It owns both. */
export class Devices {
  readonly #registry: Registry;
  readonly #options: DeviceOptions;
  readonly #opening = new Map<string, Promise<Device>>();
  readonly #open = new Map<string, Device>();
  readonly #allocators = new Map<string, Allocator>();
  readonly #all = new Set<Allocator>();
  /** Spaces whose memory a device supplies. */
  readonly #supplied = new Set<string>();
  #closed = false;

  constructor(registry: Registry, options: DeviceOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  /**
   * The device, or the reason of the session's signal as soon as that is aborted.
   * @throws SluiceError `backend/open-failed`, `backend/fault` or a code of the plugin
   */
  open({ backend }: Candidate): Promise<Device> {
    const { signal } = this.#options;
    let opening = this.#opening.get(backend.id);
    if (opening === undefined) {
      opening = this.#opened(backend);
      this.#opening.set(backend.id, opening);
      opening.catch(() => this.#opening.delete(backend.id));
    }
    return unlessAborted(opening, signal);
  }

  async #opened(backend: Backend): Promise<Device> {
    const { masks, signal } = this.#options;
    const mask = masks[backend.id];
    const device = await openDevice(backend, { registry: this.#registry, signal, ...(mask === undefined ? {} : { mask }) });
    if (this.#closed) {
      await discard(device);
      throw signal?.reason;
    }
    this.#open.set(backend.id, device);
    for (const allocator of device.allocators ?? []) {
      if (this.#supplied.has(allocator.space)) continue;
      // From now on: what was allocated before goes back to where it came from.
      this.#supplied.add(allocator.space);
      this.#use(allocator);
    }
    return device;
  }

  get(backend: string): Device | undefined {
    return this.#open.get(backend);
  }

  get ids(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** @throws SluiceError `plan/no-path` */
  allocator(space: string): Allocator {
    let found = this.#allocators.get(space);
    if (found === undefined) {
      const make = this.#registry.spaces.get(space)?.allocator ?? (space === 'host' ? hostAllocator : undefined);
      if (make === undefined) throw new SluiceError({ code: 'plan/no-path', message: `nothing allocates memory in space ${space}`, fix: 'report it to the author of the backend that computes there' });
      found = make();
      this.#use(found);
    }
    return found;
  }

  #use(allocator: Allocator): void {
    this.#allocators.set(allocator.space, allocator);
    this.#all.add(allocator);
  }

  transfer(from: string, to: string): SpaceTransfer | undefined {
    return this.#registry.transfers.find((t) => t.from === from && t.to === to);
  }

  /**
   * Closes all of them, whatever fails; gives what failed. Nothing may use their memory any more. A device that still
   * opens is waited for, unless the session was aborted: then it is closed when it has opened.
   */
  async close(): Promise<readonly unknown[]> {
    if (this.#options.signal?.aborted !== true) await Promise.allSettled(this.#opening.values());
    this.#closed = true;
    const allocators = [...this.#all].map(async (allocator) => allocator.close());
    const devices = [...this.#open.values()].map(async (device) => device.close());
    const closed = await Promise.allSettled([...allocators, ...devices]);
    return closed.flatMap((c) => (c.status === 'rejected' ? [c.reason as unknown] : []));
  }
}

export function opensWithout(facet: 'compute' | 'storage', backend: string): SluiceError {
  return new SluiceError({ code: 'backend/open-failed', message: `backend \`${backend}\` opened without ${facet}`, fix: 'report it to the author of the backend' });
}
