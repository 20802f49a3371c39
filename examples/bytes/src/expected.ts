import { open } from 'node:fs/promises';

/** What the program must write for a file, computed without it. */
export interface Expected {
  /** Bytes that were read. */
  readonly byteLength: number;
  /** How often each byte occurs. */
  readonly histogram: BigUint64Array;
  /** CRC-32 as in zlib, a u32. */
  readonly crc32: number;
}

/** Bytes of the file in memory at once. */
const BLOCK = 1 << 20;

/** The byte histogram and CRC-32 of a file of any size, by plain JavaScript, from front to back. Rejects with the signal's reason. */
export async function expectedOf(path: string, signal?: AbortSignal, onProgress?: (byteLength: number) => void): Promise<Expected> {
  const counts = new Float64Array(256); // exact up to 2^53
  const block = new Uint8Array(BLOCK);
  let crc = 0xffffffff;
  let byteLength = 0;
  await using file = await open(path);
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(block, 0, BLOCK, byteLength);
    if (bytesRead === 0) break;
    byteLength += bytesRead;
    onProgress?.(byteLength);
    for (let i = 0; i < bytesRead; i++) {
      const byte = block[i] as number;
      counts[byte] = (counts[byte] as number) + 1;
      crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
    }
  }
  return { byteLength, histogram: BigUint64Array.from(counts, BigInt), crc32: (crc ^ 0xffffffff) >>> 0 };
}

/** The CRC of each byte, by long division with the reflected polynomial. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
