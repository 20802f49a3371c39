import { SluiceError } from '@sluice/core';
import type { CudaOptions, Missing } from '@sluice/cuda/device';
import { MODES } from './native.ts';
import type { Mode } from './native.ts';

export type { Mode } from './native.ts';

export interface GdsOptions extends CudaOptions {
  /**
   * `auto`: each file goes straight to the device where it can, and through memory of the host elsewhere; `compat`: always
   * through memory of the host; `direct`: a file that cannot go straight is refused. One for a process: cuFile takes it when
   * it is opened. Absent, `SLUICE_GDS_MODE`, or `auto`.
   */
  readonly mode?: Mode;
}

/** @throws SluiceError `session/option` */
export function checkOptions({ mode }: GdsOptions): void {
  if (mode === undefined || MODES.includes(mode)) return;
  throw new SluiceError({ code: 'session/option', message: `mode is ${JSON.stringify(mode)}`, fix: `give one of ${MODES.join(', ')}, or leave it out`, available: MODES });
}

/** What the options leave open, the environment says. */
export function modeChoice({ mode }: GdsOptions): Mode | Missing {
  const chosen = mode ?? (process.env['SLUICE_GDS_MODE'] || 'auto');
  const known = MODES.find((m) => m === chosen);
  return known ?? { reason: `the environment variable SLUICE_GDS_MODE is ${JSON.stringify(chosen)}`, fix: `set it to one of ${MODES.join(', ')}, or unset it` };
}
