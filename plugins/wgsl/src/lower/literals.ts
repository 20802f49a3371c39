import { fromBits, scalar } from '@sluice/core';
import type { Attribute, ScalarType } from '@sluice/core';

/*
 * Literals stand in the code wherever an operand may. WGSL computes what is made of literals alone while it compiles, and
 * refuses overflow, NaN and the like: an expression has an operand at least that is none.
 */

/** A finite number or a bool as a literal; of a float whose bits a literal would not keep, a call of `from_bits_…`. */
export function literalOf(attribute: Attribute | undefined): string | undefined {
  if (attribute?.kind !== 'scalar') return undefined;
  const { type, bits } = attribute;
  // The literal becomes a part of the code: nothing is taken on trust that a kernel made by hand could hold.
  if (scalar(type.name) !== type || typeof bits !== 'bigint' || BigInt.asUintN(type.bits, bits) !== bits) return undefined;
  return LITERALS[type.name]?.(fromBits(type.name, bits) as number, Number(bits), type);
}

const LITERALS: Readonly<Record<string, (value: number, bits: number, type: ScalarType) => string>> = {
  bool: (value) => String(value),
  u32: (value) => `${value}u`,
  // No literal is as great as 2^31 before its sign is seen.
  i32: (value) => (value === -2147483648 ? 'i32(-2147483648)' : value < 0 ? `(${value}i)` : `${value}i`),
  f32: (value, bits) => (isPlain(value, 2 ** -126) ? signed(`${shortest(value)}f`) : `from_bits_f32(0x${bits.toString(16)}u)`),
  f16: (value, bits) => (isPlain(value, 2 ** -14) ? signed(`${shortest(value)}h`) : `from_bits_f16(0x${bits.toString(16)}u)`),
};

const GREATEST = 2 ** 127 * (2 - 2 ** -23);

/** Neither NaN nor infinite nor subnormal, and not -0: a compiler may lose these. */
function isPlain(value: number, least: number): boolean {
  return Object.is(value, 0) || (Number.isFinite(value) && Math.abs(value) >= least);
}

function signed(text: string): string {
  return text.startsWith('-') ? `(${text})` : text;
}

/** The shortest decimal number whose nearest f32 is `value`, and which is no greater than what f32 can be. */
function shortest(value: number): string {
  let text = String(value);
  for (let digits = 1; digits < 9 && text.length > digits; digits++) {
    const tried = Number(value.toPrecision(digits));
    if (Math.fround(tried) !== value || Math.abs(tried) > GREATEST) continue;
    text = String(tried);
    break;
  }
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Whether the text is a literal, and what is made of it alone is computed when the code is compiled. */
export function isLiteral(text: string): boolean {
  return LITERAL.test(text);
}
const LITERAL = /^(?:\(?-?\d[\d.e+-]*[iufh]\)?|i32\(-2147483648\)|true|false)$/;

/** Whether the text is a literal of a float: such are never NaN. */
export function isFloatLiteral(text: string): boolean {
  return /^\(?-?\d.*[fh]\)?$/.test(text);
}

/** The integer that the text is a literal of. */
export function integerOf(text: string): number | undefined {
  if (text === 'i32(-2147483648)') return -2147483648;
  const [, digits] = /^\(?(-?\d+)[iu]\)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether the text is a name, a component or field of one, or a literal: evaluated again, it is the same, and costs nothing. */
export function isAtom(text: string): boolean {
  return /^[A-Za-z][\w.]*$/.test(text) || isLiteral(text);
}
