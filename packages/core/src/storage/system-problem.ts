import type { Problem } from '../diagnostics/error.ts';

/** What was asked of the system. */
export type SystemCall = 'open' | 'size' | 'read' | 'write' | 'sync' | 'close';

const failed: Readonly<Record<SystemCall, string>> = {
  open: 'io/open-failed', size: 'io/read-failed', read: 'io/read-failed', write: 'io/write-failed', sync: 'io/sync-failed', close: 'io/write-failed',
};

type Meaning = readonly [code: string | undefined, fix: string];
const permission: Meaning = ['io/permission', 'run as a user who may do that, or ask for fewer rights'];
const notAFile: Meaning = ['io/not-a-file', 'copy its content into a regular file and grant that'];
const tooMany: Meaning = ['io/open-failed', 'close files that are no longer needed, or raise the limit on open files'];

/** What an errno of POSIX means, where it says more than "it failed"; without a code, that of the call stands. */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: ['io/not-found', "check the path; a grant with `w` or `rw` and `create: 'if-missing'` makes a missing file in a folder that is there"],
  ENOTDIR: ['io/not-found', 'check the path: a part of it is a file, not a directory'],
  ELOOP: ['io/not-found', 'check the path: its symbolic links go in a circle'],
  EISDIR: ['io/is-directory', 'name a file in it'],
  EACCES: permission, EPERM: permission, EROFS: permission,
  // A FIFO or socket that nobody serves, a device without a driver, what has no offsets.
  ENXIO: notAFile, ENODEV: notAFile, EOPNOTSUPP: notAFile, ESPIPE: notAFile,
  EMFILE: tooMany, ENFILE: tooMany,
  ENOSPC: ['io/no-space', 'free space on the device, or write elsewhere'],
  EDQUOT: ['io/no-space', 'free space within the quota, or have it raised'],
  EBADF: [undefined, 'open the file with the right to do that, and do it before it is closed'],
  EFBIG: [undefined, 'stay below the largest size that the file system and the process (`ulimit -f`) allow'],
  EIO: [undefined, 'check the device and the system log'],
  EINVAL: [undefined, 'the file system refused the offset, length or alignment: report it, with the file system and the kernel'],
  ENOMEM: [undefined, 'free memory, or raise the limit on locked memory (`ulimit -l`)'],
  EFAULT: [undefined, 'the memory went away during the transfer: report it'],
};

/**
 * What it means that `call` on `file` failed with an errno, by its name; `text` is the system's own word for it. For
 * backends: all of them say the same of the same failure.
 */
export function systemProblem(call: SystemCall, file: string, errno: string, text: string, cause?: unknown): Problem {
  // A failed sync is one whatever the errno: nothing that was written is known to be safe.
  const [code, fix] = (call === 'sync' ? undefined : meanings[errno]) ?? [undefined, 'see what the operating system says'];
  return { code: code ?? failed[call], message: `${call} of \`${file}\` failed: ${text}`, fix, details: { op: call, file, errno }, ...(cause === undefined ? {} : { cause }) };
}
