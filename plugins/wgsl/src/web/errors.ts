import { systemProblem } from '@sluice/core';
import type { Problem, SystemCall } from '@sluice/core';

export const ID = 'web';

export const CODES = {
  'web/write-offset': { family: 'run', summary: 'A write ends past 2^53, where a page cannot write.' },
} as const;

/** What the names of a browser's exceptions mean, in place of an errno; without a code, that of the call stands. */
const MEANINGS: Readonly<Record<string, readonly [code: string | undefined, fix: string]>> = {
  NotFoundError: ['io/not-found', 'the file was removed since the page got it: get it anew, with `getFileHandle(name, { create: true })` where it may be missing'],
  NotAllowedError: ['io/permission', "ask the person for it first, when a button is clicked: `handle.requestPermission({ mode: 'readwrite' })`"],
  SecurityError: ['io/permission', 'serve the page over https or from localhost, and outside of a sandboxed frame'],
  TypeMismatchError: ['io/is-directory', 'grant a file in it'],
  QuotaExceededError: ['io/no-space', 'remove files of this site, or ask for more: `navigator.storage.persist()`'],
  NoModificationAllowedError: [undefined, 'close what else has the file open: another tab or worker, a session, a writable stream'],
  // A File is a snapshot: the browser refuses to read from a file that has changed under it.
  NotReadableError: [undefined, 'the file was changed or moved since the page got it: choose it again, or call `getFile()` again'],
};

/** What it means that `call` on `file` failed with `cause`. */
export function problemOf(call: SystemCall, file: string, cause: unknown): Problem {
  const { name = 'Error', message = String(cause) } = (cause ?? {}) as { readonly name?: string; readonly message?: string };
  const problem = systemProblem(call, file, name, message, cause);
  const [code, fix] = MEANINGS[name] ?? [undefined, 'see what the browser says'];
  // A failed sync is one whatever the reason.
  return { ...problem, ...(code === undefined || call === 'sync' ? {} : { code }), fix };
}

/** A failure as a browser would report it. */
export function exception(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
