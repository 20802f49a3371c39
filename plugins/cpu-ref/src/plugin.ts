import { definePlugin } from '@sluice/core';
import type { Plugin } from '@sluice/core';
import manifest from '../package.json' with { type: 'json' };
import { cpuRefBackend } from './backend.ts';
import type { CpuRefOptions } from './backend.ts';
import { BACKEND } from './compile.ts';
import { CODES } from './findings.ts';
import { lowerings } from './lowerings.ts';

export type { CpuRefOptions, Detector } from './backend.ts';

/**
 * The plugin with options, for a registry of one's own: it replaces the default one.
 * @throws SluiceError `session/option`
 */
export function cpuRef(options: CpuRefOptions = {}): Plugin {
  const machine = cpuRefBackend(options);
  return definePlugin({
    name: manifest.name,
    version: manifest.version,
    api: 1,
    register({ backend, codes, lowering }) {
      backend(machine);
      codes(BACKEND, CODES);
      for (const [op, build] of Object.entries(lowerings)) lowering(op, { slot: 'extensions', backend: BACKEND, build });
    },
  });
}

/** The plugin as `import '@sluice/cpu-ref'` registers it: no step limit. */
export const plugin: Plugin = cpuRef();
