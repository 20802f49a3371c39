import { definePlugin } from '@sluice/core';
import type { Plugin } from '@sluice/core';
import manifest from '../package.json' with { type: 'json' };
import { BACKEND, cudaBackend } from './backend.ts';
import { CODES } from './errors.ts';
import { DEVICE_SPACE, PINNED_SPACE } from './memory.ts';
import type { CudaOptions } from './options.ts';
import { transfers } from './transfers.ts';

export type { CudaOptions } from './options.ts';

/**
 * The plugin with options, for a registry of one's own: it replaces the default one.
 * @throws SluiceError `session/option`
 */
export function cuda(options: CudaOptions = {}): Plugin {
  const backend = cudaBackend(options);
  return definePlugin({
    name: manifest.name,
    version: manifest.version,
    // The contract that this code was written for, whatever core it meets.
    api: 1,
    register(hooks) {
      hooks.backend(backend);
      hooks.codes(BACKEND, CODES);
      hooks.space({ id: DEVICE_SPACE, summary: 'memory of a CUDA device, which the CPU cannot address' });
      hooks.space({ id: PINNED_SPACE, summary: 'pinned memory of the host, which a CUDA device copies from and to by itself', addressable: true, direct: true });
      for (const transfer of transfers) hooks.transfer(transfer);
    },
  });
}

/** The plugin as `import '@sluice/cuda'` registers it: the device that the environment names, or the first one. */
export const plugin: Plugin = cuda();
