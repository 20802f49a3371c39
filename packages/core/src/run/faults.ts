import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';

/** A backend did or gave what its contract does not allow. */
export function brokenContract(backend: string, what: string, cause?: unknown): SluiceError {
  return new SluiceError({ code: 'backend/fault', message: `backend \`${backend}\` ${what}`, fix: 'report it to the author of the backend', cause });
}

/** Awaits a call into a backend: what it throws that is no SluiceError becomes one, unless it is the reason of the signal that it was given. */
export async function guarded<T>(backend: string, call: string, signal: AbortSignal | undefined, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw thrown(backend, call, signal, cause);
  }
}

/** What a call into a backend threw, as a SluiceError or the reason of the signal that it was given. */
export function thrown(backend: string, call: string, signal: AbortSignal | undefined, cause: unknown): unknown {
  if (isSluiceError(cause) || (signal?.aborted === true && cause === signal.reason)) return cause;
  return brokenContract(backend, `threw from ${call}: ${messageOf(cause)}`, cause);
}

/** Closes what a backend opened and nobody can use; why that is so is told already, and counts for more than how this goes. */
export async function discard(opened: unknown): Promise<void> {
  try {
    await (opened as { close?(): unknown } | null | undefined)?.close?.();
  } catch {
    // told already
  }
}

/** What a value that was thrown says. */
export function messageOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return typeof cause === 'string' ? cause : inWords(cause);
}
