import { defineDialect, defineOp } from '../ops/op.ts';
import { and, clz, ctz, not, or, popcount, reverseBits, rotl, rotr, shl, shr, swapBytes, xor } from './arith-bits.ts';
import { bitcast, cast, constant } from './arith-convert.ts';
import { abs, absDiff, add, addSat, div, fma, max, min, mul, mulHigh, mulSat, neg, rem, sub, subSat } from './arith-numbers.ts';
import { packs } from './arith-pack.ts';
import { alike, commutes } from './laws.ts';
import { COMPUTED, INTS, NUMBERS } from './meaning.ts';
import { shapesOf } from './shapes.ts';

type N = number;

const { common, compare } = shapesOf('arith', '1.0.0');

const BITS = [...INTS, 'bool'] as const;
const eq = compare('arith.eq', 'Equal; false with a NaN.', COMPUTED, (a: N, b: N) => a === b, { commutative: true, laws: [commutes(COMPUTED), alike(true, BITS)] });
const ne = compare('arith.ne', 'Not equal; true with a NaN.', COMPUTED, (a: N, b: N) => a !== b, { commutative: true, laws: [commutes(COMPUTED), alike(false, BITS)] });
const lt = compare('arith.lt', 'Less; false with a NaN.', NUMBERS, (a: N, b: N) => a < b, { laws: [alike(false, NUMBERS)] });
const le = compare('arith.le', 'Less or equal; false with a NaN.', NUMBERS, (a: N, b: N) => a <= b, { laws: [alike(true, INTS)] });
const gt = compare('arith.gt', 'Greater; false with a NaN.', NUMBERS, (a: N, b: N) => a > b, { laws: [alike(false, NUMBERS)] });
const ge = compare('arith.ge', 'Greater or equal; false with a NaN.', NUMBERS, (a: N, b: N) => a >= b, { laws: [alike(true, INTS)] });

const select = defineOp({
  ...common, id: 'arith.select', summary: '`a` where the condition is true, else `b`; both are computed.',
  typeVars: { T: COMPUTED },
  operands: [{ name: 'condition', type: 'bool' }, { name: 'a', type: 'T' }, { name: 'b', type: 'T' }], results: [{ name: 'result', type: 'T' }],
  traits: ['pure', 'elementwise'], accuracy: 'exact', cpuRef: () => (c: boolean, a: N, b: N) => (c ? a : b),
});

/** Scalar arithmetic: the same ops in kernels and in host bodies, with one meaning. */
export const arith = defineDialect({
  id: 'arith', version: '1.0.0', summary: 'Scalar arithmetic, comparisons, bit operations and casts; on vectors, by component.',
  ops: [
    constant, add, sub, mul, div, rem, neg, abs, min, max, and, or, xor, not, shl, shr, eq, ne, lt, le, gt, ge, select, cast,
    absDiff, addSat, subSat, mulSat, mulHigh, fma, rotl, rotr, popcount, clz, ctz, reverseBits, swapBytes, bitcast, ...packs,
  ],
});
