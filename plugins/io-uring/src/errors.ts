import { getSystemErrorMap } from 'node:util';
import { systemProblem } from '@sluice/core';
import type { Problem, SystemCall } from '@sluice/core';
import { errnoName } from './denied.ts';

/** What it means that `call` on `file` failed with `errno`. */
export function errnoProblem(call: SystemCall, file: string, errno: number): Problem {
  const name = errnoName(errno);
  const [, text] = getSystemErrorMap().get(-errno) ?? ['', 'no text for it'];
  return systemProblem(call, file, name, `${name}, ${text}`);
}
