import { scalarAttribute } from '../../ir/attributes.ts';
import { MOST_SCALARS, array, scalar, scalarCount, scalarOf, vector } from '../../ir/types.ts';
import type { Type } from '../../ir/types.ts';
import { componentType } from '../../ops/elementwise.ts';
import type { TracedValue } from '../../build/value.ts';
import { BY_ELEMENT, MOVES, construct, eachPart, emit, ofScalars, scalarsOf, withScalars } from '../parts/rows.ts';
import { bufferAt, isParts, partsAt, valueAt } from '../parts/scheme.ts';
import type { PartsUse, Row, Scheme } from '../parts/scheme.ts';
import { combining } from './combine.ts';
import { wideFor } from './loop.ts';
import { rows } from './pairs.ts';
import type { Pair, PairUse } from './pairs.ts';

const U32 = scalar('u32');
const WORDS = vector(U32, 2);

/** Whether the type is a 64-bit integer, or a vector or array of such. */
function isWide(type: Type): boolean {
  const of = scalarOf(type);
  return of?.bits === 64;
}

/** 64-bit integers as two values: of the low words, and of the high ones. Memory holds them side by side, as before. */
export const wide: Scheme = {
  touches: isWide,
  parts: (type) => [withScalars(type, U32), withScalars(type, U32)],
  memory(element) {
    const count = scalarCount(element) ?? Infinity;
    return count === 1 ? WORDS : 2 * count <= MOST_SCALARS ? array(WORDS, count) : undefined;
  },
  constant: ({ bits }) => [scalarAttribute('u32', Number(bits & 0xffffffffn)), scalarAttribute('u32', Number(bits >> 32n))],
  names: (name) => [`${name}_lo`, `${name}_hi`],
  row: (use) => (BY_ELEMENT.includes(use.def.id) ? 'same' : rowOf(use)),
  structured: wideFor,
  templates: new Map(),
};

const moves = eachPart(wide);

function rowOf(use: PartsUse): Row | undefined {
  const { id } = use.def;
  if (MOVES.includes(id)) return moves;
  const inMemory = MEMORY[id];
  if (inMemory !== undefined) return inMemory;
  const row = combining[id] ?? rows[id];
  if (row === undefined) return undefined;
  return (args, of) => {
    const made = row(args.map((a) => (isParts(a) ? pairOf(a) : a)), pairUse(of));
    return made === undefined ? [] : 'hi' in made ? [made.lo, made.hi] : [made];
  };
}

function pairOf([lo, hi]: readonly TracedValue[]): Pair {
  return { lo: lo as TracedValue, hi: hi as TracedValue };
}

function pairUse({ operands, results, attrs }: PartsUse): PairUse {
  const nameOf = (t: Type | undefined) => (t === undefined ? '' : componentType(t).spelling);
  const of = [...operands, ...results].find(isWide);
  return { signed: of !== undefined && scalarOf(of)?.name === 'i64', from: nameOf(operands[0]), to: nameOf(results[0]), attrs };
}

/** The words of an element, as they were loaded, as a value of that type. */
function unpacked(type: Type, element: TracedValue): readonly TracedValue[] {
  const words = type.kind === 'scalar' ? [element] : Array.from({ length: scalarCount(type) ?? 0 }, (_, i) => element.at(i));
  return [0, 1].map((part) => ofScalars(withScalars(type, U32), words.map((w) => w.at(part))));
}

function packed(type: Type, [low, high]: readonly TracedValue[]): TracedValue {
  const [lows, highs] = [scalarsOf(low as TracedValue), scalarsOf(high as TracedValue)];
  const words = lows.map((lo, i) => construct(WORDS, [lo, highs[i] as TracedValue]));
  return type.kind === 'scalar' ? (words[0] as TracedValue) : construct(array(WORDS, words.length), words);
}

const load: Row = (args, { def, results: [type] }) => unpacked(type as Type, emit(def, [bufferAt(args, 0), valueAt(args, 1)]));

const MEMORY: Readonly<Record<string, Row>> = {
  'buffer.load': load,
  'control.uniform_load': load,
  'buffer.store': (args, { operands: [, , type] }) => {
    bufferAt(args, 0).store(valueAt(args, 1), packed(type as Type, partsAt(args, 2)));
    return [];
  },
};
