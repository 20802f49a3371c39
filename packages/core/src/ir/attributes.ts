import { SluiceError } from '../diagnostics/error.ts';
import { decodeBf16, decodeF16, encodeBf16, encodeF16 } from './half.ts';
import type { ScalarName, ScalarType, Type } from './types.ts';
import { scalar } from './types.ts';

/** A tagged compile-time value of an op. Scalars are stored as typed bits, so -0.0 and NaN payloads survive. */
export type Attribute =
  | { readonly kind: 'scalar'; readonly type: ScalarType; /** unsigned, of the type's width */ readonly bits: bigint }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'enum'; readonly value: string }
  | { readonly kind: 'type'; readonly type: Type }
  /** The name of a kernel of the same program. */
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Attribute[] };

export type Attributes = Readonly<Record<string, Attribute>>;

export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** A value of a scalar type as JavaScript holds it: 64-bit integers as bigint, bool as boolean, all else number. */
export type ScalarValue = number | bigint | boolean;

/** A value in a register as JavaScript holds it: a scalar, or a frozen array of the components of a vector or the elements of an array. */
export type RuntimeValue = ScalarValue | readonly RuntimeValue[];

const view = new DataView(new ArrayBuffer(8));

/**
 * The bits of `value` as a scalar of type `name`.
 * @throws SluiceError `build/literal-range` for a fraction, an unsafe integer, or a value outside the type.
 */
export function toBits(name: ScalarName, value: ScalarValue): bigint {
  const type = scalar(name);
  switch (type.class) {
    case 'bool':
      if (typeof value !== 'boolean') throw literalRange(name, value);
      return value ? 1n : 0n;
    case 'float':
      if (typeof value !== 'number') throw literalRange(name, value);
      if (name === 'f32') {
        view.setFloat32(0, value);
        return BigInt(view.getUint32(0));
      }
      return BigInt(name === 'bf16' ? encodeBf16(value) : encodeF16(value));
    case 'signed':
    case 'unsigned': {
      if (typeof value === 'boolean') throw literalRange(name, value);
      if (typeof value === 'number' && !Number.isSafeInteger(value)) throw literalRange(name, value);
      const wide = BigInt(value);
      const fits = type.class === 'signed' ? BigInt.asIntN(type.bits, wide) : BigInt.asUintN(type.bits, wide);
      if (fits !== wide) throw literalRange(name, value);
      return BigInt.asUintN(type.bits, wide);
    }
  }
}

/** The JavaScript value of `bits` read as a scalar of type `name`. */
export function fromBits(name: ScalarName, bits: bigint): ScalarValue {
  const type = scalar(name);
  switch (type.class) {
    case 'bool':
      return bits !== 0n;
    case 'float':
      if (name === 'f32') {
        view.setUint32(0, Number(bits));
        return view.getFloat32(0);
      }
      return name === 'bf16' ? decodeBf16(Number(bits)) : decodeF16(Number(bits));
    case 'signed': {
      const value = BigInt.asIntN(type.bits, bits);
      return type.bits === 64 ? value : Number(value);
    }
    case 'unsigned':
      return type.bits === 64 ? BigInt.asUintN(64, bits) : Number(bits);
  }
}

/** A scalar attribute; see `toBits` for what is refused. */
export function scalarAttribute(name: ScalarName, value: ScalarValue): Attribute {
  return { kind: 'scalar', type: scalar(name), bits: toBits(name, value) };
}

/** One text for each attribute, for keys: equal where they are. */
export function attributeKey(a: Attribute): string {
  switch (a.kind) {
    case 'scalar':
      return `${a.type.spelling}:${a.bits.toString(16)}`;
    case 'type':
      return a.type.spelling;
    case 'symbol':
      return a.name;
    case 'list':
      return a.items.map(attributeKey).join('/');
    case 'bool':
    case 'string':
    case 'enum':
      return String(a.value);
  }
}

function literalRange(name: ScalarName, value: ScalarValue): SluiceError {
  return new SluiceError({
    code: 'build/literal-range',
    message: `${typeof value === 'bigint' ? `${value}n` : String(value)} is not a ${name}`,
    fix: name === 'bool' ? 'pass true or false' : name.startsWith('f') || name === 'bf16' ? 'pass a number' : 'pass a bigint or a safe integer within the range of the type',
  });
}
