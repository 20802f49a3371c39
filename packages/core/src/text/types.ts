import { isSluiceError } from '../diagnostics/error.ts';
import { opaque, parseType, scalar } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import type { Lexer } from './lexer.ts';
import { LIMITS } from './limits.ts';

const OPEN = 60;
const CLOSE = 62;

/** Types that are one word. */
export const BUILT_IN_TYPES: readonly string[] = ['bool', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'f16', 'bf16', 'f32', 'GpuBufferHandle'];

/** Stands for a type that a problem was reported for: nothing more is said about what has it. Equal to no other by identity. */
export const UNKNOWN_TYPE: Type = { ...scalar('bool') };

/** Whether a word by itself is a type wherever one may stand, and no value of an enumeration. */
export function isTypeWord(word: string): boolean {
  return BUILT_IN_TYPES.includes(word) || word.includes('.');
}

/** A spelling that was read, and its type; `unknown` where it names none. */
export type ReadType = { readonly type: Type } | { readonly unknown: string };

/** Reads the types of one text; each spelling is looked up once. */
export class Types {
  readonly #known = new Map<string, ReadType>();

  /** The type that starts with the word at which the lexer stands; takes its brackets into the token. */
  read(lexer: Lexer): ReadType {
    const end = bracketsEnd(lexer.source, lexer.end);
    let spelling: string;
    if (end === lexer.end) spelling = lexer.word();
    else {
      lexer.extend(end);
      spelling = lexer.text();
    }
    let found = this.#known.get(spelling);
    if (found === undefined) {
      found = this.#known.size < LIMITS.types ? lookUp(spelling) : { unknown: spelling };
      this.#known.set(spelling, found);
    }
    return found;
  }

  get full(): boolean {
    return this.#known.size > LIMITS.types;
  }
}

/** Where the brackets that open at `at` close: on the same line, or they are none. */
function bracketsEnd(source: string, at: number): number {
  if (source.charCodeAt(at) !== OPEN) return at;
  let depth = 0;
  for (let i = at; i < source.length; i++) {
    const c = source.charCodeAt(i);
    if (c === OPEN && ++depth > LIMITS.nesting) return at;
    if (c === CLOSE && --depth === 0) return i + 1;
    if (c === 10 || c === 13 || c === 34 || c === 37 || c === 61 || c === 123) return at;
  }
  return at;
}

function lookUp(spelling: string): ReadType {
  const builtIn = knownType(spelling);
  if (builtIn !== undefined) return { type: builtIn };
  // Types of plugins need not be linked where the text is read.
  const plugins = spelling.match(PLUGIN_TYPE);
  for (const name of plugins ?? []) opaque(name);
  const type = plugins === null ? undefined : knownType(spelling);
  return type === undefined ? { unknown: spelling } : { type };
}

/** A type that a plugin registers: `<plugin>.<name>`. */
const PLUGIN_TYPE = /(?<![\w.-])[a-z][\w-]*\.\w+(?![\w.-])/g;

/** The type that `spelling` names, undefined where it names none. */
export function knownType(spelling: string): Type | undefined {
  try {
    return parseType(spelling);
  } catch (error) {
    if (isSluiceError(error)) return undefined;
    throw error;
  }
}
