import { definePlugin, gatheredByReads } from '@sluice/core';
import type { Backend, Capabilities, Cell, Plugin, TransferBuilder } from '@sluice/core';
import manifest from '../package.json' with { type: 'json' };
import { CODES, ID } from './web/errors.ts';
import { Files } from './web/files.ts';
import { transferQueue } from './web/transfers.ts';

const transfer: Cell = { how: 'copied', via: 'buffered', reason: 'the browser copies a File or Blob; files of the origin private file system, in a worker, it does not' };
const map: Cell = { how: 'unavailable', reason: 'a browser maps no files' };

const capabilities: Capabilities = {
  default: { how: 'unavailable', reason: '@sluice/wgsl/web moves bytes between files and memory, and does nothing else' },
  ops: { 'io.dma_from_nvme': transfer, 'io.write_back_to_nvme': transfer, 'io.gather': transfer, 'mem.zerocopy_map': map, 'mem.unmap': map },
  types: {}, limits: {}, spaces: ['host'],
  floats: { subnormals: 'unspecified', nonFinite: 'unspecified' },
};

const backend: Backend = {
  id: ID,
  slot: 'nativeModule',
  role: 'storage',
  // Below fs, which knows paths.
  rank: 5,
  probe: async () => (typeof Blob === 'function'
    ? { available: true, capabilities, description: 'File and Blob, and files of the origin private file system' }
    : { available: false, reason: 'there is no Blob here: this is no browser', fix: 'use @sluice/fs or @sluice/io-uring outside of browsers' }),
  async open({ signal }) {
    signal?.throwIfAborted();
    const files = new Files();
    return {
      backend: ID,
      storage: { spaces: capabilities.spaces, open: (source, options) => files.open(source, options), submit: gatheredByReads(transferQueue()) },
      close: () => files.close(),
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

/** Storage of a page: what a person chose, what the page made, and the origin private file system. */
export const plugin: Plugin = definePlugin({
  name: `${manifest.name}/web`,
  version: manifest.version,
  // The contract that this code was written for, whatever core it meets.
  api: 1,
  register(hooks) {
    hooks.backend(backend);
    hooks.lowering('io.dma_from_nvme', { slot: 'nativeModule', backend: ID, build: moves('read') });
    hooks.lowering('io.write_back_to_nvme', { slot: 'nativeModule', backend: ID, build: moves('write') });
    hooks.lowering('io.gather', { slot: 'nativeModule', backend: ID, build: gather });
    hooks.codes(ID, CODES);
  },
});
