import type { TracedValue } from '../../build/value.ts';
import { scalar } from '../../ir/types.ts';
import { neutral } from '../../dialects/combine.ts';
import { combineOf } from '../../dialects/vector.ts';
import { emit } from '../parts/rows.ts';
import { choose, pair, rows, wide } from './pairs.ts';
import type { Arg, Pair, PairRow, PairUse } from './pairs.ts';

/*
 * Ops that combine many 64-bit integers into one: the components of a vector, or what the lanes of a subgroup have.
 * Integers combine to the same in any order.
 */
type V = TracedValue;
type Combined = (a: Pair, b: Pair) => Pair;

function arith(name: string, use: PairUse): Combined {
  const row = rows[`arith.${name}`];
  return (a, b) => {
    const made = row?.([a, b], use);
    if (made === undefined || !('hi' in made)) throw new RangeError(`arith.${name} makes no pair`);
    return made;
  };
}

function components(p: Pair): readonly Pair[] {
  const size = p.lo.type.kind === 'vector' ? p.lo.type.size : 0;
  return Array.from({ length: size }, (_, i) => pair(p.lo.at(i), p.hi.at(i)));
}

const dot: PairRow = (args, use) => {
  const [a, b] = [components(wide(args, 0)), components(wide(args, 1))];
  return a.map((x, i) => arith('mul', use)(x, b[i] as Pair)).reduce(arith('add', use));
};

const reduce: PairRow = (args, use) => components(wide(args, 0)).reduce(arith(combineOf(use.attrs) ?? '', use));

/** Bit by bit, words do not meet: the op itself, on each. Of all else, rows that shuffle. */
const acrossLanes = (op: string, otherwise: (value: Pair, combine: Combined, use: PairUse) => Pair): PairRow => (args: readonly Arg[], use) => {
  const value = wide(args, 0);
  const combine = combineOf(use.attrs) ?? '';
  if (['and', 'or', 'xor'].includes(combine)) return pair(emit(op, [value.lo], use.attrs), emit(op, [value.hi], use.attrs));
  return otherwise(value, arith(combine, use), use);
};

const shuffled = (op: string, value: Pair, by: V): Pair => pair(emit(op, [value.lo, by]), emit(op, [value.hi, by]));
const u32 = (like: V, value: number): V => like.xor(like).add(value);
const laneOf = (): V => emit('subgroup.lane', []);

/** Lanes that a subgroup has at most: as many as a ballot has bits. */
const MOST_LANES = 128;

/** In steps of 1, 2, 4 and so on lanes: each then has what so many lanes up to it have made of theirs. */
function scanned(value: Pair, combine: Combined): Pair {
  const lane = laneOf();
  let sum = value;
  for (let step = 1; step < MOST_LANES; step *= 2) {
    const below = shuffled('subgroup.shuffle_up', sum, u32(lane, step));
    sum = choose(lane.ge(step), combine(below, sum), sum);
  }
  return sum;
}

export const combining: Readonly<Record<string, PairRow>> = {
  'vector.dot': dot,
  'vector.reduce': reduce,
  'subgroup.inclusive_scan': acrossLanes('subgroup.inclusive_scan', scanned),
  'subgroup.exclusive_scan': acrossLanes('subgroup.exclusive_scan', (value, combine, use) => {
    const lane = laneOf();
    const before = shuffled('subgroup.shuffle_up', scanned(value, combine), u32(lane, 1));
    const first = BigInt.asUintN(64, BigInt(neutral(combineOf(use.attrs) ?? '', scalar(use.signed ? 'i64' : 'u64'))));
    return choose(lane.eq(0), pair(u32(lane, Number(first & 0xffffffffn)), u32(lane, Number(first >> 32n))), before);
  }),
  'subgroup.reduce': acrossLanes('subgroup.reduce', (value, combine) => {
    // The last lane of the last subgroup of a workgroup is not the last that a subgroup may have.
    const last = emit('subgroup.reduce', [laneOf()], { combine: { kind: 'enum', value: 'max' } });
    return shuffled('subgroup.shuffle', scanned(value, combine), last);
  }),
};
