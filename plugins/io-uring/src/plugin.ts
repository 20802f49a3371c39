import { release } from 'node:os';
import { definePlugin } from '@sluice/core';
import type { Backend, Capabilities, Cell, Device, TransferBuilder } from '@sluice/core';
import manifest from '../package.json' with { type: 'json' };
import { denied } from './denied.ts';
import { Engine } from './engine.ts';
import { openFile } from './file.ts';
import type { RingFile } from './file.ts';
import { PoolAllocator } from './memory.ts';
import { loadNative } from './native.ts';
import { submitTo } from './transfers.ts';

const id = 'io-uring';

const transfer: Cell = { how: 'native', via: 'direct', reason: 'each file that can be read past the page cache is' };
const map: Cell = { how: 'unavailable', reason: '@sluice/io-uring reads into memory, and maps no files' };

const capabilities: Capabilities = {
  default: { how: 'unavailable', reason: '@sluice/io-uring moves bytes between files and memory, and does nothing else' },
  ops: { 'io.dma_from_nvme': transfer, 'io.write_back_to_nvme': transfer, 'io.gather': transfer, 'mem.zerocopy_map': map, 'mem.unmap': map },
  types: {},
  limits: {},
  spaces: ['host'],
  floats: { subnormals: 'unspecified', nonFinite: 'unspecified' },
};

const backend: Backend = {
  id,
  slot: 'nativeModule',
  role: 'storage',
  // Above fs (10), below what moves bytes without the CPU's memory.
  rank: 50,
  async probe() {
    const found = loadNative();
    if (!('native' in found)) return { available: false, ...found };
    const { stage, errno } = found.native.probe();
    if (stage !== 'none') return { available: false, ...denied(stage, errno) };
    return { available: true, capabilities, description: `io_uring of Linux ${release()}` };
  },
  async open({ signal }) {
    signal?.throwIfAborted();
    return openDevice();
  },
};

function openDevice(): Device {
  const engine = Engine.acquire();
  const files = new Set<RingFile>();
  const allocator = new PoolAllocator(engine.pool);
  let closing: Promise<void> | undefined;
  const close = async () => {
    await Promise.allSettled([...files].map((file) => file.close()));
    allocator.close();
    engine.release();
  };
  return {
    backend: id,
    allocators: [allocator],
    storage: { spaces: capabilities.spaces, open: (source, options) => openFile(engine, source, options, files), submit: submitTo(engine) },
    close: () => (closing ??= close()),
  };
}

/** Both ops name their operands, and the handle, alike. */
function moves(kind: 'read' | 'write'): TransferBuilder {
  return (_op, ctx) => ({ kind, file: ctx.file('fd'), offset: ctx.u64('offset'), memory: ctx.memory('handle') });
}

const gather: TransferBuilder = (_op, ctx) => ({
  kind: 'read', file: ctx.file('fd'), offset: 0n, memory: ctx.memory('handle'), pieces: { offsets: ctx.memory('offsets'), lengths: ctx.memory('lengths') },
});

/** Storage through a native io_uring engine. */
export const plugin = definePlugin({
  name: manifest.name,
  version: manifest.version,
  // The contract that this code was written for, whatever core it meets.
  api: 1,
  register(hooks) {
    hooks.backend(backend);
    hooks.lowering('io.dma_from_nvme', { slot: 'nativeModule', backend: id, build: moves('read') });
    hooks.lowering('io.write_back_to_nvme', { slot: 'nativeModule', backend: id, build: moves('write') });
    hooks.lowering('io.gather', { slot: 'nativeModule', backend: id, build: gather });
    hooks.codes(id, { 'io-uring/ring-lost': { family: 'run', summary: 'The kernel refused to go on with a ring that had worked.' } });
  },
});
