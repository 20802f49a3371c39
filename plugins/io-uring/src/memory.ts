import { SluiceError } from '@sluice/core';
import type { Allocator, Memory } from '@sluice/core';
import { LARGEST } from './pool.ts';
import type { Extent, Pool } from './pool.ts';

/** `Memory` of the pool. Where it starts in its extent is settled by the read that fills it. */
export class PoolMemory implements Memory {
  readonly space = 'host';
  readonly byteLength: number;
  readonly extent: Extent;
  /** Something may still write to it, and nobody will say when that ends. */
  abandoned = false;
  #shift = 0;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(extent: Extent, byteLength: number) {
    this.extent = extent;
    this.byteLength = byteLength;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    this.#bytes ??= shown(this.extent, this.extent.start + this.#shift, this.padded);
    return this.#bytes;
  }

  /** Bytes that `bytes` shows: the padding too. */
  get padded(): number {
    return Math.max(16, Math.ceil(this.byteLength / 16) * 16);
  }

  /** Bytes before the first one, which belong to nobody. */
  get lead(): number {
    return this.#shift;
  }

  /** Bytes after the last one, padding included. */
  get slack(): number {
    return this.extent.capacity - this.#shift - this.byteLength;
  }

  /**
   * Lets the memory start `shift` bytes into its extent, if it fits there and stays 8-byte aligned: a file offset that
   * is no multiple of the block then meets an address that is as far from one. What was in the memory is lost.
   */
  moveTo(shift: number): void {
    const to = shift % 8 === 0 && shift + this.padded <= this.extent.capacity ? shift : 0;
    if (to === this.#shift) return;
    this.#shift = to;
    this.#bytes = undefined;
  }
}

/** The array over a part of an extent: the last one again where it can be, since arrays are slow to make. */
function shown(extent: Extent, start: number, length: number): Uint8Array<ArrayBuffer> {
  if (extent.shown?.byteOffset !== start || extent.shown.length !== length) extent.shown = new Uint8Array(extent.slab.buffer, start, length);
  return extent.shown;
}

/** A session's way to the pool: it knows what the session has not given back. */
export class PoolAllocator implements Allocator {
  readonly space = 'host';
  readonly limit = LARGEST;
  readonly #pool: Pool;
  readonly #taken = new Set<PoolMemory>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  get kept(): number {
    return this.#pool.kept;
  }

  allocate(byteLength: number, contents: 'zero' | 'any'): Memory {
    if (byteLength > LARGEST) throw new SluiceError({ code: 'mem/too-large', message: `${byteLength} bytes are over the limit of ${LARGEST} for one buffer`, fix: 'move the data in chunks' });
    const memory = new PoolMemory(this.#pool.take(byteLength), byteLength);
    if (contents === 'zero' || memory.padded > byteLength) memory.bytes.fill(0, contents === 'zero' ? 0 : byteLength);
    this.#taken.add(memory);
    return memory;
  }

  release(memory: Memory): void {
    if (memory instanceof PoolMemory && this.#taken.delete(memory) && !memory.abandoned) this.#pool.give(memory.extent);
  }

  trim(): void {
    this.#pool.trim();
  }

  /** Gives back what is still taken. */
  close(): void {
    for (const memory of this.#taken) this.release(memory);
  }
}
