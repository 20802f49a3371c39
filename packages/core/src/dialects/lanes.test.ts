import { expect, test } from 'vitest';
import { scalarAttribute } from '../ir/attributes.ts';
import type { Attributes, RuntimeValue, ScalarValue } from '../ir/attributes.ts';
import { scalar, vector } from '../ir/types.ts';
import type { ScalarName, Type } from '../ir/types.ts';
import { meaningOf } from '../ops/op.ts';
import { COMBINES, combinedTypes, neutral } from './combine.ts';
import { subgroup } from './subgroup.ts';

type OfLanes = (...operands: readonly (readonly RuntimeValue[])[]) => readonly RuntimeValue[];

function of(id: string, operands: readonly Type[], attrs: Attributes = {}, results: readonly Type[] = [operands[0]!]): OfLanes {
  const meaning = meaningOf(subgroup.ops.find((o) => o.id === `subgroup.${id}`)!, { operands, results, attrs });
  if (meaning === undefined) throw new Error(`${id} has no meaning`);
  return meaning as unknown as OfLanes;
}
const [u32, i64, f32, bool] = [scalar('u32'), scalar('i64'), scalar('f32'), scalar('bool')];

test('every op that lanes take part in has a meaning over them', () => {
  const taking = subgroup.ops.filter((o) => o.operands.length > 0);
  expect(taking.filter((o) => !(o.traits as readonly string[]).includes('subgroup') || typeof o.cpuRef !== 'function').map((o) => o.id)).toEqual([]);
  expect(taking).toHaveLength(11);
});

test('a ballot has a bit for each lane, in up to four words, and none for lanes that are not there', () => {
  const ballot = of('ballot', [bool], {}, [vector(u32, 4)]);
  expect(ballot([true])).toEqual([[1, 0, 0, 0]]);
  expect(ballot([false, true, true])).toEqual(Array.from({ length: 3 }, () => [6, 0, 0, 0]));
  expect(ballot(Array.from({ length: 128 }, (_, i) => i === 31 || i === 32 || i === 127))[5]).toEqual([0x80000000, 1, 0, 0x80000000]);
  expect(ballot(Array.from({ length: 33 }, () => true))[32]).toEqual([0xffffffff, 1, 0, 0]);
});

test.each([[[true], true, true], [[false], false, false], [[true, false], false, true], [[true, true], true, true], [[false, false], false, false]])('votes of %j', (votes, all, any) => {
  expect(of('all', [bool])(votes)).toEqual(votes.map(() => all));
  expect(of('any', [bool])(votes)).toEqual(votes.map(() => any));
});

test('shuffles read the lane that they ask for, and zero of their type where there is none', () => {
  const lanes = [10, 20, 30];
  expect(of('shuffle', [u32, u32])(lanes, [2, 3, 0xffffffff])).toEqual([30, 0, 0]);
  expect(of('shuffle_xor', [u32, u32])(lanes, [1, 1, 1])).toEqual([20, 10, 0]);
  expect(of('shuffle_xor', [u32, u32])(lanes, [0xffffffff, 0x80000000, 0])).toEqual([0, 0, 30]);
  expect(of('shuffle_up', [u32, u32])(lanes, [1, 1, 2])).toEqual([0, 10, 10]);
  expect(of('shuffle_down', [u32, u32])(lanes, [1, 2, 0])).toEqual([20, 0, 30]);
  expect(of('shuffle_down', [u32, u32])(lanes, [0xffffffff, 0xffffffff, 0xffffffff])).toEqual([0, 0, 0]);
  expect(of('shuffle', [i64, u32])([5n, 6n], [1, 2])).toEqual([6n, 0n]);
  expect(of('shuffle', [f32, u32])([-0, NaN], [1, 0])).toEqual([NaN, -0]);
});

test('a broadcast is of one lane, for all', () => {
  const broadcast = (lane: number) => of('broadcast', [i64], { lane: scalarAttribute('u32', lane) });
  expect(broadcast(1)([7n, 8n, 9n])).toEqual([8n, 8n, 8n]);
  expect(broadcast(3)([7n, 8n, 9n])).toEqual([0n, 0n, 0n]);
});

test.each(COMBINES)('reductions and scans by %s go from the first lane to the last, and wrap as the op does', (combine) => {
  const attrs: Attributes = { combine: { kind: 'enum', value: combine } };
  for (const name of combinedTypes(combine).filter((n) => n !== 'bool') as readonly ScalarName[]) {
    const type = scalar(name);
    const wide = type.bits === 64 && type.class !== 'float';
    const values: readonly ScalarValue[] = [3, 7, 250, 5].map((n) => (wide ? BigInt(n) : n));
    const sums = of('inclusive_scan', [type], attrs)(values);
    expect(sums[0], name).toBe(values[0]);
    expect(of('reduce', [type], attrs)(values), name).toEqual(values.map(() => sums.at(-1)));
    expect(of('exclusive_scan', [type], attrs)(values), name).toEqual([neutral(combine, type), ...sums.slice(0, -1)]);
  }
});

test('the sum of one lane is its value, -0 as well; what wraps, wraps', () => {
  const add: Attributes = { combine: { kind: 'enum', value: 'add' } };
  expect(of('reduce', [f32], add)([-0])).toEqual([-0]);
  expect(of('exclusive_scan', [f32], add)([-0])).toEqual([0]);
  expect(of('inclusive_scan', [u32], add)([0xffffffff, 2])).toEqual([0xffffffff, 1]);
  expect(of('reduce', [i64], { combine: { kind: 'enum', value: 'mul' } })([2n ** 62n, 4n])).toEqual([0n, 0n]);
});

test('what does not combine has no meaning', () => {
  const reduce = subgroup.ops.find((o) => o.id === 'subgroup.reduce')!;
  expect(meaningOf(reduce, { operands: [f32], results: [f32], attrs: { combine: { kind: 'enum', value: 'xor' } } })).toBeUndefined();
});
