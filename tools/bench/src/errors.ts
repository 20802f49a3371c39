import { SluiceError } from '@sluice/core';
import type { CodeRow } from '@sluice/core';

/** The codes that the bench adds to those of core and the plugins. */
const codes = {
  'bench/usage': { family: 'program', summary: 'The command line is not one that the bench takes.' },
  'bench/wrong-value': { family: 'run', summary: 'What was measured gave a wrong value: its speed means nothing.' },
  'bench/no-peer': { family: 'unsupported', summary: 'What a suite measures against is not installed.' },
} as const satisfies Readonly<Record<string, CodeRow>>;

export function usage(message: string, suites: readonly string[]): SluiceError {
  return new SluiceError({ code: 'bench/usage', family: codes['bench/usage'].family, message, fix: 'run `npm run bench -- <suite> [--json]` with one of the suites', available: suites });
}

export function wrongValue(row: string, message: string): SluiceError {
  return new SluiceError({ code: 'bench/wrong-value', family: codes['bench/wrong-value'].family, message: `${row}: ${message}`, fix: 'find out why before looking at any figure: run the tests of what the row measures' });
}

export function noPeer(message: string, fix: string, cause: unknown): SluiceError {
  return new SluiceError({ code: 'bench/no-peer', family: codes['bench/no-peer'].family, message, fix, cause });
}
