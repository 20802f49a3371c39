import { Unsupported } from '../runner/suite.ts';

/** Throws unless `found` holds exactly these numbers. `what` names them. */
export function expectNumbers(what: string, found: unknown, expected: ArrayLike<number | bigint>): void {
  if (!(found instanceof Uint8Array)) throw new Error(`${what} is ${String(found)}, expected a buffer`);
  const list = Array.from(expected);
  const { buffer } = found.slice();
  const numbers: readonly (number | bigint)[] = typeof list[0] === 'bigint' ? [...new BigUint64Array(buffer)] : [...new Uint32Array(buffer)];
  if (numbers.length !== list.length || numbers.some((x, i) => x !== list[i])) throw new Error(`${what} is [${numbers.join(', ')}], expected [${list.join(', ')}]`);
}

/** Throws unless `found` holds exactly these bytes. */
export function expectBytes(what: string, found: unknown, expected: Uint8Array): void {
  if (!(found instanceof Uint8Array)) throw new Error(`${what} is ${String(found)}, expected bytes`);
  if (found.length !== expected.length) throw new Error(`${what} has ${found.length} bytes, expected ${expected.length}`);
  const at = expected.findIndex((b, i) => b !== found[i]);
  if (at >= 0) throw new Error(`byte ${at} of ${what} is ${found[at]}, expected ${expected[at]}`);
}

/** Throws unless `found` is `expected`. */
export function expectValue(what: string, found: unknown, expected: unknown): void {
  if (!Object.is(found, expected)) throw new Error(`${what} is ${String(found)}, expected ${String(expected)}`);
}

/** Waits for `work` to fail with that code. */
export async function expectCode(what: string, work: Promise<unknown>, code: string): Promise<Error & { readonly code?: string; readonly details?: Readonly<Record<string, unknown>> }> {
  let outcome: unknown;
  try {
    outcome = await work;
  } catch (error) {
    if (error instanceof Unsupported) throw error;
    if (error instanceof Error && (error as { code?: unknown }).code === code) return error;
    throw new Error(`${what} fails with ${String((error as { code?: unknown }).code ?? error)}, expected ${code}`, { cause: error });
  }
  throw new Error(`${what} gives ${String(outcome)}, expected ${code}`);
}

/** Bytes with no short period. */
export function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let x = seed >>> 0;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}
