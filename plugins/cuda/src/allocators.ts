import { SluiceError, isSluiceError } from '@sluice/core';
import type { Allocator } from '@sluice/core';
import type { Block, CudaDevice } from './cuda-device.ts';
import { DEVICE_SPACE, DeviceMemory, PINNED_SPACE, PinnedMemory, padded } from './memory.ts';
import { Shelf, capacityFor } from './size-classes.ts';

/** Node 20 has typed arrays of at most 2^32 bytes. */
const LONGEST_ARRAY = 2 ** 32 - 2 ** 20;

/** Device memory, of the driver's plain allocator: nvidia-fs pins its pages, and keeps them pinned as long as a block is kept. */
export function deviceAllocator(device: CudaDevice): Allocator {
  return pooled<DeviceMemory>(device, {
    space: DEVICE_SPACE, limit: device.traits.bytes, kind: DeviceMemory,
    create: (capacity) => device.allocate(capacity),
    memory(block, byteLength, contents) {
      const memory = new DeviceMemory(device, block, byteLength);
      const from = contents === 'zero' ? 0 : byteLength;
      if (from < padded(byteLength)) memory.clear(from, padded(byteLength) - from);
      return memory;
    },
  });
}

/** Pinned memory: what fills memory of space `host` reads straight into it. */
export function pinnedAllocator(device: CudaDevice): Allocator {
  return pooled<PinnedMemory>(device, {
    space: PINNED_SPACE, limit: LONGEST_ARRAY, kind: PinnedMemory,
    create: (capacity) => device.pin(capacity),
    memory(block, byteLength, contents) {
      const memory = new PinnedMemory(device, block, byteLength);
      memory.bytes.fill(0, contents === 'zero' ? 0 : byteLength);
      return memory;
    },
  });
}

/** What one space's memory is made of. */
interface Pool<M> {
  readonly space: string;
  readonly limit: number;
  readonly kind: abstract new (...args: never[]) => M;
  create(capacity: number): Block;
  memory(block: Block, byteLength: number, contents: 'any' | 'zero'): M;
}

/** Keeps the blocks of what is released, by size, until it is trimmed or closed. It knows what is still out. */
function pooled<M extends DeviceMemory | PinnedMemory>(device: CudaDevice, { space, limit, kind, create, memory: memoryIn }: Pool<M>): Allocator {
  const shelf = new Shelf<Block>();
  const taken = new Set<M>();
  const trim = () => shelf.takeAll().forEach((block) => device.free(block));

  /** Where there is no room, what is kept goes first. */
  function made(capacity: number): Block {
    try {
      return create(capacity);
    } catch (error) {
      if (shelf.kept === 0 || !isSluiceError(error) || error.code === 'cuda/device-lost') throw error;
      trim();
      return create(capacity);
    }
  }
  return {
    space,
    limit,
    get kept() {
      return shelf.kept;
    },
    allocate(byteLength, contents) {
      if (byteLength > limit) throw new SluiceError({ code: 'mem/too-large', message: `${byteLength} bytes are over the limit of ${limit} for one buffer in ${space}`, fix: 'move the data in chunks: a host loop with io.dma_from_nvme in it takes constant memory', details: { byteLength, limit } });
      device.check();
      const capacity = capacityFor(byteLength);
      const memory = memoryIn(shelf.take(capacity) ?? made(capacity), byteLength, contents);
      taken.add(memory);
      return memory;
    },
    release(memory) {
      if (memory instanceof kind && taken.delete(memory)) shelf.put(memory.block);
    },
    trim,
    close() {
      trim();
      for (const { block } of taken) device.free(block);
      taken.clear();
    },
  };
}
