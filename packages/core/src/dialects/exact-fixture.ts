/*
 * Exact numbers for tests, by BigInt alone: rationals, correct rounding, and the elementary functions to 200 bits. It
 * shares no line with what it judges.
 */

export interface Rational {
  readonly n: bigint;
  /** Positive. */
  readonly d: bigint;
}

/** Sign, exponent and significand of an IEEE format: `digits` bits, exponents from `least` to `greatest`. */
export interface Format {
  readonly digits: number;
  readonly least: number;
  readonly greatest: number;
}
export const FORMATS = { f16: { digits: 11, least: -14, greatest: 15 }, f32: { digits: 24, least: -126, greatest: 127 } } as const;

/** A finite double as it is. */
export function exactly(x: number): Rational {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const significand = exponent === 0 ? fraction : fraction | (1n << 52n);
  const n = bits >> 63n === 1n ? -significand : significand;
  const power = Math.max(exponent, 1) - 1075;
  return power >= 0 ? { n: n << BigInt(power), d: 1n } : { n, d: 1n << BigInt(-power) };
}

export const plus = (a: Rational, b: Rational): Rational => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d });
export const minus = (a: Rational, b: Rational): Rational => plus(a, { n: -b.n, d: b.d });
export const times = (a: Rational, b: Rational): Rational => ({ n: a.n * b.n, d: a.d * b.d });
export const over = (a: Rational, b: Rational): Rational => (b.n < 0n ? { n: -a.n * b.d, d: a.d * -b.n } : { n: a.n * b.d, d: a.d * b.n });

/** The value of the format nearest to `r`, ties to even. A zero is positive: its sign does not follow from `r`. */
export function rounded(r: Rational, { digits, least, greatest }: Format): number {
  const magnitude = r.n < 0n ? -r.n : r.n;
  if (magnitude === 0n) return 0;
  let exponent = length(magnitude) - length(r.d);
  if (scaled(magnitude, -exponent) < scaled(r.d, 0)) exponent--;
  // Subnormals lie as far apart as the smallest normal values do.
  const unit = Math.max(exponent, least) - digits + 1;
  const numerator = unit < 0 ? magnitude << BigInt(-unit) : magnitude;
  const denominator = unit < 0 ? r.d : r.d << BigInt(unit);
  let count = numerator / denominator;
  const rest = 2n * (numerator % denominator);
  if (rest > denominator || (rest === denominator && count % 2n === 1n)) count++;
  const value = Number(count) * 2 ** unit;
  const finite = value <= (2 - 2 ** (1 - digits)) * 2 ** greatest ? value : Infinity;
  return r.n < 0n ? -finite : finite;

  function scaled(x: bigint, by: number): bigint {
    const shift = BigInt(by + Math.max(0, exponent));
    return x << shift;
  }
}

function length(x: bigint): number {
  return x.toString(2).length;
}

/** The square root of a non-negative rational, to so many bits that it rounds as the exact one. */
export function root(r: Rational): Rational {
  const up = BigInt(2 * (300 + length(r.d)));
  const x = (r.n << up) / r.d;
  const s = squareRoot(x);
  // One more bit says that something was cut off.
  return { n: 2n * s + (s * s === x && (x * r.d) >> up === r.n ? 0n : 1n), d: 2n << (up / 2n) };
}

