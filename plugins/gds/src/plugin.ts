import { definePlugin } from '@sluice/core';
import type { Plugin, TransferBuilder } from '@sluice/core';
import manifest from '../package.json' with { type: 'json' };
import { BACKEND, gdsBackend } from './backend.ts';
import type { GdsOptions } from './options.ts';
import { CODES } from './results.ts';

export type { GdsOptions, Mode } from './options.ts';

/** Both ops name their operands, and the handle, alike. */
function moves(kind: 'read' | 'write'): TransferBuilder {
  return (_op, ctx) => ({ kind, file: ctx.file('fd'), offset: ctx.u64('offset'), memory: ctx.memory('handle') });
}

const map: TransferBuilder = (_op, ctx) => ({ kind: 'map', file: ctx.file('fd') });
const unmap: TransferBuilder = (_op, ctx) => ({ kind: 'unmap', memory: ctx.memory('handle') });

/**
 * The plugin with options, for a registry of one's own: it replaces the default one. The registry needs the plugin of
 * `@sluice/cuda` too, whose memory this one fills.
 * @throws SluiceError `session/option`
 */
export function gds(options: GdsOptions = {}): Plugin {
  const backend = gdsBackend(options);
  return definePlugin({
    name: manifest.name,
    version: manifest.version,
    // The contract that this code was written for, whatever core it meets.
    api: 1,
    register(hooks) {
      hooks.backend(backend);
      hooks.lowering('io.dma_from_nvme', { slot: 'nativeModule', backend: BACKEND, build: moves('read') });
      hooks.lowering('io.write_back_to_nvme', { slot: 'nativeModule', backend: BACKEND, build: moves('write') });
      hooks.lowering('mem.zerocopy_map', { slot: 'nativeModule', backend: BACKEND, build: map });
      hooks.lowering('mem.unmap', { slot: 'nativeModule', backend: BACKEND, build: unmap });
      hooks.codes(BACKEND, CODES);
    },
  });
}

/** The plugin as `import '@sluice/gds'` registers it: the mode and the device that the environment names. */
export const plugin: Plugin = gds();
