import { SluiceError } from '../diagnostics/error.ts';
import type { Memory } from '../registry/backend.ts';
import { MemoryOrder } from './order.ts';

/** Memory that handles point to. It is released when no handle and no task holds it. */
export class Base {
  readonly memory: Memory;
  readonly order = new MemoryOrder();
  /** Counts up when the memory is freed by an op: handles of an older generation are stale. */
  generation = 0;
  /** The pages of a file: no op may write to it. */
  readonly readOnly: boolean;
  /** It was allocated with `init: 'none'`, and written since by launches alone. */
  unwritten = false;
  #holders = 1;
  readonly #release: () => void;

  /** Held once, by whoever made it. */
  constructor(memory: Memory, release: () => void, readOnly = false) {
    this.memory = memory;
    this.readOnly = readOnly;
    this.#release = release;
  }

  hold(): void {
    if (this.#holders === 0) throw new RangeError('memory is held that was released');
    this.#holders++;
  }

  drop(): void {
    if (this.#holders === 0) throw new RangeError('memory is released that nobody holds');
    if (--this.#holders === 0) this.#release();
  }
}

/**
 * - `own`: what the program allocated, whole;
 * - `map`: the pages of a file, whole;
 * - `view`: a slice of another handle, even if it is as long;
 * - `parameter`: the caller's, and not the program's to free.
 */
export type HandleKind = 'own' | 'map' | 'view' | 'parameter';

/** What a `GpuBufferHandle` is at run time: a stretch of a base, as of one generation. */
export class Handle {
  readonly base: Base;
  readonly kind: HandleKind;
  readonly generation: number;
  /** Bytes from the start of the base. */
  readonly offset: number;
  readonly byteLength: number;

  constructor(base: Base, kind: HandleKind = 'own', offset = 0, byteLength: number = base.memory.byteLength) {
    this.base = base;
    this.kind = kind;
    this.generation = base.generation;
    this.offset = offset;
    this.byteLength = byteLength;
  }

  /** False once an op has freed the memory. */
  get live(): boolean {
    return this.generation === this.base.generation;
  }

  slice(offset: number, byteLength: number): Handle {
    return new Handle(this.base, 'view', this.offset + offset, byteLength);
  }

  /** The memory that the handle shows. */
  get memory(): Memory {
    const { memory } = this.base;
    if (this.offset === 0 && this.byteLength === memory.byteLength) return memory;
    const { space, bytes } = memory;
    const view = { space, byteLength: this.byteLength, view: { of: memory, offset: this.offset } };
    return bytes === undefined ? view : { ...view, bytes: bytes.subarray(this.offset, this.offset + this.byteLength) };
  }

  /** The logical bytes; undefined where the CPU cannot address them. */
  get bytes(): Uint8Array<ArrayBuffer> | undefined {
    return this.base.memory.bytes?.subarray(this.offset, this.offset + this.byteLength);
  }
}

export function staleHandle(what: string): SluiceError {
  return new SluiceError({ code: 'mem/stale-handle', message: `${what} is a handle that was freed`, fix: 'free a handle after its last use, or leave it to the session: it frees what nothing uses any more' });
}