function squareRoot(x: bigint): bigint {
  if (x < 2n) return x;
  let guess = 1n << BigInt(Math.ceil(length(x) / 2));
  for (;;) {
    const next = (guess + x / guess) / 2n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/* Fixed point: a bigint f stands for f / 2^BITS. */
const BITS = 400n;
const ONE = 1n << BITS;

const fixed = ({ n, d }: Rational): bigint => (n << BITS) / d;
const rational = (f: bigint): Rational => ({ n: f, d: ONE });
const mul = (a: bigint, b: bigint) => (a * b) >> BITS;
const div = (a: bigint, b: bigint) => (a << BITS) / b;
const sqrt = (a: bigint) => squareRoot(a << BITS);

/** first + … where each term follows from the one before. */
function series(first: bigint, next: (term: bigint, i: bigint) => bigint, weight: (i: bigint) => bigint = () => 1n): bigint {
  let sum = 0n;
  for (let term = first, i = 0n; term !== 0n && term !== -1n; term = next(term, i++)) sum += term / weight(i);
  return sum;
}

const atanh = (x: bigint) => series(x, (t) => mul(t, mul(x, x)), (i) => 2n * i + 1n);
const LN2 = 2n * atanh(ONE / 3n);
const smallAtan = (x: bigint) => series(x, (t) => -mul(t, mul(x, x)), (i) => 2n * i + 1n);
const PI = 16n * smallAtan(ONE / 5n) - 4n * smallAtan(ONE / 239n);

function exp(x: bigint): bigint {
  const k = x / LN2;
  const r = (x - k * LN2) >> 8n;
  let e = series(ONE, (t, i) => mul(t, r) / (i + 1n));
  for (let i = 0; i < 8; i++) e = mul(e, e);
  return k >= 0n ? e << k : e >> -k;
}

function log(x: bigint): bigint {
  const k = BigInt(length(x)) - BITS;
  const m = k >= 0n ? x >> k : x << -k;
  return k * LN2 + 2n * atanh(div(m - ONE, m + ONE));
}

function sinCos(x: bigint): readonly [bigint, bigint] {
  const turns = x / (2n * PI);
  const r = x - turns * 2n * PI;
  const square = mul(r, r);
  return [series(r, (t, i) => -mul(t, square) / ((2n * i + 2n) * (2n * i + 3n))), series(ONE, (t, i) => -mul(t, square) / ((2n * i + 1n) * (2n * i + 2n)))];
}

function atan(x: bigint): bigint {
  let y = x;
  for (let i = 0; i < 6; i++) y = div(y, ONE + sqrt(ONE + mul(y, y)));
  return 64n * smallAtan(y);
}

function atan2(y: bigint, x: bigint): bigint {
  if (x === 0n) return y < 0n ? -PI / 2n : PI / 2n;
  const angle = atan(div(y, x));
  return x > 0n ? angle : y < 0n ? angle - PI : angle + PI;
}

type Real = (x: bigint) => bigint;
const one = (f: Real) => (x: Rational) => rational(f(fixed(x)));
const otherLeg: Real = (x) => sqrt(ONE - mul(x, x));

/** Elementary functions of values of moderate size, to about 300 bits. */
export const EXACT: Readonly<Record<string, (x: Rational, y: Rational) => Rational>> = {
  exp: one(exp),
  exp2: one((x) => exp(mul(x, LN2))),
  log: one(log),
  log2: one((x) => div(log(x), LN2)),
  sin: one((x) => sinCos(x)[0]),
  cos: one((x) => sinCos(x)[1]),
  tan: one((x) => div(...sinCos(x))),
  asin: one((x) => atan2(x, otherLeg(x))),
  acos: one((x) => atan2(otherLeg(x), x)),
  atan: one(atan),
  sinh: one((x) => (exp(x) - exp(-x)) / 2n),
  cosh: one((x) => (exp(x) + exp(-x)) / 2n),
  tanh: one((x) => div(exp(x) - exp(-x), exp(x) + exp(-x))),
  asinh: one((x) => (x < 0n ? -1n : 1n) * log((x < 0n ? -x : x) + sqrt(mul(x, x) + ONE))),
  acosh: one((x) => log(x + sqrt(mul(x, x) - ONE))),
  atanh: one((x) => log(div(ONE + x, ONE - x)) / 2n),
  pow: (x, y) => rational(exp(mul(fixed(y), log(fixed(x))))),
  atan2: (y, x) => rational(atan2(fixed(y), fixed(x))),
  inverse_sqrt: (x) => over({ n: 1n, d: 1n }, root(x)),
  reciprocal: (x) => over({ n: 1n, d: 1n }, x),
  sqrt: root,
};
