import { SluiceError } from '@sluice/core';
import type { CodeRow } from '@sluice/core';

/** Every code that reading model files adds to those of core. */
export const codes = {
  'formats/header': { family: 'run', summary: 'The header of a model file does not follow its format.' },
  'formats/limit': { family: 'run', summary: 'The header of a model file holds more than is accepted.' },
  'formats/range': { family: 'run', summary: 'The bytes of a tensor overlap those of another one, leave a hole, or lie outside of the file.' },
  'formats/version': { family: 'unsupported', summary: 'A model file is of a version, byte order or element type that is not read.' },
  'formats/shards': { family: 'run', summary: 'The files of a sharded model do not fit together, or cannot be found.' },
  'formats/tensor': { family: 'run', summary: 'A model has no tensor of the name that is asked for.' },
  'formats/dtype': { family: 'unsupported', summary: 'No kernel converts tensors of a type to the one that is asked for.' },
  'formats/option': { family: 'run', summary: 'An option of opening or loading a model has a value that it does not take.' },
} as const satisfies Readonly<Record<string, CodeRow>>;

interface More {
  readonly available?: readonly string[];
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly problems?: readonly SluiceError[];
}

export function formatError(code: keyof typeof codes, message: string, fix: string, more: More = {}): SluiceError {
  return new SluiceError({ code, family: codes[code].family, message, fix, ...more });
}

/** A text out of a file, for a message: somebody else chose it, so it may be long, or command a terminal. */
export function shown(text: string): string {
  const short = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return short.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}

export function quoted(text: string): string {
  return `\`${shown(text)}\``;
}

const GET_AGAIN = 'get the file again, from where it came from';

/** A header that breaks the rules of its format; `name` is the file. */
export function badHeader(name: string, what: string, more: More = {}): SluiceError {
  return formatError('formats/header', `${name}: ${what}`, GET_AGAIN, more);
}

export function badRange(name: string, what: string, details: Readonly<Record<string, unknown>>): SluiceError {
  return formatError('formats/range', `${name}: ${what}`, GET_AGAIN, { details });
}
