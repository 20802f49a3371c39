import { SluiceError } from '@sluice/core';
import type { Allocator, Memory } from '@sluice/core';
import { DEVICE_SPACE, DeviceMemory, READBACK_SPACE, UPLOAD_SPACE, WindowMemory, padded } from './memory.ts';
import type { Block } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';
import { Shelf, capacityFor, refuseTooLarge } from './size-classes.ts';
import { USAGE } from './webgpu.ts';

/** Node 20 has typed arrays of at most 2^32 bytes. */
const LONGEST_ARRAY = 2 ** 32 - 16;

/** Buffers that kernels see. What is reused is cleared on the device. */
export function deviceAllocator(gpu: OpenGpu): Allocator {
  return pooled<DeviceMemory, Block>(gpu, {
    space: DEVICE_SPACE, limit: gpu.handleBytes, kind: DeviceMemory,
    create: (capacity) => gpu.createDeviceBlock(capacity),
    memory(block, byteLength, contents, reused) {
      const from = contents === 'zero' ? 0 : Math.floor(byteLength / 4) * 4;
      if (reused && from < padded(byteLength)) gpu.commands.copies().clearBuffer(block.buffer, from, padded(byteLength) - from);
      return new DeviceMemory(gpu, block, byteLength);
    },
    block: ({ block }) => block,
  });
}

interface MappedBlock extends Block {
  readonly range: ArrayBuffer;
}

/** Mapped buffers that storage writes into. They are mapped again when the copy to the device has ended; one that is not has failed. */
export function uploadAllocator(gpu: OpenGpu): Allocator {
  return pooled<WindowMemory, MappedBlock>(gpu, {
    space: UPLOAD_SPACE, limit: windowBytes(gpu), kind: WindowMemory,
    create: (capacity) => mappedBlock(gpu, capacity),
    memory({ range, ...block }, byteLength, contents, reused) {
      const memory = new WindowMemory(gpu, UPLOAD_SPACE, block, byteLength);
      memory.show(range);
      if (reused) memory.bytes?.fill(0, contents === 'zero' ? 0 : byteLength);
      return memory;
    },
    block({ block, bytes }) {
      return bytes === undefined ? undefined : { ...block, range: bytes.buffer };
    },
  });
}

/** Buffers that the device copies into, and that are mapped then. */
export function readbackAllocator(gpu: OpenGpu): Allocator {
  return pooled<WindowMemory, Block>(gpu, {
    space: READBACK_SPACE, limit: windowBytes(gpu), kind: WindowMemory,
    create: (capacity) => gpu.createBlock(capacity, USAGE.MAP_READ | USAGE.COPY_DST),
    memory: (block, byteLength) => new WindowMemory(gpu, READBACK_SPACE, block, byteLength),
    block(memory) {
      memory.unmap();
      return memory.block;
    },
  });
}

/** Bytes of the largest window: as of all memory, a multiple of 16. */
function windowBytes({ limits }: OpenGpu): number {
  return Math.floor(Math.min(limits.maxBufferSize, LONGEST_ARRAY) / 16) * 16;
}

function mappedBlock(gpu: OpenGpu, capacity: number): MappedBlock {
  try {
    const block = gpu.createBlock(capacity, USAGE.MAP_WRITE | USAGE.COPY_SRC, true);
    return { ...block, range: block.buffer.getMappedRange() };
  } catch (cause) {
    throw new SluiceError({ code: 'wgsl/out-of-memory', family: 'run', message: `${capacity} bytes of mapped memory could not be allocated: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'use smaller chunks, or close device buffers', cause });
  }
}

/** What one space's memory is made of. */
interface Pool<M extends DeviceMemory | WindowMemory, B extends Block> {
  readonly space: string;
  /** Bytes of one buffer at most, a multiple of 16. */
  readonly limit: number;
  readonly kind: abstract new (...args: never[]) => M;
  create(capacity: number): B;
  /** Memory in a block. One that is reused holds what it held before. */
  memory(block: B, byteLength: number, contents: 'any' | 'zero', reused: boolean): M;
  /** The block of memory that was let go; undefined where it is not to be used again. */
  block(memory: M): B | undefined;
}

/** Keeps the buffers of what is released, by size, until it is trimmed or closed. */
function pooled<M extends DeviceMemory | WindowMemory, B extends Block>(gpu: OpenGpu, { space, limit, kind, create, memory: memoryIn, block: blockOf }: Pool<M, B>): Allocator {
  const shelf = new Shelf<B>();
  const trim = () => gpu.destroy(shelf.takeAll().map(({ buffer }) => buffer));
  let closed = false;
  return {
    space,
    limit,
    get kept() {
      return shelf.kept;
    },
    allocate(byteLength, contents): Memory {
      refuseTooLarge(byteLength, limit);
      gpu.health.check();
      const capacity = capacityFor(byteLength, limit);
      const reused = shelf.take(capacity);
      return memoryIn(reused ?? create(capacity), byteLength, contents, reused !== undefined);
    },
    release(memory) {
      if (!(memory instanceof kind)) return;
      const block = blockOf(memory);
      if (block === undefined || closed) gpu.destroy([memory.block.buffer]);
      else shelf.put(block);
    },
    trim,
    close() {
      closed = true;
      trim();
    },
  };
}
