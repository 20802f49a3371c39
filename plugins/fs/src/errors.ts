import type { Problem } from '@sluice/core';

/** A call that failed, as Node reports it: `code` is the errno's name, or one of Node's own, which start with ERR_. */
export type SystemError = NodeJS.ErrnoException;

const permission = ['io/permission', 'run as a user who may do that, or ask for fewer rights'] as const;
const notAFile = ['io/not-a-file', 'copy its content into a regular file and grant that'] as const;
const source = ['io/source', 'pass a path, or a `file:` URL'] as const;
const tooMany = ['io/open-failed', 'close files that are no longer needed, or raise the limit on open files'] as const;

/** What an errno means, where it says more than "it failed"; without a code, that of the call stands. */
const errnos: Readonly<Record<string, readonly [code: string | undefined, fix: string]>> = {
  ENOENT: ['io/not-found', "check the path; a grant with `w` or `rw` and `create: 'if-missing'` makes a missing file in a folder that is there"],
  ENOTDIR: ['io/not-found', 'check the path: a part of it is a file, not a directory'],
  EISDIR: ['io/is-directory', 'name a file in it'],
  EACCES: permission, EPERM: permission, EROFS: permission,
  // A FIFO or socket that nobody serves, a device without a driver.
  ENXIO: notAFile, ENODEV: notAFile, EOPNOTSUPP: notAFile,
  EMFILE: tooMany, ENFILE: tooMany,
  ENOSPC: ['io/no-space', 'free space on the device, or write elsewhere'],
  EDQUOT: ['io/no-space', 'free space within the quota, or have it raised'],
  EBADF: [undefined, 'open the file with the right to do that, and do it before it is closed'],
  EFBIG: [undefined, 'stay below the largest size that the file system and the process (`ulimit -f`) allow'],
  EIO: [undefined, 'check the device and the system log'],
};

/** What it means that a call for `op` on `file` failed with `cause`. */
export function systemProblem(op: 'open' | 'read' | 'write' | 'sync', file: string, cause: SystemError): Problem {
  const errno = cause.code ?? cause.name;
  // Node itself refuses what is no path. A failed sync is one whatever the errno: nothing that was written is known to be safe.
  const known = op === 'open' && errno.startsWith('ERR_') ? source : op === 'sync' ? undefined : errnos[errno];
  const [code = `io/${op}-failed`, fix] = known ?? [undefined, 'see what the operating system says'];
  return { code, message: `${op} of \`${file}\` failed: ${cause.message}`, fix, cause, details: { op, file, errno } };
}
