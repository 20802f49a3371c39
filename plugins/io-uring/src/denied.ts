import { getSystemErrorName } from 'node:util';
import type { Stage } from './native.ts';

const calls: Readonly<Record<Stage, string>> = {
  none: 'nothing', setup: 'io_uring_setup', map: "mapping the ring's memory", probe: 'io_uring_register', enter: 'io_uring_enter', wake: 'eventfd', thread: 'starting a thread',
};

const FS = "or use '@sluice/fs', which needs none of this";

const remedies: Readonly<Record<string, string>> = {
  EPERM: `io_uring is forbidden here: set kernel.io_uring_disabled to 0 (sysctl), or allow io_uring_setup, io_uring_enter and io_uring_register in the container's seccomp profile (docker run --security-opt seccomp=profile.json); ${FS}`,
  EACCES: `a security module forbids io_uring: allow it for this process; ${FS}`,
  ENOSYS: `the kernel has no io_uring, or not all of it that is needed (5.11 or later), or a sandbox hides it: use a newer kernel, or allow the io_uring calls in the sandbox; ${FS}`,
  ENOMEM: `raise the limit on locked memory (ulimit -l, LimitMEMLOCK=), or free memory; ${FS}`,
  EMFILE: `close files, or raise the limit on open files (ulimit -n); ${FS}`,
  ENFILE: `close files, or raise fs.file-max; ${FS}`,
  EAGAIN: `raise the limit on processes and threads (ulimit -u); ${FS}`,
};

/** Why there is no ring, and what to do. */
export function denied(stage: Stage, errno: number): { readonly reason: string; readonly fix: string } {
  const name = errnoName(errno);
  return { reason: `${calls[stage]} failed with ${name}`, fix: remedies[name] ?? `see what the system log says of ${name}; ${FS}` };
}

/** An errno's name, e.g. `EPERM`. */
export function errnoName(errno: number): string {
  return getSystemErrorName(-errno) || `errno ${errno}`;
}
