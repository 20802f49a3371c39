/* Bit counting and reordering. Each function is closed, as a meaning is: it refers to its parameters and globals alone. */

/** Bits that are 1 in a 32-bit integer. */
export function popcount32(a: number): number {
  const pairs = a - ((a >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Bits that are 1 in a 64-bit integer. */
export function popcount64(a: bigint): bigint {
  let count = 0n;
  for (let rest = BigInt.asUintN(64, a); rest !== 0n; rest &= rest - 1n) count++;
  return count;
}

export function clz64(a: bigint): bigint {
  const high = Number(BigInt.asUintN(32, a >> 32n));
  return BigInt(high !== 0 ? Math.clz32(high) : 32 + Math.clz32(Number(BigInt.asUintN(32, a))));
}

export function ctz64(a: bigint): bigint {
  const low = Number(BigInt.asUintN(32, a));
  const high = Number(BigInt.asUintN(32, a >> 32n));
  return BigInt(low !== 0 ? 31 - Math.clz32(low & -low) : high !== 0 ? 63 - Math.clz32(high & -high) : 64);
}

/** The bits in reverse order, as an i32. */
export function reverse32(a: number): number {
  let x = a;
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return (x >>> 16) | (x << 16);
}

/** The bits in reverse order, as a u64. */
export function reverse64(a: bigint): bigint {
  let x = BigInt.asUintN(64, a);
  x = ((x >> 1n) & 0x5555555555555555n) | ((x & 0x5555555555555555n) << 1n);
  x = ((x >> 2n) & 0x3333333333333333n) | ((x & 0x3333333333333333n) << 2n);
  x = ((x >> 4n) & 0x0f0f0f0f0f0f0f0fn) | ((x & 0x0f0f0f0f0f0f0f0fn) << 4n);
  x = ((x >> 8n) & 0x00ff00ff00ff00ffn) | ((x & 0x00ff00ff00ff00ffn) << 8n);
  x = ((x >> 16n) & 0x0000ffff0000ffffn) | ((x & 0x0000ffff0000ffffn) << 16n);
  return (x >> 32n) | ((x & 0xffffffffn) << 32n);
}

/** The bytes in reverse order, as a u64. */
export function swap64(a: bigint): bigint {
  let x = BigInt.asUintN(64, a);
  x = ((x >> 8n) & 0x00ff00ff00ff00ffn) | ((x & 0x00ff00ff00ff00ffn) << 8n);
  x = ((x >> 16n) & 0x0000ffff0000ffffn) | ((x & 0x0000ffff0000ffffn) << 16n);
  return (x >> 32n) | ((x & 0xffffffffn) << 32n);
}
