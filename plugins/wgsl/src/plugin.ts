import { definePlugin } from '@sluice/core';
import type { Plugin } from '@sluice/core';
import manifest from '../package.json' with { type: 'json' };
import type { WgslOptions } from './device/options.ts';
import { deviceRegistration } from './device/register.ts';
import { lowerKernel } from './lower/lower.ts';
import { BACKEND } from './lower/lowered.ts';
import { lowerings } from './lower/lowerings.ts';

export type { Feature, WgslOptions } from './device/options.ts';

/**
 * The plugin with options, for a registry of one's own: it replaces the default one.
 * @throws SluiceError `session/option`
 */
export function wgsl(options: WgslOptions = {}): Plugin {
  const registerDevice = deviceRegistration(options, lowerKernel);
  return definePlugin({
    name: manifest.name,
    version: manifest.version,
    // The contract that this code was written for, whatever core it meets.
    api: 1,
    register(hooks) {
      registerDevice(hooks);
      for (const [op, build] of Object.entries(lowerings)) hooks.lowering(op, { slot: 'primaryText', backend: BACKEND, build });
    },
  });
}

/** The plugin as `import '@sluice/wgsl'` registers it: the adapter that the environment names, or the first one. */
export const plugin: Plugin = wgsl();
