import type { Attribute } from '../ir/attributes.ts';
import { roundToF16 } from '../ir/half.ts';
import type { Type } from '../ir/types.ts';
import { defineOp } from '../ops/op.ts';
import type { CpuRef, Meaning } from '../ops/op.ts';
import { COMPUTED, NUMBERS } from './meaning.ts';
import { bitsAsF32, bitsOfF32 } from './packing.ts';
import { shapesOf } from './shapes.ts';

type N = number;
type B = bigint;

const { common } = shapesOf('arith', '1.0.0');

export const constant = defineOp({
  ...common, id: 'arith.constant', summary: 'A literal, with its bits.',
  operands: [], results: [{ name: 'result', type: 'any' }], attrs: { value: { kind: 'scalar' } },
  traits: ['pure', 'constant', 'uniform'], accuracy: 'exact',
  infer: (_, attrs) => (attrs['value']?.kind === 'scalar' ? [attrs['value'].type] : 'attribute `value` is not a scalar'),
});

/** By source, then target; a pair that is absent is the identity. */
const CASTS: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  bool: {
    i32: (a: boolean) => (a ? 1 : 0), u32: (a: boolean) => (a ? 1 : 0), i64: (a: boolean) => (a ? 1n : 0n), u64: (a: boolean) => (a ? 1n : 0n),
    f16: (a: boolean) => (a ? 1 : 0), f32: (a: boolean) => (a ? 1 : 0),
  },
  i32: { bool: (a: N) => a !== 0, u32: (a: N) => a >>> 0, i64: (a: N) => BigInt(a), u64: (a: N) => BigInt.asUintN(64, BigInt(a)), f16: roundToF16, f32: (a: N) => Math.fround(a) },
  u32: { bool: (a: N) => a !== 0, i32: (a: N) => a | 0, i64: (a: N) => BigInt(a), u64: (a: N) => BigInt(a), f16: roundToF16, f32: (a: N) => Math.fround(a) },
  i64: { bool: (a: B) => a !== 0n, i32: (a: B) => Number(BigInt.asIntN(32, a)), u32: (a: B) => Number(BigInt.asUintN(32, a)), u64: (a: B) => BigInt.asUintN(64, a), f16: wideToF16, f32: wideToF32 },
  u64: { bool: (a: B) => a !== 0n, i32: (a: B) => Number(BigInt.asIntN(32, a)), u32: (a: B) => Number(BigInt.asUintN(32, a)), i64: (a: B) => BigInt.asIntN(64, a), f16: wideToF16, f32: wideToF32 },
  f16: { ...floatToOthers(), f32: (a: N) => a },
  f32: { ...floatToOthers(), f16: roundToF16 },
};

function floatToOthers(): Readonly<Record<string, Meaning>> {
  return {
    bool: (a: N) => a !== 0,
    i32: (a: N) => (a !== a ? 0 : a >= 2147483647 ? 2147483647 : a <= -2147483648 ? -2147483648 : a | 0),
    u32: (a: N) => (a > 0 ? (a >= 4294967295 ? 4294967295 : a >>> 0) : 0),
    i64: (a: N) => (a !== a ? 0n : a >= 9223372036854775808 ? 9223372036854775807n : a <= -9223372036854775808 ? -9223372036854775808n : BigInt(Math.trunc(a))),
    u64: (a: N) => (a > 0 ? (a >= 18446744073709551616 ? 18446744073709551615n : BigInt(Math.trunc(a))) : 0n),
  };
}

/** Rounds once: the bits that a double would lose are kept as one sticky bit, far below what f32 can see. */
function wideToF32(a: bigint): number {
  const magnitude = a < 0n ? -a : a;
  if (magnitude < 9007199254740992n) return Math.fround(Number(a));
  const sticky = (magnitude & 2047n) === 0n ? 0n : 1n;
  const rounded = Math.fround(Number((magnitude >> 11n) | sticky) * 2048);
  return a < 0n ? -rounded : rounded;
}

/** What a double cannot hold is infinite in f16. */
function wideToF16(a: bigint): number {
  return roundToF16(Number(a));
}

const castMeaning: CpuRef = ({ operands, results }) => {
  const [from = '', to = ''] = [operands[0]?.spelling, results[0]?.spelling];
  return from === to ? unchanged : CASTS[from]?.[to];
};
const unchanged: Meaning = (a: N) => a;

export const cast = defineOp({
  ...common, id: 'arith.cast', summary: 'Converts between scalar types: integers wrap, floats to integers truncate and saturate and NaN gives 0, to a float rounds once, to bool compares with 0. `to` names the type of a component.',
  typeVars: { T: COMPUTED },
  operands: [{ name: 'a', type: 'T' }], results: [{ name: 'result', type: 'any' }], attrs: { to: { kind: 'type' } },
  // WGSL leaves open to which of two neighbours a conversion to a float rounds.
  traits: ['pure', 'elementwise'], accuracy: { ulp: 1 }, cpuRef: castMeaning,
  infer: (_, attrs) => target(attrs['to'], COMPUTED),
});

/** Within each row, values of the same width; by source, then target. */
const BITCASTS: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  i32: { u32: (a: N) => a >>> 0, f32: bitsAsF32 },
  u32: { i32: (a: N) => a | 0, f32: bitsAsF32 },
  f32: { i32: (a: N) => bitsOfF32(a) | 0, u32: bitsOfF32 },
  i64: { u64: (a: B) => BigInt.asUintN(64, a) },
  u64: { i64: (a: B) => BigInt.asIntN(64, a) },
  f16: {},
};

export const bitcast = defineOp({
  ...common, id: 'arith.bitcast', summary: 'The same bits as a type of that width; a NaN may come as another one. `to` names the type of a component. For f16, see pack2xf16.',
  typeVars: { T: NUMBERS },
  operands: [{ name: 'a', type: 'T' }], results: [{ name: 'result', type: 'any' }], attrs: { to: { kind: 'type' } },
  traits: ['pure', 'elementwise'], accuracy: 'exact',
  cpuRef: ({ operands, results }) => {
    const [from = '', to = ''] = [operands[0]?.spelling, results[0]?.spelling];
    return from === to ? unchanged : BITCASTS[from]?.[to];
  },
  infer: ([a], attrs) => target(attrs['to'], a === undefined ? [] : [a.spelling, ...Object.keys(BITCASTS[a.spelling] ?? {})]),
});

function target(to: Attribute | undefined, allowed: readonly string[]): readonly Type[] | string {
  if (to?.kind !== 'type' || !allowed.includes(to.type.spelling)) return `attribute \`to\` is ${to?.kind === 'type' ? to.type.spelling : 'missing'}, expected one of ${allowed.join(', ')}`;
  return [to.type];
}
