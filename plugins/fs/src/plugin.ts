import { definePlugin, gatheredByReads } from '@sluice/core';
import type { Backend, Capabilities, Cell, TransferBuilder } from '@sluice/core';
import manifest from '../package.json' with { type: 'json' };
import { openFile } from './file.ts';
import type { FsFile } from './file.ts';
import { transferQueue } from './transfers.ts';

const id = 'fs';

const transfer: Cell = { how: 'native', via: 'buffered', reason: "Node's fs goes through the page cache" };
const map: Cell = { how: 'unavailable', reason: "Node's fs maps no files" };

const capabilities: Capabilities = {
  default: { how: 'unavailable', reason: '@sluice/fs moves bytes between files and memory, and does nothing else' },
  ops: { 'io.dma_from_nvme': transfer, 'io.write_back_to_nvme': transfer, 'io.gather': transfer, 'mem.zerocopy_map': map, 'mem.unmap': map },
  types: {}, limits: {}, spaces: ['host'],
  floats: { subnormals: 'unspecified', nonFinite: 'unspecified' },
};

const backend: Backend = {
  id,
  slot: 'nativeModule',
  role: 'storage',
  // Below every other storage backend: it serves where none of them can.
  rank: 10,
  probe: async () => ({ available: true, capabilities, description: "Node's fs on its thread pool" }),
  async open({ signal }) {
    signal?.throwIfAborted();
    const files = new Set<FsFile>();
    return {
      backend: id,
      storage: { spaces: capabilities.spaces, open: (source, options) => openFile(source, options, files), submit: gatheredByReads(transferQueue()) },
      close: async () => void (await Promise.all([...files].map((file) => file.close()))),
    };
  },
};

/** Both ops name their operands, and the handle, alike. */
function moves(kind: 'read' | 'write'): TransferBuilder {
  return (_op, ctx) => ({ kind, file: ctx.file('fd'), offset: ctx.u64('offset'), memory: ctx.memory('handle') });
}

const gather: TransferBuilder = (_op, ctx) => ({
  kind: 'read', file: ctx.file('fd'), offset: 0n, memory: ctx.memory('handle'), pieces: { offsets: ctx.memory('offsets'), lengths: ctx.memory('lengths') },
});

/** Storage through Node's fs: portable, with no native code. */
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
    hooks.codes(id, { 'fs/write-offset': { family: 'run', summary: "A write ends past 2^53, where Node's fs.write cannot go." } });
  },
});
