const calls = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Makes `call` when `signal`, not aborted yet, is; gives a function that takes it back. All calls of a signal share one listener:
 * an application passes one signal to many runs, and Node warns of more than ten listeners.
 */
export function onAbort(signal: AbortSignal | undefined, call: () => void): () => void {
  if (signal === undefined) return () => {};
  const known = calls.get(signal) ?? new Set();
  if (known.size === 0) {
    calls.set(signal, known);
    signal.addEventListener('abort', fire);
  }
  known.add(call);
  return () => {
    if (known.delete(call) && known.size === 0) {
      calls.delete(signal);
      signal.removeEventListener('abort', fire);
    }
  };
}

function fire(this: AbortSignal): void {
  const known = calls.get(this);
  calls.delete(this);
  for (const call of known ?? []) call();
}

/** `work`, or the reason of `signal` if that comes first; the work goes on then, and its failure is nobody's. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let disregard = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(signal?.reason);
    if (signal?.aborted === true) stop();
    else disregard = onAbort(signal, stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    disregard();
  }
}
