import { byteSize, fromBits, scalar, toBits } from '@sluice/core';
import type { RuntimeValue, ScalarName, ScalarValue, Type } from '@sluice/core';
import { Interval, ONLY_NAN } from './interval.ts';
import type { Known } from './value.ts';

/** An allocation: its bytes, and by byte offset the floats in it whose bits are not settled. */
export class Bytes {
  readonly data: Uint8Array;
  readonly loose = new Map<number, Loose>();

  constructor(data: Uint8Array) {
    this.data = data;
  }
}
/** A float somewhere in memory of which only an interval is known. */
export interface Loose {
  readonly name: ScalarName;
  readonly interval: Interval;
}

/** A handle: a stretch of an allocation. */
export class View {
  readonly kind = 'view';
  readonly base: Bytes;
  readonly offset: number;
  readonly byteLength: number;
  ended = false;

  constructor(base: Bytes, offset = 0, byteLength = base.data.length) {
    this.base = base;
    this.offset = offset;
    this.byteLength = byteLength;
  }

  static of(data: Uint8Array): View {
    return new View(new Bytes(data.slice()));
  }

  /** A copy of what it shows. */
  read(): Bytes {
    const out = new Bytes(this.base.data.slice(this.offset, this.offset + this.byteLength));
    for (const [at, loose] of this.base.loose) if (at >= this.offset && at < this.offset + this.byteLength) out.loose.set(at - this.offset, loose);
    return out;
  }

  write(from: Bytes): void {
    this.base.data.set(from.data, this.offset);
    forget(this.base, this.offset, from.data.length);
    for (const [at, loose] of from.loose) this.base.loose.set(this.offset + at, loose);
  }
}

/** A buffer as a kernel sees it: `count` elements. Bytes of the last element past the end of the view read as zero until stored to, and go nowhere. */
export class BufferRef {
  readonly kind = 'buffer';
  readonly element: Type;
  readonly count: number;
  readonly #view: View;
  readonly #size: number;
  readonly #tail: Bytes | undefined;

