import type { TracedValue } from '../../build/value.ts';

/*
 * Between f32 and f16, on the bits: to nearest, ties to even, with subnormals of f16, infinities and NaN. Nothing here
 * rounds, and no operand of a float op is subnormal in f32, so that a device which contracts or flushes gives the same.
 * Values may be vectors: nothing branches.
 */
type V = TracedValue;

const SIGN = 0x80000000;
/** The bits of 2^-14, from which on an f16 is normal, of 2^16, and of infinity, as f32. */
const SMALLEST_NORMAL = 0x38800000;
const TOO_LARGE = 0x47800000;
const INFINITE = 0x7f800000;
const QUIET = 0x7fc00000;
/** Bits by which the fraction of f32 is longer; the difference of the biases, where f32 has its exponent. */
const LONGER = 13;
const BIAS = 112 << 23;

interface Rounded {
  readonly sign: V;
  readonly isNan: V;
  /** The f32 bits of the magnitude, rounded as a normal f16: at least 2^16 for what becomes infinite. */
  readonly normal: V;
  readonly isNormal: V;
  /** The magnitude as a subnormal f16, in steps of 2^-24. */
  readonly steps: V;
}

function rounded(value: V): Rounded {
  const bits = value.bitcast('u32');
  const magnitude = bits.and(SIGN - 1);
  const normal = magnitude.add(0xfff).add(magnitude.shr(LONGER).and(1)).and(~0x1fff >>> 0);
  // The significand of 24 bits, shifted so that its unit is 2^-24; from 25 bits on less than a half is left.
  const shift = magnitude.shr(23).min(126).sub(126).neg().min(25);
  const significand = magnitude.and(0x7fffff).or(0x800000);
  const one = shift.xor(shift).add(1);
  const steps = significand.add(one.shl(shift.sub(1)).sub(1)).add(significand.shr(shift).and(1)).shr(shift);
  return { sign: bits.and(SIGN), isNan: magnitude.gt(INFINITE), normal, isNormal: magnitude.ge(SMALLEST_NORMAL), steps };
}

const stepsAsF32 = (steps: V): V => steps.to('f32').mul(2 ** -24).bitcast('u32');

/** The f16 nearest to an f32, as an f32. */
export function roundToF16(value: V): V {
  const { sign, isNan, normal, isNormal, steps } = rounded(value);
  const finite = normal.ge(TOO_LARGE).select(INFINITE, normal);
  const magnitude = isNormal.select(finite, stepsAsF32(steps));
  return isNan.select(QUIET, sign.or(magnitude)).bitcast('f32');
}

/** The bits of the f16 nearest to an f32; of a NaN, the quiet one. */
export function bitsOfF16(value: V): V {
  const { sign, isNan, normal, isNormal, steps } = rounded(value);
  const finite = normal.ge(TOO_LARGE).select(0x7c00, normal.sub(BIAS).shr(LONGER));
  return isNan.select(0x7e00, sign.shr(16).or(isNormal.select(finite, steps)));
}

/** The f32 value of 16 bits, which stand alone in their word. */
export function valueOfF16(bits: V): V {
  const magnitude = bits.and(0x7fff);
  const wide = magnitude.shl(LONGER);
  const normal = magnitude.ge(0x7c00).select(wide.or(INFINITE), wide.add(BIAS));
  return bits.and(0x8000).shl(16).or(magnitude.lt(0x400).select(stepsAsF32(magnitude), normal)).bitcast('f32');
}
