import type { Meaning } from '@sluice/core';

/** A meaning as text: the expression for these operands, each a name or a literal. */
export type Paste = (operands: readonly string[]) => string;

/**
 * The text of a meaning that is an arrow with an expression as its body, refers to its parameters and a few globals
 * alone, and makes no statement, string or function of its own. Undefined for every other: native and statement-bodied
 * functions, and text that a tool instrumented, are called instead.
 */
export function pasteOf(meaning: Meaning): Paste | undefined {
  if (!known.has(meaning)) known.set(meaning, parse(Function.prototype.toString.call(meaning)));
  return known.get(meaning);
}

const known = new WeakMap<Meaning, Paste | undefined>();

const GLOBALS: ReadonlySet<string> = new Set(['Math', 'BigInt', 'Number', 'NaN', 'Infinity', 'true', 'false', 'undefined']);
const ARROW = /^\(?\s*([\w$]*(?:\s*,\s*[\w$]+)*)\s*\)?\s*=>\s*([^{\s][\s\S]*)$/;
const TOKEN = /\s*(?:([A-Za-z_$][\w$]*)|(0[xX][\da-fA-F]+n?|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?n?|\.\d+(?:[eE][+-]?\d+)?)|(\+\+|--|\?\.|\.\.\.|\*\*|\/\/|\/\*|=>|>>>=?|>>=?|<<=?|[=!]==?|[<>]=|&&|\|\||\?\?|[-+*/%&|^]=?|[~!<>?:(),.]))/y;
/** Assignments, comments, functions, spreads. */
const REFUSED: ReadonlySet<string> = new Set(['++', '--', '//', '/*', '=>', '?.', '...']);
const COMPARES: ReadonlySet<string> = new Set(['===', '!==', '==', '!=', '<=', '>=']);

function parse(source: string): Paste | undefined {
  const [, list, body] = ARROW.exec(source) ?? [];
  if (list === undefined || body === undefined) return undefined;
  const params = list.split(',').map((p) => p.trim());
  const tokens: (string | number)[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < body.length) {
    const rest = body.slice(TOKEN.lastIndex);
    if (rest.trim() === '') break;
    const [, name, literal, sign] = TOKEN.exec(body) ?? [];
    if (name !== undefined) {
      const property = tokens.at(-1) === '.';
      const index = params.indexOf(name);
      if (!property && index < 0 && !GLOBALS.has(name)) return undefined;
      tokens.push(property || index < 0 ? name : index);
    } else if (literal !== undefined) tokens.push(literal);
    else if (sign === undefined || REFUSED.has(sign) || (sign.endsWith('=') && !COMPARES.has(sign))) return undefined;
    else tokens.push(sign);
  }
  return (operands) => `(${tokens.map((t) => (typeof t === 'number' ? (operands[t] ?? 'undefined') : t)).join(' ')})`;
}
