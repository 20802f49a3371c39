import { SluiceError } from '@sluice/core';
import type { Allocator, Memory } from '@sluice/core';
import { DEVICE_SPACE, DeviceMemory, READBACK_SPACE, UPLOAD_SPACE, WindowMemory, padded } from './memory.ts';
import type { Block } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';
import { Shelf, capacityFor } from './size-classes.ts';
import { MAP, USAGE } from './webgpu.ts';

/** Node 20 has typed arrays of at most 2^32 bytes. */
const LONGEST_ARRAY = 2 ** 32 - 16;

/** Buffers that kernels see. What is reused is cleared on the device. */
export function deviceAllocator(gpu: OpenGpu): Allocator {
  const limit = gpu.handleBytes;
  const shelf = new Shelf<Block>();
  const destroy = () => destroyAll(gpu, shelf.takeAll());
  return {
    space: DEVICE_SPACE,
    limit,
    get kept() {
      return shelf.kept;
    },
    allocate(byteLength, contents): Memory {
      refuseTooLarge(byteLength, limit);
      gpu.health.check();
      const capacity = capacityFor(byteLength, limit);
      const reused = shelf.take(capacity);
      const block = reused ?? gpu.createBlock(capacity, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
      if (reused !== undefined) {
        const from = contents === 'zero' ? 0 : Math.floor(byteLength / 4) * 4;
        if (from < padded(byteLength)) gpu.commands.copies().clearBuffer(block.buffer, from, padded(byteLength) - from);
      }
      return new DeviceMemory(gpu, block, byteLength);
    },
    release(memory) {
      if (memory instanceof DeviceMemory) shelf.put(memory.block);
    },
    trim: destroy,
    close: destroy,
  };
}

interface MappedBlock extends Block {
  readonly range: ArrayBuffer;
}

/** Mapped buffers that storage writes into. They are mapped again when the copy to the device has ended. */
export function uploadAllocator(gpu: OpenGpu): Allocator {
  const limit = Math.min(gpu.limits.maxBufferSize, LONGEST_ARRAY);
  const shelf = new Shelf<MappedBlock>();
  const destroy = () => destroyAll(gpu, shelf.takeAll());
  let closed = false;
  return {
    space: UPLOAD_SPACE,
    limit,
    get kept() {
      return shelf.kept;
    },
    allocate(byteLength, contents): Memory {
      refuseTooLarge(byteLength, limit);
      gpu.health.check();
      const capacity = capacityFor(byteLength, limit);
      const reused = shelf.take(capacity);
      const { range, ...block } = reused ?? mappedBlock(gpu, capacity);
      const memory = new WindowMemory(gpu, UPLOAD_SPACE, block, byteLength);
      memory.show(range);
      if (reused !== undefined) memory.bytes?.fill(0, contents === 'zero' ? 0 : byteLength);
      return memory;
    },
    release(memory) {
      if (!(memory instanceof WindowMemory)) return;
      const range = memory.bytes?.buffer;
      if (range === undefined || closed) destroyAll(gpu, [memory.block]);
      else shelf.put({ ...memory.block, range });
    },
    trim: destroy,
    close() {
      closed = true;
      destroy();
    },
  };
}

function mappedBlock(gpu: OpenGpu, capacity: number): MappedBlock {
  try {
    const block = gpu.createBlock(capacity, USAGE.MAP_WRITE | USAGE.COPY_SRC, true);
    return { ...block, range: block.buffer.getMappedRange() };
  } catch (cause) {
    throw new SluiceError({ code: 'wgsl/out-of-memory', family: 'run', message: `${capacity} bytes of mapped memory could not be allocated: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'use smaller chunks, or close device buffers', cause });
  }
}

/** Buffers that the device copies into, and that are mapped then. */
export function readbackAllocator(gpu: OpenGpu): Allocator {
  const limit = Math.min(gpu.limits.maxBufferSize, LONGEST_ARRAY);
  const shelf = new Shelf<Block>();
  const destroy = () => destroyAll(gpu, shelf.takeAll());
  return {
    space: READBACK_SPACE,
    limit,
    get kept() {
      return shelf.kept;
    },
    allocate(byteLength): Memory {
      refuseTooLarge(byteLength, limit);
      gpu.health.check();
      const capacity = capacityFor(byteLength, limit);
      const block = shelf.take(capacity) ?? gpu.createBlock(capacity, USAGE.MAP_READ | USAGE.COPY_DST);
      return new WindowMemory(gpu, READBACK_SPACE, block, byteLength);
    },
    release(memory) {
      if (!(memory instanceof WindowMemory)) return;
      memory.unmap();
      shelf.put(memory.block);
    },
    trim: destroy,
    close: destroy,
  };
}

/** Maps a window again, so that it can be filled or read. */
export async function remap(memory: WindowMemory): Promise<void> {
  const { buffer, capacity } = memory.block;
  const upload = memory.space === UPLOAD_SPACE;
  const size = upload ? capacity : padded(memory.byteLength);
  try {
    await buffer.mapAsync(upload ? MAP.WRITE : MAP.READ, 0, size);
  } catch (cause) {
    throw memory.gpu.health.take() ?? new SluiceError({ code: 'wgsl/internal', family: 'run', message: `a buffer could not be mapped: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'see the message', cause });
  }
  memory.show(buffer.getMappedRange(0, size));
}

function refuseTooLarge(byteLength: number, limit: number): void {
  if (byteLength <= limit) return;
  throw new SluiceError({ code: 'mem/too-large', message: `${byteLength} bytes are over the adapter's limit of ${limit} for one buffer`, fix: 'move the data in chunks: a host loop with io.dma_from_nvme in it takes constant memory', details: { byteLength, limit } });
}

/** Commands that are encoded and not submitted may use them. */
function destroyAll(gpu: OpenGpu, blocks: readonly Block[]): void {
  if (blocks.length > 0) gpu.commands.flush();
  for (const { buffer } of blocks) buffer.destroy();
}
