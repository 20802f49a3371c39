import type { TracedBuffer } from '../../build/buffer-view.ts';
import type { TracedValue } from '../../build/value.ts';

/*
 * Elements of 8 and 16 bits in words of 32: how they are loaded and stored, written with the front end. `buffer` is seen
 * as u32, `length` counts its small elements.
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

/** Where it cannot be an element: buffers have at most 2^32 - 1. */
const NOWHERE = 0xffffffff;

interface Place {
  readonly inside: V;
  readonly word: V;
  /** By how many bits the element is shifted in its word. */
  readonly shift: V;
  readonly mask: number;
}

function placeOf({ bits }: SmallElement, index: V, length: V): Place {
  const inside = index.lt(length);
  const [wordShift, rest] = bits === 8 ? [2, 3] : [1, 1];
  return { inside, word: inside.select(index.shr(wordShift), NOWHERE), shift: index.and(rest).mul(bits), mask: 2 ** bits - 1 };
}

/** A word that other invocations may be changing in its other elements: a plain load would race with them. */
function wordAt(buffer: TracedBuffer, word: V): V {
  return buffer.type.access === 'read' ? buffer.load(word) : buffer.atomicOr(word, 0);
}

export function load(element: SmallElement, buffer: TracedBuffer, index: V, length: V): V {
  const { word, shift, mask } = placeOf(element, index, length);
  // Out of bounds the word is zero, and zero is zero as every element.
  return element.widen(wordAt(buffer, word).shr(shift).and(mask));
}

/**
 * Flips the bits of the element that differ, and none of the others: invocations that store to different elements of a
 * word do not disturb each other, as its own element is what no other invocation writes.
 */
export function store(element: SmallElement, buffer: TracedBuffer, index: V, length: V, value: V): void {
  const { word, shift, mask } = placeOf(element, index, length);
  const old = wordAt(buffer, word).shr(shift);
  buffer.atomicXor(word, old.xor(element.narrow(value)).and(mask).shl(shift));
}
