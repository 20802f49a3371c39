import { systemProblem } from '@sluice/core';
import type { Problem, SystemCall } from '@sluice/core';

/** A call that failed, as Node reports it: `code` is the errno's name, or one of Node's own, which start with ERR_. */
export type SystemError = NodeJS.ErrnoException;

/** What it means that `call` on `file` failed with `cause`. */
export function problemOf(call: SystemCall, file: string, cause: SystemError): Problem {
  const errno = cause.code ?? cause.name;
  const problem = systemProblem(call, file, errno, cause.message, cause);
  // Node itself refuses what is no path.
  return call === 'open' && errno.startsWith('ERR_') ? { ...problem, code: 'io/source', fix: 'pass a path, or a `file:` URL' } : problem;
}
