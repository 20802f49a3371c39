import { SluiceError } from '@sluice/core';
import { errnoName } from './denied.ts';
import type { MappedSlab, Ring } from './native.ts';

/** A stretch of a slab. Starts at a multiple of 4096 bytes, or of 512 where it is smaller than 4096. */
export interface Extent {
  readonly slab: Slab;
  readonly start: number;
  readonly capacity: number;
  /** The array that last showed it. */
  shown?: Uint8Array<ArrayBuffer>;
}

/** Memory that was mapped, faulted in and registered at once. */
export interface Slab {
  readonly id: number;
  readonly buffer: ArrayBuffer;
  readonly bytes: number;
  /** The ring has registered it. */
  readonly registered: boolean;
  /** Stretches that nobody has, by start; neighbours are merged. */
  free: { start: number; length: number }[];
  /** Extents that somebody has. */
  taken: number;
}

const PAGE = 4096;
const BLOCK = 512;
const FIRST_SLAB = 32 * 2 ** 20;
const LARGEST_STEP = 256 * 2 ** 20;
/** Node 20 has typed arrays below 2^32 bytes; slabs are multiples of 2 MiB. */
const LARGEST_SLAB = 2 ** 32 - 2 ** 21;
export const LARGEST = LARGEST_SLAB - 2 ** 21;
/** From here on an extent has a page more than is asked for, so that a read can start anywhere in its first page. */
const ROOMY = 64 * 2 ** 10;

/**
 * The one pool of a ring: slabs that grow with what is needed, and a free list over them. What is given back is kept
 * by size for the next one, and merged again when another size is needed.
 */
export class Pool {
  readonly #ring: Ring;
  #slabs: Slab[] = [];
  readonly #bins = new Map<number, Extent[]>();
  readonly #ids = new WeakMap<ArrayBuffer, number>();
  #mapped = 0;
  #kept = 0;
  #pages: MappedSlab['pages'] | undefined;
  #registration = 0;

  constructor(ring: Ring) {
    this.#ring = ring;
    this.#grow(FIRST_SLAB, FIRST_SLAB);
  }

  /** Bytes that are mapped. */
  get mapped(): number {
    return this.#mapped;
  }

  /** The pages of the smallest kind that it had to take. */
  get pages(): MappedSlab['pages'] {
    return this.#pages ?? 'small';
  }

  /** The errno for which the ring refused to register memory, the last one; 0 if it took all. */
  get registration(): number {
    return this.#registration;
  }

  /** Bytes of what is mapped that the ring has registered. */
  get registered(): number {
    return this.#slabs.reduce((sum, slab) => sum + (slab.registered ? slab.bytes : 0), 0);
  }

  /** Bytes of slabs that nobody has anything of: what `trim` unmaps. */
  get kept(): number {
    return this.#kept;
  }

  /** The slab behind memory of the pool. */
  slabOf(buffer: ArrayBuffer): number | undefined {
    return this.#ids.get(buffer);
  }

  /** @throws SluiceError `mem/too-large` */
  take(byteLength: number): Extent {
    const capacity = capacityFor(byteLength);
    const found = this.#bins.get(capacity)?.pop() ?? this.#carve(capacity) ?? this.#carveMerged(capacity) ?? this.#carveNew(capacity);
    if (found.slab.taken++ === 0) this.#kept -= found.slab.bytes;
    return found;
  }

  give(extent: Extent): void {
    if (--extent.slab.taken === 0) this.#kept += extent.slab.bytes;
    const same = this.#bins.get(extent.capacity);
    if (same === undefined) this.#bins.set(extent.capacity, [extent]);
    else same.push(extent);
  }

  /** Unmaps the slabs that nobody has anything of. */
  trim(): void {
    this.#merge();
    const unused = this.#slabs.filter((slab) => slab.taken === 0);
    this.#slabs = this.#slabs.filter((slab) => slab.taken > 0);
    for (const slab of unused) this.#unmap(slab);
    this.#kept = 0;
  }

  /** Unmaps everything. */
  close(): void {
    for (const slab of this.#slabs) this.#unmap(slab);
    this.#slabs = [];
    this.#bins.clear();
  }

  #unmap(slab: Slab): void {
    this.#mapped -= slab.bytes;
    this.#ring.unmap(slab.id, slab.buffer);
  }

  #carve(capacity: number): Extent | undefined {
    const alignment = capacity < PAGE ? BLOCK : PAGE;
    for (const slab of this.#slabs) {
      for (let i = 0; i < slab.free.length; i++) {
        const hole = slab.free[i];
        if (hole === undefined) continue;
        const start = Math.ceil(hole.start / alignment) * alignment;
        const left = hole.start + hole.length - (start + capacity);
        if (left < 0) continue;
        const around = [{ start: hole.start, length: start - hole.start }, { start: start + capacity, length: left }];
        slab.free.splice(i, 1, ...around.filter((h) => h.length > 0));
        return { slab, start, capacity };
      }
    }
    return undefined;
  }

  #carveMerged(capacity: number): Extent | undefined {
    this.#merge();
    return this.#carve(capacity);
  }

  #carveNew(capacity: number): Extent {
    this.#grow(capacity, Math.max(FIRST_SLAB, Math.min(this.#mapped, LARGEST_STEP)));
    return this.#carve(capacity) as Extent;
  }

  /** Makes holes again of what is kept by size. */
  #merge(): void {
    if (this.#bins.size === 0) return;
    for (const extents of this.#bins.values()) for (const { slab, start, capacity } of extents) slab.free.push({ start, length: capacity });
    this.#bins.clear();
    for (const slab of this.#slabs) {
      slab.free.sort((a, b) => a.start - b.start);
      const merged: Slab['free'] = [];
      for (const hole of slab.free) {
        const last = merged.at(-1);
        if (last !== undefined && last.start + last.length === hole.start) last.length += hole.length;
        else merged.push(hole);
      }
      slab.free = merged;
    }
  }

  #grow(least: number, wanted: number): void {
    let mapped = this.#ring.map(Math.max(least, wanted), LARGEST_SLAB);
    if (mapped.errno !== 0 && wanted > least) mapped = this.#ring.map(least, LARGEST_SLAB);
    if (mapped.errno !== 0) {
      throw new SluiceError({
        code: 'mem/too-large',
        message: `${least} bytes more for the I/O pool, which has ${this.#mapped}, could not be mapped: ${errnoName(mapped.errno)}`,
        fix: 'free memory, raise the memory limit of the container, or move the data in smaller chunks',
        details: { byteLength: least, mapped: this.#mapped, errno: errnoName(mapped.errno) },
      });
    }
    const { slab: id, buffer, pages, registration } = mapped;
    this.#kept += buffer.byteLength;
    this.#slabs.push({ id, buffer, bytes: buffer.byteLength, registered: registration === 0, free: [{ start: 0, length: buffer.byteLength }], taken: 0 });
    this.#ids.set(buffer, id);
    this.#mapped += buffer.byteLength;
    if (this.#pages === undefined || pages !== 'hugetlb') this.#pages = this.#pages === 'small' ? 'small' : pages;
    if (registration !== 0) this.#registration = registration;
  }
}

function capacityFor(byteLength: number): number {
  if (byteLength <= PAGE - BLOCK) return Math.max(BLOCK, Math.ceil(byteLength / BLOCK) * BLOCK);
  return Math.ceil(byteLength / PAGE) * PAGE + (byteLength >= ROOMY ? PAGE : 0);
}
