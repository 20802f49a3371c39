/*
 * The 16-bit floats, for which JavaScript has no arithmetic before 2025: f16 (11 significant bits, exponents -14 to 15)
 * and bf16 (the upper half of an f32). Each function rounds once, to nearest, ties to even.
 */

/** The f16 value nearest to a double. */
export function roundToF16(x: number): number {
  return round(x, F16);
}

/** The bits of the f16 nearest to a double; of a NaN, the quiet one. */
export function encodeF16(x: number): number {
  const value = round(x, F16);
  if (value !== value) return 0x7e00;
  if (value === Infinity) return 0x7c00;
  if (value === -Infinity) return 0xfc00;
  // The bias of f32 is greater by 112, its fraction longer by 13 bits.
  f32[0] = value * 2 ** -112;
  const bits = word[0] as number;
  return ((bits >>> 16) & 0x8000) | ((bits >>> 13) & 0x7fff);
}

/** The value of f16 bits. */
export function decodeF16(bits: number): number {
  const magnitude = bits & 0x7fff;
  if (magnitude > 0x7c00) return NaN;
  if (magnitude === 0x7c00) return (bits & 0x8000) === 0 ? Infinity : -Infinity;
  word[0] = ((bits & 0x8000) << 16) | (magnitude << 13);
  return (f32[0] as number) * 2 ** 112;
}

/** The bits of the bf16 nearest to a double; of a NaN, the quiet one. */
export function encodeBf16(x: number): number {
  if (x !== x) return 0x7fc0;
  f32[0] = round(x, BF16);
  return (word[0] as number) >>> 16;
}

/** The value of bf16 bits. */
export function decodeBf16(bits: number): number {
  word[0] = bits << 16;
  return f32[0] as number;
}

const f32 = new Float32Array(1);
const word = new Uint32Array(f32.buffer);

interface Format {
  /** From here on, a double rounds to infinity. */
  readonly overflow: number;
  readonly smallestNormal: number;
  /** What the distance of its subnormals is divided by to give that of f32. */
  readonly subnormalScale: number;
  /** 2^(53 - significant bits) */
  readonly shift: number;
}
const F16: Format = { overflow: 65520, smallestNormal: 2 ** -14, subnormalScale: 2 ** 125, shift: 2 ** 42 };
const BF16: Format = { overflow: (2 - 2 ** -8) * 2 ** 127, smallestNormal: 2 ** -126, subnormalScale: 2 ** 16, shift: 2 ** 45 };

function round(x: number, { overflow, smallestNormal, subnormalScale, shift }: Format): number {
  if (x >= overflow) return Infinity;
  if (x <= -overflow) return -Infinity;
  if (Math.abs(x) < smallestNormal) return Math.fround(x / subnormalScale) * subnormalScale;
  // The sum keeps 53 bits, the lowest of which is the last that x may keep; `high`, of 24 bits, is even there, so that ties go to even.
  const high = Math.fround(x) * shift;
  return x + high - high;
}
