import { definePlugin } from '@sluice/core';
import type { Plugin } from '@sluice/core';
import { BACKEND, backend } from './backend.js';
import { dialect, meanInWasm, meanInWgsl } from './dialect.js';
import { lowerings } from './lowerings.js';

export { acme } from './dialect.js';

/** The plugin as a value. */
export const plugin: Plugin = definePlugin({
  name: '@acme/wasm',
  version: '1.0.0',
  api: 1,
  register(hooks) {
    hooks.backend(backend);
    hooks.dialect(dialect);
    for (const [op, build] of Object.entries(lowerings)) hooks.lowering(op, { slot: 'primaryBinary', backend: BACKEND, build });
    hooks.lowering('acme.mean', { slot: 'primaryBinary', backend: BACKEND, build: meanInWasm });
    hooks.lowering('acme.mean', { slot: 'primaryText', backend: 'wgsl', build: meanInWgsl });
  },
});
