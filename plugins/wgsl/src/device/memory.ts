import type { Memory } from '@sluice/core';
import type { OpenGpu } from './open-gpu.ts';

/** Where kernels compute. */
export const DEVICE_SPACE = 'webgpu';
/** Mapped buffers on their way to the device: whoever has bytes for it writes them here. */
export const UPLOAD_SPACE = 'webgpu-upload';
/** Mapped buffers on their way back. */
export const READBACK_SPACE = 'webgpu-readback';

/** A buffer, as long as it lives; its serial is never another one's. */
export interface Block {
  readonly buffer: GPUBuffer;
  readonly serial: number;
  /** Bytes of the buffer, a multiple of 16. */
  readonly capacity: number;
}

/** Memory that kernels see. */
export class DeviceMemory implements Memory {
  readonly space = DEVICE_SPACE;
  readonly byteLength: number;
  readonly gpu: OpenGpu;
  readonly block: Block;

  constructor(gpu: OpenGpu, block: Block, byteLength: number) {
    this.gpu = gpu;
    this.block = block;
    this.byteLength = byteLength;
  }
}

/** A buffer that the CPU can address while it is mapped: in the one direction from the start on, in the other when a copy into it has ended. */
export class WindowMemory implements Memory {
  readonly space: typeof UPLOAD_SPACE | typeof READBACK_SPACE;
  readonly byteLength: number;
  readonly gpu: OpenGpu;
  readonly block: Block;
  #range: ArrayBuffer | undefined;

  constructor(gpu: OpenGpu, space: WindowMemory['space'], block: Block, byteLength: number) {
    this.gpu = gpu;
    this.space = space;
    this.block = block;
    this.byteLength = byteLength;
  }

  /** The mapped range itself. */
  get bytes(): Uint8Array<ArrayBuffer> | undefined {
    return this.#range === undefined ? undefined : new Uint8Array(this.#range, 0, padded(this.byteLength));
  }

  get mapped(): boolean {
    return this.#range !== undefined;
  }

  /** Takes over what `getMappedRange` gave. */
  show(range: ArrayBuffer): void {
    this.#range = range;
  }

  /** The buffer is handed to the device: whoever still has its bytes has none now. */
  unmap(): void {
    if (this.#range === undefined) return;
    this.#range = undefined;
    this.block.buffer.unmap();
  }
}

/** Bytes that `byteLength` takes: a multiple of 16, and not none. */
export function padded(byteLength: number): number {
  return Math.max(16, Math.ceil(byteLength / 16) * 16);
}

/** A stretch of a buffer of this plugin. */
export interface Stretch<M extends DeviceMemory | WindowMemory = DeviceMemory | WindowMemory> {
  readonly of: M;
  /** Bytes from the start of its buffer. */
  readonly offset: number;
  readonly byteLength: number;
  /** What follows in the buffer, up to a multiple of 16, is padding. */
  readonly toTheEnd: boolean;
}

/** The stretch that a memory of ours, or a view of one, is. @throws RangeError for one that is not */
export function stretchOf<M extends DeviceMemory | WindowMemory>(memory: Memory, kind: abstract new (...args: never[]) => M): Stretch<M> {
  const { of, offset } = memory.view ?? { of: memory, offset: 0 };
  if (!(of instanceof kind)) throw new RangeError(`memory of space ${memory.space} that @sluice/wgsl did not allocate`);
  return { of, offset, byteLength: memory.byteLength, toTheEnd: offset + memory.byteLength === of.byteLength };
}
