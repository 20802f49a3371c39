import { inWords } from '../diagnostics/in-words.ts';

/** The members that a value of a plugin must have, each with what `typeof` gives for it. */
export type Shape = Readonly<Record<string, 'string' | 'number' | 'function' | 'object'>>;

/** What is wrong with `value`, in words; undefined where it has every member. */
export function misshapen(value: unknown, shape: Shape): string | undefined {
  if (!isRecord(value) || Array.isArray(value) || value instanceof Promise) return inWords(value);
  const odd = Object.keys(shape).find((name) => value[name] === null || typeof value[name] !== shape[name]);
  return odd === undefined ? undefined : `an object whose \`${odd}\` is ${inWords(value[odd])}`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
