import { roundToF16 } from '../ir/half.ts';
import type { ErrorBound } from '../ops/accuracy.ts';
import { defineOp } from '../ops/op.ts';
import { exactFma } from './fma.ts';
import { absorbing, associates, commutes, idempotent, identity, involution, same } from './laws.ts';
import { byType, FLOATS, INTS, NUMBERS, UNSIGNED } from './meaning.ts';
import { shapesOf } from './shapes.ts';

/*
 * Integers wrap; division is total: x/0 = x, x%0 = 0, MIN/-1 = MIN, MIN%-1 = 0. Float results are rounded once: a double
 * operation on f32 or f16 operands is exact enough for +, -, *, /.
 */
type N = number;
type B = bigint;

const { common, unary, binary } = shapesOf('arith', '1.0.0');

/** Where division by this is as accurate as the bound says: [2^-e, 2^e]. */
const within = (exponent: number) => [{ operand: 'b', of: 'magnitude', from: 2 ** -exponent, to: 2 ** exponent }] as const;
export const DIVISION: Readonly<Record<'f16' | 'f32', ErrorBound>> = { f16: { ulp: 2.5, where: within(14) }, f32: { ulp: 2.5, where: within(126) } };

export const add = binary('arith.add', 'Sum; integers wrap.', NUMBERS, {
  i32: (a: N, b: N) => (a + b) | 0, u32: (a: N, b: N) => (a + b) >>> 0,
  i64: (a: B, b: B) => BigInt.asIntN(64, a + b), u64: (a: B, b: B) => BigInt.asUintN(64, a + b),
  f16: (a: N, b: N) => roundToF16(a + b), f32: (a: N, b: N) => Math.fround(a + b),
}, { commutative: true, laws: [commutes(NUMBERS), associates(INTS), ...identity(0, INTS), ...identity(-0, FLOATS)] });

export const sub = binary('arith.sub', 'Difference; integers wrap.', NUMBERS, {
  i32: (a: N, b: N) => (a - b) | 0, u32: (a: N, b: N) => (a - b) >>> 0,
  i64: (a: B, b: B) => BigInt.asIntN(64, a - b), u64: (a: B, b: B) => BigInt.asUintN(64, a - b),
  f16: (a: N, b: N) => roundToF16(a - b), f32: (a: N, b: N) => Math.fround(a - b),
}, { laws: [...identity(0, NUMBERS, 'right'), ...same(0, INTS)] });

export const mul = binary('arith.mul', 'Product; integers wrap.', NUMBERS, {
  i32: (a: N, b: N) => Math.imul(a, b), u32: (a: N, b: N) => Math.imul(a, b) >>> 0,
  i64: (a: B, b: B) => BigInt.asIntN(64, a * b), u64: (a: B, b: B) => BigInt.asUintN(64, a * b),
  f16: (a: N, b: N) => roundToF16(a * b), f32: (a: N, b: N) => Math.fround(a * b),
}, { commutative: true, laws: [commutes(NUMBERS), associates(INTS), ...identity(1, NUMBERS), ...absorbing(0, INTS)] });

export const div = binary('arith.div', 'Quotient; signed integers truncate toward zero; x/0 = x, MIN/-1 = MIN.', NUMBERS, {
  i32: (a: N, b: N) => (b === 0 ? a : (a / b) | 0), u32: (a: N, b: N) => (b === 0 ? a : (a / b) >>> 0),
  i64: (a: B, b: B) => (b === 0n ? a : BigInt.asIntN(64, a / b)), u64: (a: B, b: B) => (b === 0n ? a : a / b),
  f16: (a: N, b: N) => roundToF16(a / b), f32: (a: N, b: N) => Math.fround(a / b),
}, { accuracy: DIVISION, laws: [...identity(1, NUMBERS, 'right')] });

export const rem = binary('arith.rem', 'Remainder, with the sign of the dividend; x%0 = 0 for integers; floats: a - b*trunc(a/b), each step rounded.', NUMBERS, {
  i32: (a: N, b: N) => (b === 0 ? 0 : (a % b) | 0), u32: (a: N, b: N) => (b === 0 ? 0 : a % b),
  i64: (a: B, b: B) => (b === 0n ? 0n : a % b), u64: (a: B, b: B) => (b === 0n ? 0n : a % b),
  f16: (a: N, b: N) => roundToF16(a - roundToF16(b * Math.trunc(roundToF16(a / b)))),
  f32: (a: N, b: N) => Math.fround(a - Math.fround(b * Math.trunc(Math.fround(a / b)))),
}, { accuracy: { inherited: ['arith.sub', 'a', ['arith.mul', 'b', ['math.trunc', ['arith.div', 'a', 'b']]]] }, laws: [...absorbing(0, INTS, 'left'), ...same(0, INTS)] });

export const neg = unary('arith.neg', 'Negation; MIN stays MIN.', NUMBERS, {
  i32: (a: N) => (0 - a) | 0, u32: (a: N) => (0 - a) >>> 0, i64: (a: B) => BigInt.asIntN(64, -a), u64: (a: B) => BigInt.asUintN(64, -a),
  f16: (a: N) => -a, f32: (a: N) => -a,
}, { laws: [involution(NUMBERS)] });

export const abs = unary('arith.abs', 'Magnitude; MIN stays MIN.', NUMBERS, {
  i32: (a: N) => (a < 0 ? (0 - a) | 0 : a), u32: (a: N) => a, i64: (a: B) => (a < 0n ? BigInt.asIntN(64, -a) : a), u64: (a: B) => a,
  f16: (a: N) => Math.abs(a), f32: (a: N) => Math.abs(a),
}, { laws: [idempotent(NUMBERS)] });

