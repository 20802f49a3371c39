import { roundToF16 } from '../ir/half.ts';
import { defineDialect } from '../ops/op.ts';
import type { Accuracy, ErrorBound, Expression } from '../ops/accuracy.ts';
import { idempotent } from './laws.ts';
import { FLOATS } from './meaning.ts';
import { shapesOf } from './shapes.ts';
import type { Meanings } from './shapes.ts';

/*
 * Functions of floats. The reference computes in double and rounds once to the type: `sqrt` is correctly rounded so, the
 * others as nearly as the engine's own functions are. What a backend may differ by is the accuracy table of the WGSL
 * specification, row by row.
 */
type N = number;

const { unary, binary, predicate } = shapesOf('math', '1.0.0');

const inherited = (expression: Expression): ErrorBound => ({ inherited: expression });
const within = (operand: string, from: number, to: number) => ({ where: [{ operand, from, to }] }) as const;
const perType = (f32: ErrorBound, f16: ErrorBound): Accuracy => ({ f16, f32 });

/** The same meaning for f32 and f16: exact on both. */
const exact = (meaning: (a: N) => number): Meanings => ({ f16: meaning, f32: meaning });

const EXP = perType({ ulp: 3, ulpPerMagnitude: 2 }, { ulp: 1, ulpPerMagnitude: 2 });
const LOG = perType(
  { firstOf: [{ absolute: 2 ** -21, ...within('a', 0.5, 2) }, { ulp: 3 }] },
  { firstOf: [{ absolute: 2 ** -7, ...within('a', 0.5, 2) }, { ulp: 3 }] },
);
const CIRCLE = perType({ absolute: 2 ** -11, ...within('a', -Math.PI, Math.PI) }, { absolute: 2 ** -7, ...within('a', -Math.PI, Math.PI) });
/** sqrt(1 - a * a) */
const OTHER_LEG: Expression = ['math.sqrt', ['arith.sub', 1, ['arith.mul', 'a', 'a']]];
const ASIN = inherited(['math.atan2', 'a', OTHER_LEG]);
const ACOS = inherited(['math.atan2', OTHER_LEG, 'a']);
const finiteAngle = (exponent: number, greatest: number) => [
  { operand: 'x', of: 'magnitude', from: 2 ** -exponent, to: 2 ** exponent },
  { operand: 'y', of: 'magnitude', from: 2 ** -exponent, to: greatest },
] as const;
const hyperbolic = (op: 'arith.add' | 'arith.sub'): ErrorBound => inherited(['arith.mul', [op, ['math.exp', 'a'], ['math.exp', ['arith.neg', 'a']]], 0.5]);
/** log(a + sqrt(a * a ± 1)) */
const areaOf = (op: 'arith.add' | 'arith.sub'): ErrorBound => inherited(['math.log', ['arith.add', 'a', ['math.sqrt', [op, ['arith.mul', 'a', 'a'], 1]]]]);

