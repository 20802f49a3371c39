import { SluiceError } from '../diagnostics/error.ts';
import type { Code } from '../diagnostics/codes.ts';

/*
 * What plain JavaScript may hand to the front end in place of what the types ask for. Each check says which argument
 * it is and what it should be; without them the first property access would say it for us, badly.
 */

export function checkFunction(x: unknown, what: string, code: Code = 'build/param'): void {
  if (typeof x !== 'function') throw refused(x, what, 'a function', code);
}

export function checkRecord(x: unknown, what: string, code: Code = 'build/param'): void {
  if (typeof x !== 'object' || x === null || Array.isArray(x)) throw refused(x, what, 'an object', code);
}

export function checkText(x: unknown, what: string, code: Code = 'build/param'): void {
  if (typeof x !== 'string' || x === '') throw refused(x, what, 'a non-empty string', code);
}

function refused(x: unknown, what: string, wanted: string, code: Code): SluiceError {
  return new SluiceError({ code, message: `${what} is ${x === null ? 'null' : Array.isArray(x) ? 'an array' : x === '' ? 'empty' : `of type ${typeof x}`}, not ${wanted}`, fix: `pass ${wanted}` });
}
