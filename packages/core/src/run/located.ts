import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import type { Where } from '../diagnostics/error.ts';

/** `error` with the place of the op, where it has none. */
export function located(error: unknown, where: () => Where): unknown {
  if (!isSluiceError(error) || error.where?.op !== undefined) return error;
  const { code, family, message, fix, available, details, problems, cause } = error;
  const moved = new SluiceError({ code, family, message, fix, available, details, problems, cause, where: { ...where(), ...error.where } });
  if (error.stack !== undefined) moved.stack = error.stack;
  return moved;
}
