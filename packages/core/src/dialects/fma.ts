/** x * y + z for f32 or f16 values, in a form that rounds to either type as if the exact value did: see `oddSum`. */
export function exactFma(x: number, y: number, z: number): number {
  // The product of two f32 has 48 bits, which a double holds.
  return oddSum(x * y, z);
}

const double = new Float64Array(1);
const raw = new BigInt64Array(double.buffer);

/**
 * The sum of two doubles, rounded to odd: exact, or the one of the two neighbours whose last bit is 1. Rounding that
 * again to a type of at most 51 bits is as good as rounding the exact sum.
 * Boldo and Melquiond, Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd, 2008.
 */
function oddSum(a: number, b: number): number {
  const sum = a + b;
  // What the sum lost, exactly (Knuth, TAOCP 4.2.2); NaN where it is infinite.
  const ofB = sum - a;
  const lost = a - (sum - ofB) + (b - ofB);
  if (lost === 0 || lost !== lost) return sum;
  double[0] = sum;
  const bits = raw[0] as bigint;
  if ((bits & 1n) === 0n) raw[0] = lost > 0 === sum > 0 ? bits + 1n : bits - 1n;
  return double[0];
}