const lower = (a: N, b: N) => (a < b ? a : b);
const higher = (a: N, b: N) => (a > b ? a : b);
// Math.min and Math.max tell zeros apart, so that the order of operands does not matter.
const lowerFloat = (a: N, b: N) => (a !== a ? b : b !== b ? a : Math.min(a, b));
const higherFloat = (a: N, b: N) => (a !== a ? b : b !== b ? a : Math.max(a, b));
const extremes = [commutes(NUMBERS), associates(NUMBERS), idempotent(NUMBERS)];
export const min = binary('arith.min', 'The lesser, -0 less than 0; with one NaN, the other operand.', NUMBERS, {
  i32: lower, u32: lower, i64: lower, u64: lower, f16: lowerFloat, f32: lowerFloat,
}, { commutative: true, laws: [...extremes, ...absorbing(0, UNSIGNED)] });
export const max = binary('arith.max', 'The greater, 0 greater than -0; with one NaN, the other operand.', NUMBERS, {
  i32: higher, u32: higher, i64: higher, u64: higher, f16: higherFloat, f32: higherFloat,
}, { commutative: true, laws: [...extremes, ...identity(0, UNSIGNED)] });

export const absDiff = binary('arith.abs_diff', 'The magnitude of the difference; of signed integers modulo 2^n.', NUMBERS, {
  i32: (a: N, b: N) => Math.abs(a - b) | 0, u32: (a: N, b: N) => Math.abs(a - b),
  i64: (a: B, b: B) => BigInt.asIntN(64, a > b ? a - b : b - a), u64: (a: B, b: B) => (a > b ? a - b : b - a),
  f16: (a: N, b: N) => roundToF16(Math.abs(a - b)), f32: (a: N, b: N) => Math.fround(Math.abs(a - b)),
}, { commutative: true, laws: [commutes(NUMBERS), ...identity(0, UNSIGNED), ...same(0, INTS)] });

export const addSat = binary('arith.add_sat', 'Sum, or the nearest value of the type.', INTS, {
  i32: (a: N, b: N) => Math.max(-2147483648, Math.min(2147483647, a + b)), u32: (a: N, b: N) => Math.min(4294967295, a + b),
  i64: (a: B, b: B) => (a + b > 9223372036854775807n ? 9223372036854775807n : a + b < -9223372036854775808n ? -9223372036854775808n : a + b),
  u64: (a: B, b: B) => (a + b > 18446744073709551615n ? 18446744073709551615n : a + b),
}, { commutative: true, laws: [commutes(INTS), associates(UNSIGNED), ...identity(0, INTS)] });

export const subSat = binary('arith.sub_sat', 'Difference, or the nearest value of the type.', INTS, {
  i32: (a: N, b: N) => Math.max(-2147483648, Math.min(2147483647, a - b)), u32: (a: N, b: N) => (a > b ? a - b : 0),
  i64: (a: B, b: B) => (a - b > 9223372036854775807n ? 9223372036854775807n : a - b < -9223372036854775808n ? -9223372036854775808n : a - b),
  u64: (a: B, b: B) => (a > b ? a - b : 0n),
}, { laws: [...identity(0, INTS, 'right'), ...absorbing(0, UNSIGNED, 'left'), ...same(0, INTS)] });

// Within range the product of two numbers is exact; `imul` gives it without a negative zero.
export const mulSat = binary('arith.mul_sat', 'Product, or the nearest value of the type.', INTS, {
  i32: (a: N, b: N) => (a * b > 2147483647 ? 2147483647 : a * b < -2147483648 ? -2147483648 : Math.imul(a, b)), u32: (a: N, b: N) => Math.min(4294967295, a * b),
  i64: (a: B, b: B) => (a * b > 9223372036854775807n ? 9223372036854775807n : a * b < -9223372036854775808n ? -9223372036854775808n : a * b),
  u64: (a: B, b: B) => (a * b > 18446744073709551615n ? 18446744073709551615n : a * b),
}, { commutative: true, laws: [commutes(INTS), associates(UNSIGNED), ...identity(1, INTS), ...absorbing(0, INTS)] });

// In 16-bit halves of `a`, so that no product needs more than the 53 bits that a number has.
export const mulHigh = binary('arith.mul_high', 'The upper half of the product.', INTS, {
  i32: (a: N, b: N) => Math.floor(((a >> 16) * b + Math.floor((a & 65535) * b / 65536)) / 65536) | 0,
  u32: (a: N, b: N) => Math.floor(((a >>> 16) * b + Math.floor((a & 65535) * b / 65536)) / 65536),
  i64: (a: B, b: B) => (a * b) >> 64n, u64: (a: B, b: B) => (a * b) >> 64n,
}, { commutative: true, laws: [commutes(INTS), ...absorbing(0, INTS)] });

export const fma = defineOp({
  ...common, id: 'arith.fma', summary: 'a * b + c; the reference rounds once, a backend once or twice.',
  typeVars: { T: FLOATS },
  operands: [{ name: 'a', type: 'T' }, { name: 'b', type: 'T' }, { name: 'c', type: 'T' }], results: [{ name: 'result', type: 'T' }],
  traits: ['pure', 'elementwise'], accuracy: { anyOf: ['exact', { inherited: ['arith.add', ['arith.mul', 'a', 'b'], 'c'] }] },
  cpuRef: byType({ f16: (a: N, b: N, c: N) => roundToF16(exactFma(a, b, c)), f32: (a: N, b: N, c: N) => Math.fround(exactFma(a, b, c)) }),
});
