import type { RuntimeValue } from '../ir/attributes.ts';
import { decodeF16, encodeF16 } from '../ir/half.ts';

/* What u32 words hold of smaller values: the first component in the lowest bits. */

const f32 = new Float32Array(1);
const word = new Uint32Array(f32.buffer);

/** The bits of an f32 value, as a u32. */
export function bitsOfF32(a: number): number {
  f32[0] = a;
  return word[0] as number;
}

/** The f32 value of 32 bits. */
export function bitsAsF32(a: number): number {
  word[0] = a;
  return f32[0] as number;
}

/** How one component becomes bits, and comes back. */
export interface Field {
  readonly bits: 8 | 16;
  /** Its bits; what stands above `bits` of them is cut off. */
  encode(value: number): number;
  /** From the bits, as an unsigned number. */
  decode(bits: number): number;
}

export function pack(values: readonly number[], { bits, encode }: Field): number {
  let packed = 0;
  for (let i = 0; i < values.length; i++) packed |= (encode(values[i] as number) & (2 ** bits - 1)) << (i * bits);
  return packed >>> 0;
}

export function unpack(packed: number, { bits, decode }: Field): RuntimeValue {
  return Object.freeze(Array.from({ length: 32 / bits }, (_, i) => decode((packed >>> (i * bits)) & (2 ** bits - 1))));
}

export const signedField = (bits: 8 | 16): Field => ({ bits, encode: (v) => v, decode: (b) => (b << (32 - bits)) >> (32 - bits) });
export const unsignedField = (bits: 8 | 16): Field => ({ bits, encode: (v) => v, decode: (b) => b });
/** As `field`, of the nearest value that it holds. */
export const saturated = (field: Field, lowest: number, highest: number): Field => ({ ...field, encode: (v) => field.encode(Math.max(lowest, Math.min(highest, v))) });

/** [-1, 1] in steps of 1/(2^(bits-1) - 1), half a step up; what is outside is clamped, NaN is 0. */
export function snormField(bits: 8 | 16): Field {
  const steps = 2 ** (bits - 1) - 1;
  const { decode } = signedField(bits);
  return { bits, encode: (v) => (v !== v ? 0 : Math.floor(0.5 + steps * Math.max(-1, Math.min(1, v)))), decode: (b) => Math.max(-1, Math.fround(decode(b) / steps)) };
}

/** [0, 1] in steps of 1/(2^bits - 1), half a step up; what is outside is clamped, NaN is 0. */
export function unormField(bits: 8 | 16): Field {
  const steps = 2 ** bits - 1;
  return { bits, encode: (v) => (v !== v ? 0 : Math.floor(0.5 + steps * Math.max(0, Math.min(1, v)))), decode: (b) => Math.fround(b / steps) };
}

/** f16, of f16 or f32 values. */
export const f16Field: Field = { bits: 16, encode: encodeF16, decode: decodeF16 };
