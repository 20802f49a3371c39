import { SluiceError } from '@sluice/core';
import type { CodeRow } from '@sluice/core';

/** Every code that the demo adds to those of core and the plugins. */
export const codes = {
  'demo/same-file': { family: 'run', summary: 'An output of the demo is its input.' },
  'demo/out': { family: 'run', summary: 'The folder for the results of the demo could not be made.' },
  'demo/size': { family: 'run', summary: 'A file that the demo reads has other bytes than its size says.' },
  'demo/not-installed': { family: 'unsupported', summary: 'A backend that the demo is told to use is not installed.' },
  'demo/interrupted': { family: 'run', summary: 'The demo was stopped by a signal.' },
} as const satisfies Readonly<Record<string, CodeRow>>;

export function demoError(code: keyof typeof codes, message: string, fix: string, more: { readonly cause?: unknown; readonly available?: readonly string[]; readonly details?: Readonly<Record<string, unknown>> } = {}): SluiceError {
  return new SluiceError({ code, family: codes[code].family, message, fix, ...more });
}
