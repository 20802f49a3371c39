import type { RuntimeValue } from '../ir/attributes.ts';
import type { Type } from '../ir/types.ts';
import type { CpuRef } from '../ops/op.ts';
import { combination, neutral } from './combine.ts';
import { WIDE } from './meaning.ts';
import { combineOf } from './vector.ts';

/*
 * What the ops of a subgroup mean. Each takes the values that the lanes have, in the order of the lanes, one array for
 * each operand, and gives the results of all: lane n is at n. A subgroup at the end of a workgroup may have fewer lanes
 * than others, and never none.
 */
type Lanes = readonly RuntimeValue[];

/** Four words for every lane: the same ones. */
export const ballot: CpuRef = () => (conditions: readonly boolean[]) => {
  const words = [0, 0, 0, 0];
  conditions.forEach((holds, lane) => (words[lane >> 5] = ((words[lane >> 5] ?? 0) | (holds ? 1 << (lane & 31) : 0)) >>> 0));
  const bits = Object.freeze(words);
  return conditions.map(() => bits);
};

export const all: CpuRef = () => (conditions: readonly boolean[]) => {
  const held = conditions.every(Boolean);
  return conditions.map(() => held);
};

export const any: CpuRef = () => (conditions: readonly boolean[]) => {
  const held = conditions.some(Boolean);
  return conditions.map(() => held);
};

/** `source` says of which lane the value is that `lane` gets for what it asked. */
function moved(source: (lane: number, asked: number) => number): CpuRef {
  return ({ operands: [type] }) => {
    const zero = zeroOf(type);
    return (values: Lanes, asked: readonly number[]) => asked.map((by, lane) => values[source(lane, by)] ?? zero);
  };
}

export const shuffle: CpuRef = moved((_, asked) => asked);
export const shuffleXor: CpuRef = moved((lane, mask) => (lane ^ mask) >>> 0);
export const shuffleUp: CpuRef = moved((lane, delta) => lane - delta);
export const shuffleDown: CpuRef = moved((lane, delta) => lane + delta);

export const broadcast: CpuRef = ({ operands: [type], attrs: { lane } }) => {
  const from = lane?.kind === 'scalar' ? Number(lane.bits) : undefined;
  if (from === undefined) return undefined;
  const zero = zeroOf(type);
  return (values: Lanes) => values.map(() => values[from] ?? zero);
};

type Combined = (a: RuntimeValue, b: RuntimeValue) => RuntimeValue;

/** What a lane gets of what was combined before it, and of that with its own value; `last` is what all make. */
function combined(of: (before: RuntimeValue, here: RuntimeValue, last: RuntimeValue) => RuntimeValue): CpuRef {
  return ({ results: [type], attrs }) => {
    const way = combineOf(attrs) ?? '';
    const combine = combination(way, type) as Combined | undefined;
    if (combine === undefined || type?.kind !== 'scalar') return undefined;
    const first = neutral(way, type);
    return (values: Lanes) => {
      const sums: RuntimeValue[] = [];
      // From the value of lane 0, and not from the neutral one: -0 stays what it is.
      for (const value of values) sums.push(sums.length === 0 ? value : combine(sums.at(-1) as RuntimeValue, value));
      const last = sums.at(-1) ?? first;
      return sums.map((here, lane) => of(lane === 0 ? first : (sums[lane - 1] as RuntimeValue), here, last));
    };
  };
}

export const reduce: CpuRef = combined((_, __, last) => last);
export const inclusiveScan: CpuRef = combined((_, here) => here);
export const exclusiveScan: CpuRef = combined((before) => before);

function zeroOf(type: Type | undefined): RuntimeValue {
  return (WIDE as readonly (string | undefined)[]).includes(type?.spelling) ? 0n : 0;
}
