import { SluiceError } from '@sluice/core';
import type { StorageDevice } from '@sluice/core';
import { DeviceMemory } from '@sluice/cuda/device';
import type { Engine } from './engine.ts';
import { GdsFile, errnoProblem } from './file.ts';

const PAGE = 4096n;

/** `map` and `unmap` of a `Storage`: the file's own pages in the page cache, which the device reads over the bus. */
export function mapsOf({ native, device }: Engine): Required<Pick<StorageDevice, 'map' | 'unmap'>> {
  return {
    async map(file, offset, byteLength, signal) {
      if (!(file instanceof GdsFile) || file.closed) throw new SluiceError(errnoProblem('read', file.name, 9));
      file.began();
      try {
        const start = Number(offset % PAGE);
        const block = await device.map(native.descriptorOfFile(file.id), offset - BigInt(start), start + byteLength);
        if (!signal.aborted) return new DeviceMemory(device, block, byteLength, { start, readOnly: true });
        device.free(block);
        throw signal.reason;
      } finally {
        file.ended();
      }
    },
    unmap(memory) {
      if (memory instanceof DeviceMemory) device.free(memory.block);
    },
  };
}
