import type { TracedBuffer } from '../../build/buffer-view.ts';
import { control } from '../../build/control.ts';
import type { TracedValue } from '../../build/value.ts';
import { scalarAttribute } from '../../ir/attributes.ts';
import { loadedType, scalarCount } from '../../ir/types.ts';
import type { Type } from '../../ir/types.ts';
import { emit, ofScalars, scalarsOf } from '../parts/rows.ts';

/*
 * Elements of 8 and 16 bits, and arrays of such, in words of 32: how they are loaded and stored, written with the front
 * end.
 */
type V = TracedValue;

/** An element type of 8 or 16 bits. */
export interface SmallElement {
  readonly bits: 8 | 16;
  /** The value of the element's bits, which are the low ones of a word and stand alone in it. */
  widen(bits: V): V;
  /** A word whose low bits are those of the element for a value; what the others are does not matter. */
  narrow(value: V): V;
}

const unsigned = (bits: 8 | 16): SmallElement => ({ bits, widen: (b) => b, narrow: (v) => v });
const signed = (bits: 8 | 16): SmallElement => ({ bits, widen: (b) => b.shl(32 - bits).to('i32').shr(32 - bits), narrow: (v) => v.to('u32') });

/** Rounds to nearest even; a NaN becomes the quiet one. */
function toBf16(value: V): V {
  const bits = value.bitcast('u32');
  const rounded = bits.add(bits.shr(16).and(1).add(0x7fff)).shr(16);
  return bits.and(0x7fffffff).gt(0x7f800000).select(0x7fc0, rounded);
}

export const SMALL: Readonly<Record<string, SmallElement>> = {
  u8: unsigned(8),
  i8: signed(8),
  u16: unsigned(16),
  i16: signed(16),
  bf16: { bits: 16, widen: (b) => b.shl(16).bitcast('f32'), narrow: toBf16 },
};

/** A buffer of small elements that is seen as one of u32. */
export interface SmallView {
  readonly of: SmallElement;
  /** `of`, or an array of it. */
  readonly element: Type;
  readonly buffer: TracedBuffer;
  /** Elements. */
  readonly length: V;
}

/** Where it cannot be an element: buffers have at most 2^32 - 1. */
const NOWHERE = 0xffffffff;

interface Place {
  readonly word: V;
  /** By how many bits the scalar is shifted in its word. */
  readonly shift: V;
  readonly mask: number;
}

/** Scalar `k` of an element. */
function placeOf({ of: { bits }, element, length }: SmallView, index: V, k: number): Place {
  const inside = index.lt(length);
  const count = scalarCount(element) ?? 1;
  const at = count === 1 ? index : index.mul(count).add(k);
  const [wordShift, rest] = bits === 8 ? [2, 3] : [1, 1];
  return { word: inside.select(at.shr(wordShift), NOWHERE), shift: at.and(rest).mul(bits), mask: 2 ** bits - 1 };
}

type Read = (buffer: TracedBuffer, word: V) => V;

/** A word that other invocations may be changing in its other elements: a plain load would race with them. */
const wordAt: Read = (buffer, word) => (buffer.type.access === 'read' ? buffer.load(word) : buffer.atomicOr(word, 0));
const uniformWord: Read = (buffer, word) => emit('control.uniform_load', [buffer, word]);

/** The bits of each scalar of an element. Out of bounds the word is zero, and zero is zero as every element. */
function bitsAt(view: SmallView, index: V, read: Read): readonly V[] {
  return Array.from({ length: scalarCount(view.element) ?? 1 }, (_, k) => {
    const { word, shift, mask } = placeOf(view, index, k);
    return read(view.buffer, word).shr(shift).and(mask);
  });
}

/**
 * Flips the bits of the element that differ, and none of the others: invocations that store to different elements of a
 * word do not disturb each other, as its own element is what no other invocation writes.
 */
function storeBits(view: SmallView, index: V, bitsOf: (k: number) => V): void {
  for (let k = 0; k < (scalarCount(view.element) ?? 1); k++) {
    const { word, shift, mask } = placeOf(view, index, k);
    const old = wordAt(view.buffer, word).shr(shift);
    view.buffer.atomicXor(word, old.xor(bitsOf(k)).and(mask).shl(shift));
  }
}

const loaded = (read: Read) => (view: SmallView, index: V): V => ofScalars(loadedType(view.element), bitsAt(view, index, read).map((b) => view.of.widen(b)));
export const load: (view: SmallView, index: V) => V = loaded(wordAt);
export const uniformLoad: (view: SmallView, index: V) => V = loaded(uniformWord);

export function store(view: SmallView, index: V, value: V): void {
  const scalars = scalarsOf(value);
  storeBits(view, index, (k) => view.of.narrow(scalars[k] as V));
}

/**
 * A copy that the workgroup starts as one: each invocation copies elements of its own, at once. What would tell that
 * from a later copy is a race.
 */
export function copy(target: SmallView, targetIndex: V, source: SmallView, sourceIndex: V, count: V, [sx, sy, sz]: readonly [number, number, number]): void {
  const [x, y, z] = (['x', 'y', 'z'] as const).map((axis) => emit('kernel.local_id', [], { axis: { kind: 'enum', value: axis } })) as [V, V, V];
  const loop = control.for as unknown as (range: { readonly from: V; readonly to: V; readonly step: V }, body: (i: V) => void) => void;
  const step = emit('arith.constant', [], { value: scalarAttribute('u32', sx * sy * sz) });
  // A count may be any number: nothing is done beyond the target's end.
  const room = targetIndex.lt(target.length).select(target.length.sub(targetIndex), 0);
  loop({ from: x.add(y.mul(sx)).add(z.mul(sx * sy)), to: count.min(room), step }, (i) => {
    // An index that would wrap stays out of bounds.
    const bits = bitsAt(source, sourceIndex.addSat(i), wordAt);
    storeBits(target, targetIndex.add(i), (k) => bits[k] as V);
  });
}
