import { getSystemErrorMap } from 'node:util';
import type { Problem } from '@sluice/core';
import { errnoName } from './denied.ts';

/** What was being done. */
export type Call = 'open' | 'size' | 'read' | 'write' | 'sync' | 'close';

const failed: Readonly<Record<Call, string>> = {
  open: 'io/open-failed', size: 'io/read-failed', read: 'io/read-failed', write: 'io/write-failed', sync: 'io/sync-failed', close: 'io/write-failed',
};

type Meaning = readonly [code: string | undefined, fix: string];
const permission: Meaning = ['io/permission', 'run as a user who may do that, or ask for fewer rights'];
const notAFile: Meaning = ['io/not-a-file', 'copy its content into a regular file and grant that'];
const notFound: Meaning = ['io/not-found', "check the path; `create: 'if-missing'` makes a file that is not there"];
const handles: Meaning = ['io/open-failed', 'close files that are no longer needed, or raise the limit on open files'];

/** Errnos that say more than "it failed"; without a code, that of the call stands. */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: notFound, ENOTDIR: ['io/not-found', 'check the path: a part of it is a file, not a directory'], ELOOP: ['io/not-found', 'check the path: its symbolic links go in a circle'],
  EISDIR: ['io/is-directory', 'name a file in it'],
  EACCES: permission, EPERM: permission, EROFS: permission,
  ENXIO: notAFile, ENODEV: notAFile, EOPNOTSUPP: notAFile, ESPIPE: notAFile,
  EMFILE: handles, ENFILE: handles,
  ENOSPC: ['io/no-space', 'free space on the device, or write elsewhere'],
  EDQUOT: ['io/no-space', 'free space within the quota, or have it raised'],
  EIO: [undefined, 'check the device and the system log (dmesg)'],
  EFBIG: [undefined, 'stay below the largest size that the file system and the process (ulimit -f) allow'],
  EINVAL: [undefined, 'the file system refused the alignment that it had asked for: report it, with the file system and the kernel'],
  ENOMEM: [undefined, 'free memory, or raise the limit on locked memory (ulimit -l)'],
  EFAULT: [undefined, 'the memory went away during the transfer: report it'],
};

/** What it means that `call` on `file` failed with `errno`. */
export function errnoProblem(call: Call, file: string, errno: number): Problem {
  const name = errnoName(errno);
  const [, text] = getSystemErrorMap().get(-errno) ?? ['', 'no text for it'];
  // A failed sync is one whatever the errno: nothing that was written is known to be safe.
  const [code, fix] = (call === 'sync' ? undefined : meanings[name]) ?? [undefined, 'see what the system says'];
  return { code: code ?? failed[call], message: `${call} of \`${file}\` failed: ${name}, ${text}`, fix, details: { op: call, file, errno: name } };
}
