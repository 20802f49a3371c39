import { API_VERSION, Registry, definePlugin } from '@sluice/core';
import type { Allocator, Backend, Compute, Device, Launch, Memory, Plugin, SpaceTransfer } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';

/** Memory that the CPU cannot address through core: it has no `bytes`. */
class PrivateMemory implements Memory {
  readonly space = 'private';
  readonly byteLength: number;
  #made: Uint8Array<ArrayBuffer> | undefined;

  constructor(byteLength: number) {
    this.byteLength = byteLength;
  }

  /** Made when they are first touched, so that a test can have more memory than the machine. */
  get #bytes(): Uint8Array<ArrayBuffer> {
    this.#made ??= new Uint8Array(Math.max(16, Math.ceil(this.byteLength / 16) * 16));
    return this.#made;
  }

  /** The bytes of `memory`, which this device allocated, or a view of such; with its padding if it is whole. */
  static bytesOf(memory: Memory): Uint8Array<ArrayBuffer> {
    const { of, offset } = memory.view ?? { of: memory, offset: 0 };
    if (!(of instanceof PrivateMemory)) throw new TypeError('memory of another device');
    return memory.view === undefined ? of.#bytes : of.#bytes.subarray(offset, offset + memory.byteLength);
  }
}

export interface PrivateDevice {
  readonly plugin: Plugin;
  /** Copies that its transfers made, as `from > to bytes`. */
  readonly copies: string[];
  live: number;
}

export interface PrivateOptions {
  /** What moves bytes between the host and the device. */
  readonly how?: 'cpu' | 'device';
  /** Transfers to register, as `from > to`; all by default. */
  readonly transfers?: readonly string[];
  readonly handleBytes?: number;
  readonly rank?: number;
}

const inner = new Registry().with(cpuRef);

/** A compute backend with memory of its own, in which the reference machine runs the kernels. */
export function privateDevice({ how = 'cpu', transfers = ['host > private', 'private > host', 'private > private'], handleBytes, rank = 50 }: PrivateOptions = {}): PrivateDevice {
  const copies: string[] = [];
  const state = { live: 0 };
  const allocator: Allocator = {
    space: 'private', limit: 2 ** 40,
    allocate: (byteLength) => {
      state.live++;
      return new PrivateMemory(byteLength);
    },
    release: () => void state.live--,
    trim: () => {},
    close: () => {},
  };
  const bytesOf = (memory: Memory) => memory.bytes ?? PrivateMemory.bytesOf(memory);
  const transfer = (from: string, to: string): SpaceTransfer => ({
    from, to, how: from === to ? 'device' : how,
    copy: async (source, target) => {
      await Promise.resolve();
      copies.push(`${from} > ${to} ${source.byteLength}`);
      if (source.byteLength !== target.byteLength) throw new RangeError('lengths differ');
      bytesOf(target).set(bytesOf(source).subarray(0, source.byteLength));
    },
  });

  const host = inner.backends.get('cpu-ref') as Backend;
  const onHost = ({ groups, args }: Launch): Launch => ({
    groups, args: args.map((a) => (a.kind === 'scalar' ? a : { ...a, memory: { space: 'host', byteLength: a.memory.byteLength, bytes: PrivateMemory.bytesOf(a.memory) } })),
  });
  const backend: Backend = {
    id: 'private', slot: 'cpuRef', role: 'compute', rank,
    probe: async () => {
      const probe = await host.probe();
      if (!probe.available) return probe;
      const { capabilities } = probe;
      return { available: true, description: 'a test device with memory of its own', capabilities: { ...capabilities, spaces: ['private'], limits: { ...capabilities.limits, ...(handleBytes === undefined ? {} : { handleBytes }) } } };
    },
    open: async (options): Promise<Device> => {
      const compute = (await host.open({ registry: inner, signal: options.signal })).compute as Compute;
      return {
        backend: 'private', allocators: [allocator],
        compute: {
          space: 'private',
          prepare: async (kernel, { signal }) => {
            const prepared = await compute.prepare(kernel, { registry: inner, signal });
            return { launch: (launch, abort) => prepared.launch(onHost(launch), abort) };
          },
        },
        close: async () => {},
      };
    },
  };

  const plugin = definePlugin({
    name: '@acme/private', version: '1.0.0', api: API_VERSION,
    register(hooks) {
      hooks.backend(backend);
      hooks.space({ id: 'private', summary: 'Memory of the test device.' });
      for (const t of transfers) hooks.transfer(transfer(...(t.split(' > ') as [string, string])));
      for (const id of inner.ops.keys()) {
        const build = inner.table(id)?.extensions.get('cpu-ref');
        if (build !== undefined) hooks.lowering(id, { slot: 'extensions', backend: 'private', build });
      }
    },
  });
  return { plugin, copies, get live() { return state.live; }, set live(n) { state.live = n; } };
}