/** Functions of floats, on scalars and, by component, on vectors. */
export const math = defineDialect({
  id: 'math', version: '1.0.0', summary: 'Roots, powers, logarithms, trigonometry, rounding and the classes of floats.',
  ops: [
    unary(
      'math.sqrt', 'Square root; of what is less than 0, NaN.', FLOATS,
      { f16: (a: N) => roundToF16(Math.sqrt(a)), f32: (a: N) => Math.fround(Math.sqrt(a)) },
      { accuracy: inherited(['arith.div', 1, ['math.inverse_sqrt', 'a']]) },
    ),
    unary('math.inverse_sqrt', '1 / sqrt(a).', FLOATS, { f16: (a: N) => roundToF16(1 / Math.sqrt(a)), f32: (a: N) => Math.fround(1 / Math.sqrt(a)) }, { accuracy: { ulp: 2 } }),
    unary('math.reciprocal', '1 / a.', FLOATS, { f16: (a: N) => roundToF16(1 / a), f32: (a: N) => Math.fround(1 / a) }, { accuracy: inherited(['arith.div', 1, 'a']) }),
    unary('math.exp', 'e to the power of a.', FLOATS, { f16: (a: N) => roundToF16(Math.exp(a)), f32: (a: N) => Math.fround(Math.exp(a)) }, { accuracy: EXP }),
    unary('math.exp2', '2 to the power of a.', FLOATS, { f16: (a: N) => roundToF16(Math.pow(2, a)), f32: (a: N) => Math.fround(Math.pow(2, a)) }, { accuracy: EXP }),
    unary(
      'math.log', 'Natural logarithm; of what is less than 0, NaN.', FLOATS,
      { f16: (a: N) => roundToF16(Math.log(a)), f32: (a: N) => Math.fround(Math.log(a)) },
      { accuracy: LOG },
    ),
    unary(
      'math.log2', 'Logarithm to base 2; of what is less than 0, NaN.', FLOATS,
      { f16: (a: N) => roundToF16(Math.log2(a)), f32: (a: N) => Math.fround(Math.log2(a)) },
      { accuracy: LOG },
    ),
    binary(
      'math.pow', 'a to the power of b. A negative a has powers of whole b only; a^0 is 1 for every a; 1 and -1 to an infinite power, and 1 to a NaN, are NaN.', FLOATS,
      { f16: (a: N, b: N) => roundToF16(Math.pow(a, b)), f32: (a: N, b: N) => Math.fround(Math.pow(a, b)) }, { accuracy: inherited(['math.exp2', ['arith.mul', 'b', ['math.log2', 'a']]]) },
    ),
    unary('math.sin', 'Sine of an angle in radians.', FLOATS, { f16: (a: N) => roundToF16(Math.sin(a)), f32: (a: N) => Math.fround(Math.sin(a)) }, { accuracy: CIRCLE }),
    unary('math.cos', 'Cosine of an angle in radians.', FLOATS, { f16: (a: N) => roundToF16(Math.cos(a)), f32: (a: N) => Math.fround(Math.cos(a)) }, { accuracy: CIRCLE }),
    unary(
      'math.tan', 'Tangent of an angle in radians.', FLOATS,
      { f16: (a: N) => roundToF16(Math.tan(a)), f32: (a: N) => Math.fround(Math.tan(a)) },
      { accuracy: inherited(['arith.div', ['math.sin', 'a'], ['math.cos', 'a']]) },
    ),
    unary(
      'math.asin', 'The angle in [-pi/2, pi/2] with this sine; NaN where there is none.', FLOATS,
      { f16: (a: N) => roundToF16(Math.asin(a)), f32: (a: N) => Math.fround(Math.asin(a)) },
      { accuracy: perType({ anyOf: [{ absolute: 6.81e-5 }, ASIN] }, { anyOf: [{ absolute: 3.91e-3 }, ASIN] }) },
    ),
    unary(
      'math.acos', 'The angle in [0, pi] with this cosine; NaN where there is none.', FLOATS,
      { f16: (a: N) => roundToF16(Math.acos(a)), f32: (a: N) => Math.fround(Math.acos(a)) },
      { accuracy: perType({ anyOf: [{ absolute: 6.77e-5 }, ACOS] }, { anyOf: [{ absolute: 3.91e-3 }, ACOS] }) },
    ),
    unary(
      'math.atan', 'The angle in [-pi/2, pi/2] with this tangent.', FLOATS,
      { f16: (a: N) => roundToF16(Math.atan(a)), f32: (a: N) => Math.fround(Math.atan(a)) },
      { accuracy: perType({ ulp: 4096 }, { ulp: 5 }) },
    ),
    unary('math.sinh', 'Hyperbolic sine.', FLOATS, { f16: (a: N) => roundToF16(Math.sinh(a)), f32: (a: N) => Math.fround(Math.sinh(a)) }, { accuracy: hyperbolic('arith.sub') }),
    unary('math.cosh', 'Hyperbolic cosine.', FLOATS, { f16: (a: N) => roundToF16(Math.cosh(a)), f32: (a: N) => Math.fround(Math.cosh(a)) }, { accuracy: hyperbolic('arith.add') }),
    unary(
      'math.tanh', 'Hyperbolic tangent.', FLOATS,
      { f16: (a: N) => roundToF16(Math.tanh(a)), f32: (a: N) => Math.fround(Math.tanh(a)) },
      { accuracy: { anyOf: [{ absolute: 1e-5 }, inherited(['arith.div', ['math.sinh', 'a'], ['math.cosh', 'a']])] } },
    ),
    unary(
      'math.asinh', 'What has this hyperbolic sine.', FLOATS,
      { f16: (a: N) => roundToF16(Math.asinh(a)), f32: (a: N) => Math.fround(Math.asinh(a)) },
      { accuracy: areaOf('arith.add') },
    ),
    unary(
      'math.acosh', 'What has this hyperbolic cosine, and is not less than 0; NaN where there is none.', FLOATS,
      { f16: (a: N) => roundToF16(Math.acosh(a)), f32: (a: N) => Math.fround(Math.acosh(a)) },
      { accuracy: areaOf('arith.sub') },
    ),
    unary(
      'math.atanh', 'What has this hyperbolic tangent; NaN where there is none.', FLOATS, { f16: (a: N) => roundToF16(Math.atanh(a)), f32: (a: N) => Math.fround(Math.atanh(a)) },
      { accuracy: inherited(['arith.mul', ['math.log', ['arith.div', ['arith.add', 1, 'a'], ['arith.sub', 1, 'a']]], 0.5]) },
    ),
    binary(
      'math.atan2', 'The angle of the point (x, y), in [-pi, pi].', FLOATS,
      { f16: (y: N, x: N) => roundToF16(Math.atan2(y, x)), f32: (y: N, x: N) => Math.fround(Math.atan2(y, x)) },
      { accuracy: perType({ ulp: 4096, where: finiteAngle(126, 3.4028234663852886e38) }, { ulp: 5, where: finiteAngle(14, 65504) }) }, ['y', 'x'],
    ),
    unary('math.floor', 'The greatest whole number that is not greater.', FLOATS, exact((a) => Math.floor(a)), { laws: [idempotent(FLOATS)] }),
    unary('math.ceil', 'The least whole number that is not less.', FLOATS, exact((a) => Math.ceil(a)), { laws: [idempotent(FLOATS)] }),
    // From 2^23 on all values are whole; below, adding 2^52 leaves no room for a fraction.
    unary(
      'math.round', 'The nearest whole number, ties to even; a zero keeps its sign.', FLOATS,
      exact((a) => (a > 0 && a < 8388608 ? a + 4503599627370496 - 4503599627370496 : a < 0 && a > -8388608 ? -(4503599627370496 - a - 4503599627370496) : a)), { laws: [idempotent(FLOATS)] },
    ),
    unary('math.trunc', 'The whole part.', FLOATS, exact((a) => Math.trunc(a)), { laws: [idempotent(FLOATS)] }),
    unary(
      'math.fract', 'a - floor(a): rounded, it may be 1 for a small negative a.', FLOATS,
      { f16: (a: N) => roundToF16(a - Math.floor(a)), f32: (a: N) => Math.fround(a - Math.floor(a)) },
      { accuracy: inherited(['arith.sub', 'a', ['math.floor', 'a']]) },
    ),
    unary('math.sign', '1 or -1; a zero or a NaN is its own.', FLOATS, exact((a) => Math.sign(a)), { laws: [idempotent(FLOATS)] }),
    predicate('math.is_nan', 'Whether it is a NaN.', FLOATS, (a: N) => a !== a),
    predicate('math.is_inf', 'Whether it is an infinity.', FLOATS, (a: N) => Math.abs(a) === Infinity),
    predicate('math.is_finite', 'Whether it is neither a NaN nor an infinity.', FLOATS, (a: N) => Math.abs(a) < Infinity),
  ],
});
