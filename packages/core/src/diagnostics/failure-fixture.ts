import type { SluiceError } from './error.ts';
import { isSluiceError } from './error.ts';

/** The coded error that `run` throws; anything else that it does is thrown on. For tests. */
export function failure(run: () => unknown): SluiceError {
  try {
    run();
  } catch (error) {
    if (isSluiceError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
