import { decodeBf16, decodeF16, encodeBf16, encodeF16, roundToF16 } from '@sluice/core';

/** How the machine holds values and elements, by type spelling: data that compiling, outlining and binding share. */

export type View = Uint8Array | Int8Array | Uint16Array | Int16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array | Float32Array;

/** What the text of a conversion may refer to beside its operand: a name for a value of this process. */
export interface References {
  reference(value: unknown): string;
}

/** A buffer element type. */
export interface Element {
  readonly bytes: number;
  /** The typed array that holds it: its bits where no typed array converts as a load and a store do. */
  readonly view: new (buffer: ArrayBuffer, byteOffset: number, length: number) => View;
  /** What a load out of bounds gives. */
  readonly zero: string;
  /** The value of an element of that array. */
  load(element: string, to: References): string;
  /** What is put into that array for a value; the array converts the rest of the way. */
  store(value: string, to: References): string;
}

const same = (text: string): string => text;
const plain = { zero: '0', load: same, store: same };
const wide = { zero: '0n', load: same, store: same };

export const elements = bySpelling<Element>({
  i8: { bytes: 1, view: Int8Array, ...plain },
  u8: { bytes: 1, view: Uint8Array, ...plain },
  i16: { bytes: 2, view: Int16Array, ...plain },
  u16: { bytes: 2, view: Uint16Array, ...plain },
  i32: { bytes: 4, view: Int32Array, ...plain },
  u32: { bytes: 4, view: Uint32Array, ...plain },
  i64: { bytes: 8, view: BigInt64Array, ...wide },
  u64: { bytes: 8, view: BigUint64Array, ...wide },
  f16: { bytes: 2, view: Uint16Array, zero: '0', load: (e, to) => `${to.reference(decodeF16)}(${e})`, store: (v, to) => `${to.reference(encodeF16)}(${v})` },
  bf16: { bytes: 2, view: Uint16Array, zero: '0', load: (e, to) => `${to.reference(decodeBf16)}(${e})`, store: (v, to) => `${to.reference(encodeBf16)}(${v})` },
  f32: { bytes: 4, view: Float32Array, ...plain },
});

/** A type that a local variable of the generated code may have. */
export interface Local {
  readonly zero: string;
  /** The same value, in a form from which the engine knows the type. */
  typed(value: string): string;
  /** The value of this type nearest to what text of another package computes; the machine's own is exact as it is. */
  exact(value: string, to: References): string;
  /** The scratch array that carries it between functions. */
  readonly scratch: string;
  /** From and to an element of that array. */
  pack(value: string): string;
  unpack(slot: string): string;
  /** The array whose first element a value is stored to so that it is computed where it stands; see `Machine.pin`. */
  readonly pin?: string;
}

const signed = (v: string): string => `${v} | 0`;
const unsigned = (v: string): string => `${v} >>> 0`;
const rounded = (v: string): string => `Math.fround(${v})`;

export const locals = bySpelling<Local>({
  bool: { zero: 'false', typed: same, exact: (v) => `${v} ? true : false`, scratch: 'F', pack: (v) => `${v} ? 1 : 0`, unpack: (s) => `${s} === 1` },
  i32: { zero: '0', typed: signed, exact: signed, scratch: 'F', pack: same, unpack: signed, pin: 'P' },
  u32: { zero: '0', typed: unsigned, exact: unsigned, scratch: 'F', pack: same, unpack: unsigned, pin: 'P' },
  f16: { zero: '0', typed: rounded, exact: (v, to) => `${to.reference(roundToF16)}(${v})`, scratch: 'F', pack: same, unpack: rounded, pin: 'Q' },
  f32: { zero: '0', typed: rounded, exact: rounded, scratch: 'F', pack: same, unpack: rounded, pin: 'Q' },
  i64: { zero: '0n', typed: same, exact: (v) => `BigInt.asIntN(64, ${v})`, scratch: 'I', pack: same, unpack: same },
  u64: { zero: '0n', typed: same, exact: (v) => `BigInt.asUintN(64, ${v})`, scratch: 'U', pack: same, unpack: same },
});

/** The arrays that generated code keeps for itself, by name. */
export const scratchArrays = { F: 'Float64Array', I: 'BigInt64Array', U: 'BigUint64Array', P: 'Int32Array', Q: 'Float32Array', A: 'Array' } as const;

/** A table without a prototype: a type that is spelt like one of its members is no row. */
function bySpelling<Row>(rows: Readonly<Record<string, Row>>): Readonly<Record<string, Row>> {
  return Object.assign(Object.create(null) as Record<string, Row>, rows);
}
