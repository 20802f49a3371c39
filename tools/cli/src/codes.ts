import { SluiceError } from '@sluice/core';
import type { CodeRow } from '@sluice/core';

/** Every code that the command line adds to those of core and the plugins. */
export const codes = {
  'cli/usage': { family: 'program', summary: 'The command line is not one that the command takes.' },
  'cli/no-program': { family: 'program', summary: 'What the command line names is no program.' },
  'cli/load-failed': { family: 'program', summary: 'The module of a program or plugin threw, or ended the process, while it was loaded.' },
  'cli/no-plugin': { family: 'unsupported', summary: 'A plugin that the command line or a package.json names is not installed.' },
  'cli/no-kit': { family: 'unsupported', summary: '`sluice conform` needs @sluice/conformance, which is not installed.' },
  'cli/no-backend': { family: 'program', summary: 'The plugin that `sluice conform` is to try registers no such backend.' },
  'cli/wrong-bytes': { family: 'run', summary: 'A backend ran the test program of `sluice doctor` and gave other values than it must.' },
  'cli/timeout': { family: 'run', summary: 'A backend did not finish the test program of `sluice doctor` in time.' },
  'cli/file': { family: 'run', summary: 'A file that the command line names could not be read or written.' },
  'cli/trace': { family: 'program', summary: 'A file is no trace in the trace-event format, or has more in it than is accepted.' },
  'cli/same-file': { family: 'program', summary: 'A file that is to be emptied or written as a whole is also given to the program.' },
  'cli/no-temporary-folder': { family: 'run', summary: '`sluice doctor` can make no folder for temporary files, and so cannot try a storage backend.' },
  'cli/stalled': { family: 'run', summary: 'A command waited for something that never comes.' },
  'cli/interrupted': { family: 'run', summary: 'The command was stopped by a signal.' },
} as const satisfies Readonly<Record<string, CodeRow>>;

type CliCode = keyof typeof codes;
interface More {
  readonly available?: readonly string[];
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly where?: SluiceError['where'];
}

export function cliError(code: CliCode, message: string, fix: string, more: More = {}): SluiceError {
  return new SluiceError({ code, family: codes[code].family, message, fix, ...more });
}

/** The exit status for an error: 2 for a bad command line, 128 + n for signal n, else 1. */
export function exitCodeFor(error: unknown): number {
  const { code, details } = error as { readonly code?: unknown; readonly details?: { readonly exitCode?: unknown } };
  if (code === 'cli/interrupted' && typeof details?.exitCode === 'number') return details.exitCode;
  return code === 'cli/usage' || code === 'cli/no-program' ? 2 : 1;
}
