import type { Memory } from '../registry/backend.ts';

/** The little-endian 64-bit words of memory that the CPU can address. */
export function wordsOf({ bytes = new Uint8Array(0), byteLength }: Memory): BigUint64Array {
  const { buffer, byteOffset } = bytes;
  return byteOffset % 8 === 0 ? new BigUint64Array(buffer, byteOffset, byteLength / 8) : new BigUint64Array(bytes.slice(0, byteLength).buffer);
}
