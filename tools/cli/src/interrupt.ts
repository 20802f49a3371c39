import { constants } from 'node:os';
import { cliError } from './codes.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Milliseconds within which a signal that comes again is the same one: a terminal and a parent process may both send it. */
const SAME = 500;

/**
 * Runs `work` with a signal that the process's SIGINT, SIGTERM or SIGHUP aborts, with an error of code
 * `cli/interrupted` as its reason. A second one later on ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let first: number | undefined;
  const onSignal = (name: (typeof SIGNALS)[number]) => {
    const exitCode = 128 + constants.signals[name];
    if (first !== undefined) {
      if (performance.now() - first > SAME) process.exit(exitCode);
      return;
    }
    first = performance.now();
    controller.abort(cliError('cli/interrupted', `stopped by ${name}`, 'run it again: files that it was writing are incomplete', { details: { exitCode } }));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}
