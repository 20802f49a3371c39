import { fromBits, toBits } from '../ir/attributes.ts';
import type { ScalarType } from '../ir/types.ts';
import { isDigit } from './lexer.ts';

/** Significant digits that tell apart all values of a float type, and two less: where the search for the shortest begins. */
const DIGITS: Readonly<Partial<Record<string, readonly [from: number, to: number]>>> = { f32: [6, 9], f16: [3, 5], bf16: [2, 4] };
/** The NaN that `nan` stands for: positive, quiet, with no payload. */
const NAN: Readonly<Partial<Record<string, bigint>>> = { f32: 0x7fc00000n, f16: 0x7e00n, bf16: 0x7fc0n };

/** The literal of a scalar, without its type: the shortest decimal that reads back as these bits, or the bits where none does. */
export function literalText(type: ScalarType, bits: bigint): string {
  switch (type.class) {
    case 'bool':
      return bits === 0n ? 'false' : 'true';
    case 'unsigned':
      return bits <= MAX_SAFE ? String(Number(bits)) : bits.toString();
    case 'signed':
      return String(fromBits(type.name, bits));
    case 'float':
      return floatText(type, bits);
  }
}

function floatText(type: ScalarType, bits: bigint): string {
  const value = fromBits(type.name, bits) as number;
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (value !== value) return bits === NAN[type.name] ? 'nan' : `0x${bits.toString(16)}`;
  if (value === 0) return bits === 0n ? '0' : '-0';
  const exact = String(value);
  if (exact.length <= 8) return exact;
  const [from, to] = DIGITS[type.name] ?? [17, 17];
  for (let digits = from; digits <= to; digits++) {
    const near = Number(value.toPrecision(digits));
    if (toBits(type.name, near) === bits) return String(near);
  }
  return `0x${bits.toString(16)}`;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** What stands where a number may: a sentence that says why it is none, or the bits. */
export type Read = bigint | string;

/**
 * The bits of the literal `text` as a scalar of `type`. Integers: decimal or hexadecimal, with `_` between digits. Floats:
 * decimal, `inf`, `nan`, or hexadecimal for the bits themselves. Decimals are rounded once, to nearest, ties to even.
 */
export function literalBits(type: ScalarType, text: string): Read {
  switch (type.class) {
    case 'bool':
      return text === 'true' ? 1n : text === 'false' ? 0n : 'is not a bool: write true or false';
    case 'signed':
    case 'unsigned':
      return integerBits(type, text);
    case 'float':
      return floatBits(type, text);
  }
}

function integerBits(type: ScalarType, text: string): Read {
  const small = smallInteger(text);
  if (small >= 0 && (type.bits >= 32 || small < 128)) return small < SMALL.length ? (SMALL[small] as bigint) : BigInt(small);
  const [sign, digits] = signed(text);
  const plain = withoutSeparators(digits);
  const hex = plain.startsWith('0x');
  if (!(hex ? isEvery(plain, 2, isHexDigit) : isEvery(plain, 0, isDigit))) return `is not a ${type.spelling}: write an integer`;
  const value = sign * BigInt(plain);
  const fits = type.class === 'signed' ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
  if (fits !== value) return `is not a ${type.spelling}: it is out of range`;
  return BigInt.asUintN(type.bits, value);
}

/** The value of one to nine digits, else -1. */
function smallInteger(text: string): number {
  if (text.length > 9) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (!isDigit(c)) return -1;
    value = value * 10 + c - 48;
  }
  return value;
}

const SMALL: readonly bigint[] = Array.from({ length: 1024 }, (_, i) => BigInt(i));

function floatBits(type: ScalarType, text: string): Read {
  const [sign, digits] = signed(text);
  if (digits === 'inf') return toBits(type.name, Number(sign) * Infinity);
  if (text === 'nan') return NAN[type.name] ?? 'has no NaN';
  if (digits.startsWith('0x')) {
    const plain = withoutSeparators(digits);
    if (text !== digits || !isEvery(plain, 2, isHexDigit)) return `is not a ${type.spelling}: behind 0x stand its bits`;
    const bits = BigInt(plain);
    return bits < 1n << BigInt(type.bits) ? bits : `is not a ${type.spelling}: it has more than ${type.bits} bits`;
  }
  const plain = withoutSeparators(digits);
  const parts = decimalParts(plain);
  if (parts === undefined) return `is not a ${type.spelling}: write a decimal, inf, nan, or its bits as 0x…`;
  const bits = toBits(type.name, Number(sign) * settled(type, Number(plain), parts));
  const value = fromBits(type.name, bits);
  return value === Infinity || value === -Infinity ? `is not a ${type.spelling}: it is out of range; write inf for infinity` : bits;
}

/** The digits and the exponent of a decimal: `digits * 10^exponent`. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

/** `12`, `1.5`, `1.`, `1e-7`; undefined for anything else. */
function decimalParts(text: string): Decimal | undefined {
  const [, whole = '', fraction = '', exponent = '0'] = /^(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  return whole === '' ? undefined : { digits: whole + fraction, exponent: Number(exponent) - fraction.length };
}

/**
 * The double that rounds to what the decimal rounds to. `value` is the decimal rounded to a double, and rounding that
 * again would be wrong in one case: it lies halfway between two values of the type, and the decimal itself does not.
 */
function settled(type: ScalarType, value: number, { digits, exponent }: Decimal): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const [below, above] = [step(value, -1), step(value, 1)];
  const rounded = (x: number) => fromBits(type.name, toBits(type.name, x)) as number;
  if ((rounded(below) + rounded(above)) / 2 !== value || rounded(below) === value) return value;
  // value = numerator / 2^shift; the decimal is digits * 10^exponent. Both are brought to whole numbers.
  const [numerator, shift] = exactly(value);
  const left = BigInt(digits) * 10n ** BigInt(Math.max(0, exponent)) << BigInt(Math.max(0, shift));
  const right = (numerator * 10n ** BigInt(Math.max(0, -exponent))) << BigInt(Math.max(0, -shift));
  return left > right ? above : left < right ? below : value;
}

const double = new DataView(new ArrayBuffer(8));

/** The next double up or down from a positive one. */
function step(value: number, by: 1 | -1): number {
  double.setFloat64(0, value);
  double.setBigInt64(0, double.getBigInt64(0) + BigInt(by));
  return double.getFloat64(0);
}

/** A positive double as numerator / 2^shift. */
function exactly(value: number): readonly [numerator: bigint, shift: number] {
  double.setFloat64(0, value);
  const bits = double.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const fraction = bits & ((1n << 52n) - 1n);
  return exponent === 0 ? [fraction, 1074] : [fraction | (1n << 52n), 1075 - exponent];
}

function signed(text: string): readonly [sign: 1n | -1n, digits: string] {
  const c = text.charCodeAt(0);
  return c === 45 ? [-1n, text.slice(1)] : c === 43 ? [1n, text.slice(1)] : [1n, text];
}

function withoutSeparators(digits: string): string {
  return digits.includes('_') && !digits.endsWith('_') && isDigit(digits.charCodeAt(0)) ? digits.replaceAll('_', '') : digits;
}

function isEvery(text: string, from: number, is: (c: number) => boolean): boolean {
  for (let i = from; i < text.length; i++) if (!is(text.charCodeAt(i))) return false;
  return text.length > from;
}

function isHexDigit(c: number): boolean {
  return isDigit(c) || ((c | 32) >= 97 && (c | 32) <= 102);
}
