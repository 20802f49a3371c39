import { SluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';
import { isRecord } from '../registry/shape.ts';

/** What an option takes, where it is given. */
export interface OptionKind {
  fits(value: unknown): boolean;
  /** In words, after `pass`. */
  readonly takes: string;
  readonly choices?: readonly string[];
}

/**
 * Holds the options of a call, as plain JavaScript hands them, against what they take. A name that is none of them is
 * refused: a misspelt option would be a promise that nobody keeps.
 * @throws SluiceError `session/option`
 */
export function checkOptions(call: string, options: unknown, kinds: Readonly<Record<string, OptionKind>>): void {
  const names = Object.keys(kinds);
  if (!isRecord(options)) throw wrong(`the options of ${call} are ${inWords(options)}`, `pass a record of ${names.join(', ')}, or nothing`, names);
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw wrong(`${call} has no option \`${name}\``, `its options are ${names.join(', ')}`, names);
    if (value !== undefined && !kind.fits(value)) throw wrong(`option \`${name}\` of ${call} is ${inWords(value)}`, `pass ${kind.takes}`, kind.choices);
  }
}

export function wrong(message: string, fix: string, available: readonly string[] = []): SluiceError {
  return new SluiceError({ code: 'session/option', message, fix, available });
}

export const BOOLEAN: OptionKind = { fits: (v) => typeof v === 'boolean', takes: 'true or false' };
export const STRING: OptionKind = { fits: (v) => typeof v === 'string', takes: 'a string' };
export const FUNCTION: OptionKind = { fits: (v) => typeof v === 'function', takes: 'a function' };
export const STRINGS: OptionKind = { fits: isStrings, takes: 'an array of strings' };
/** Checked where its meaning is known. */
export const ANY: OptionKind = { fits: () => true, takes: 'a value' };
export const TIMELINE: OptionKind = { fits: (v) => isRecord(v) && v['~timeline'] === 1, takes: 'a Timeline' };
/** By its members: a signal of another realm is as good. */
export const SIGNAL: OptionKind = {
  fits: (v) => isRecord(v) && typeof v['aborted'] === 'boolean' && typeof v['addEventListener'] === 'function' && typeof v['removeEventListener'] === 'function' && typeof v['throwIfAborted'] === 'function',
  takes: 'the `signal` of an AbortController',
};

export function oneOf(choices: readonly string[]): OptionKind {
  return { fits: (v) => choices.includes(v as string), takes: `one of ${choices.join(', ')}`, choices };
}

/** A positive safe integer. */
export function count(of: string): OptionKind {
  return { fits: (v) => Number.isSafeInteger(v) && (v as number) > 0, takes: `a positive number of ${of}` };
}

export function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((v) => typeof v === 'string');
}
