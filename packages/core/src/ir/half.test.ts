import { describe, expect, test } from 'vitest';
import { fromBits, toBits } from './attributes.ts';
import { decodeBf16, decodeF16, encodeBf16, encodeF16, roundToF16 } from './half.ts';

/** The value of bits by the definition of IEEE formats: sign, exponent of `e` bits, fraction of `f` bits. */
function valueOf(bits: number, e: number, f: number): number {
  const sign = bits >> (e + f) === 0 ? 1 : -1;
  const exponent = (bits >> f) & (2 ** e - 1);
  const fraction = (bits & (2 ** f - 1)) / 2 ** f;
  const bias = 2 ** (e - 1) - 1;
  if (exponent === 2 ** e - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const FORMATS = [
  { name: 'f16', e: 5, f: 10, decode: decodeF16, encode: encodeF16 },
  { name: 'bf16', e: 8, f: 7, decode: decodeBf16, encode: encodeBf16 },
] as const;

describe.each(FORMATS)('$name', ({ name, e, f, decode, encode }) => {
  const infinity = (2 ** e - 1) * 2 ** f;

  test('all 65536 values decode as defined and encode to the same bits; every NaN to the quiet one', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = decode(bits);
      if (!Object.is(value, valueOf(bits, e, f))) expect.fail(`${name} 0x${bits.toString(16)} decodes to ${value}`);
      const expected = Number.isNaN(value) ? infinity + 2 ** (f - 1) : bits;
      if (encode(value) !== expected) expect.fail(`${name} 0x${bits.toString(16)}, ${value}, encodes to 0x${encode(value).toString(16)}`);
      if (fromBits(name, BigInt(bits)) !== value && !Number.isNaN(value)) expect.fail(`fromBits of 0x${bits.toString(16)}`);
      if (toBits(name, value) !== BigInt(expected)) expect.fail(`toBits of ${value}`);
    }
  });

  test('between two neighbours the nearer is taken, half way the even one, and a double beside the middle is not mistaken for it', () => {
    for (let bits = 0; bits < infinity; bits++) {
      const low = decode(bits);
      // Half way to infinity is where the next exponent would begin.
      const middle = low + (bits + 1 === infinity ? low - decode(bits - 1) : decode(bits + 1) - low) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const found = [below(middle), middle, above(middle)].map(encode);
      if (found.join() !== [bits, even, bits + 1].join()) expect.fail(`${name}: around ${middle}, ${found.join()} in place of ${bits},${even},${bits + 1}`);
      if (encode(-middle) !== even + 0x8000) expect.fail(`${name}: ${-middle}`);
    }
  });

  test('zeros keep their sign, and what is smaller than half of the smallest value is a zero of its sign', () => {
    expect([0, -0, 1e-300, -1e-300, 5e-324, -5e-324].map(encode)).toEqual([0, 0x8000, 0, 0x8000, 0, 0x8000]);
    expect([1e300, -1e300, Infinity, -Infinity].map(encode)).toEqual([infinity, infinity + 0x8000, infinity, infinity + 0x8000]);
  });
});

test('roundToF16 is the value that the bits stand for', () => {
  for (const x of [0, -0, 1 / 3, -1 / 3, 65504, 65519.99, 65520, -65520, 2 ** -24, 2 ** -25, 2 ** -25 * 1.0001, 6.1e-5, NaN]) expect(roundToF16(x)).toBe(decodeF16(encodeF16(x)));
});

const double = new Float64Array(1);
const raw = new BigInt64Array(double.buffer);
function above(x: number): number {
  double[0] = x;
  raw[0] = (raw[0] as bigint) + 1n;
  return double[0];
}
function below(x: number): number {
  double[0] = x;
  raw[0] = (raw[0] as bigint) - 1n;
  return double[0];
}