  constructor(view: View, element: Type) {
    const size = byteSize(element);
    if (size === undefined) throw new RangeError(`${element.spelling} has no layout`);
    this.#view = view;
    this.#size = size;
    this.element = element;
    this.count = Math.ceil(view.byteLength / size);
    if (view.byteLength % size === 0) return;
    this.#tail = new Bytes(new Uint8Array(size));
    new View(this.#tail).write(this.#partial().read());
  }

  /** Zero where the index is out of bounds. */
  load(index: number): Known {
    const [bytes, at] = index < this.count ? this.#place(index) : [NOWHERE, 0];
    return readElement(bytes, at, this.element);
  }

  /** Nothing where the index is out of bounds. */
  store(index: number, value: Known): void {
    if (index >= this.count) return;
    const [bytes, at] = this.#place(index);
    writeElement(bytes, at, this.element, value);
    const partial = this.#partial();
    if (bytes === this.#tail) partial.write(new View(bytes, 0, partial.byteLength).read());
  }

  /** The part of the last element that the view has. */
  #partial(): View {
    const rest = this.#view.byteLength % this.#size;
    return new View(this.#view.base, this.#view.offset + this.#view.byteLength - rest, rest);
  }

  #place(index: number): [Bytes, number] {
    if (this.#tail !== undefined && index === this.count - 1) return [this.#tail, 0];
    return [this.#view.base, this.#view.offset + index * this.#size];
  }
}

/** As many zeros as any element has. */
const NOWHERE = new Bytes(new Uint8Array(1 << 16));

function readElement(bytes: Bytes, at: number, type: Type): Known {
  if (type.kind === 'scalar') return bytes.loose.get(at)?.interval ?? fromBits(type.name, bitsAt(bytes.data, at, type.bits / 8));
  if (type.kind !== 'vector' && type.kind !== 'array') throw new RangeError(`${type.spelling} has no layout`);
  const step = byteSize(type.element) ?? 0;
  const length = type.kind === 'vector' ? type.size : type.length;
  return Object.freeze(Array.from({ length }, (_, i) => readElement(bytes, at + i * step, type.element)));
}

function writeElement(bytes: Bytes, at: number, type: Type, value: Known): void {
  if (type.kind === 'scalar') return writeScalar(bytes, at, type.name, value);
  if (type.kind !== 'vector' && type.kind !== 'array') throw new RangeError(`${type.spelling} has no layout`);
  const step = byteSize(type.element) ?? 0;
  for (const [i, item] of (value as readonly Known[]).entries()) writeElement(bytes, at + i * step, type.element, item);
}

/** Integers wrap into the element; floats round to it once. A NaN has no particular bits. */
function writeScalar(bytes: Bytes, at: number, name: ScalarName, value: Known): void {
  const type = scalar(name);
  const size = type.bits / 8;
  forget(bytes, at, size);
  if (value instanceof Interval) return void bytes.loose.set(at, { name, interval: name === 'bf16' ? roundedEnds(name, value) : value });
  const exact = value as ScalarValue;
  if (type.class === 'float' && exact !== exact) bytes.loose.set(at, { name, interval: ONLY_NAN });
  const bits = type.class === 'float' ? toBits(name, exact) : BigInt.asUintN(type.bits, BigInt(exact));
  for (let i = 0; i < size; i++) bytes.data[at + i] = Number((bits >> BigInt(8 * i)) & 255n);
}

/** Rounding keeps the order, so the ends stay ends. */
function roundedEnds(name: ScalarName, { lo, hi, nan }: Interval): Interval {
  const rounded = (x: number) => fromBits(name, toBits(name, x)) as number;
  return new Interval(rounded(lo), rounded(hi), nan);
}

function forget(bytes: Bytes, at: number, length: number): void {
  if (bytes.loose.size === 0) return;
  for (const [start, { name }] of bytes.loose) if (start < at + length && at < start + scalar(name).bits / 8) bytes.loose.delete(start);
}

/** Little-endian, unsigned. */
function bitsAt(data: Uint8Array, at: number, size: number): bigint {
  let bits = 0n;
  for (let i = size - 1; i >= 0; i--) bits = (bits << 8n) | BigInt(data[at + i] ?? 0);
  return bits;
}

/** The first difference between what memory must hold and what it does, in words; undefined where there is none. */
export function difference(expected: Bytes, found: Uint8Array): string | undefined {
  if (expected.data.length !== found.length) return `${found.length} bytes, expected ${expected.data.length}`;
  const settled = Uint8Array.from(expected.data);
  for (const [at, { name, interval }] of expected.loose) {
    const { bits } = scalar(name);
    const value = fromBits(name, bitsAt(found, at, bits / 8)) as number;
    if (!interval.holds(value)) return `the ${name} at byte ${at} is ${value}, expected ${String(interval)}`;
    settled.set(found.subarray(at, at + bits / 8), at);
  }
  const at = settled.findIndex((b, i) => b !== found[i]);
  return at < 0 ? undefined : `byte ${at} is ${found[at]}, expected ${settled[at]}: ${hex(found, at)} and not ${hex(settled, at)}`;
}

function hex(data: Uint8Array, around: number): string {
  const from = around - (around % 8);
  return [...data.subarray(from, from + 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
}

/** The bytes of values of a type, one after the other. */
export function encode(type: Type, values: readonly RuntimeValue[]): Uint8Array {
  const size = byteSize(type) ?? 0;
  const bytes = new Bytes(new Uint8Array(size * values.length));
  for (const [i, value] of values.entries()) writeElement(bytes, i * size, type, value);
  return bytes.data;
}

/** The value of a type at a byte. */
export function decode(type: Type, data: Uint8Array, at = 0): RuntimeValue {
  return readElement(new Bytes(data), at, type) as RuntimeValue;
}
