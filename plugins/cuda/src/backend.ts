import type { Backend, Capabilities, Device } from '@sluice/core';
import { deviceAllocator, pinnedAllocator } from './allocators.ts';
import { CudaDevice } from './cuda-device.ts';
import { findDevice } from './find-device.ts';
import { DEVICE_SPACE } from './memory.ts';
import { checkOptions } from './options.ts';
import type { CudaOptions } from './options.ts';

export const BACKEND = 'cuda';

/**
 * CUDA's memory as a backend: it owns the space that storage fills, and runs no kernels.
 * @throws SluiceError `session/option`
 */
export function cudaBackend(options: CudaOptions): Backend {
  checkOptions(options);
  return {
    id: BACKEND,
    slot: 'secondaryText',
    role: 'compute',
    // Below what runs kernels on the same device (wgsl, 50), above the reference: what a session uploads belongs where its kernels run.
    rank: 40,
    async probe() {
      const found = findDevice(options);
      if (!('device' in found)) return { available: false, ...found };
      return { available: true, capabilities: capabilities(found.device.bytes), description: found.description };
    },
    async open({ signal }): Promise<Device> {
      signal?.throwIfAborted();
      const device = CudaDevice.acquire(options);
      let open = true;
      return {
        backend: BACKEND,
        allocators: [deviceAllocator(device), pinnedAllocator(device)],
        async close() {
          if (open) device.release();
          open = false;
        },
      };
    },
  };
}

function capabilities(bytes: number): Capabilities {
  return {
    default: { how: 'unavailable', reason: '@sluice/cuda runs no kernels yet: it has the memory of the device, which @sluice/gds and @sluice/io-uring fill' },
    ops: {}, types: {}, limits: { handleBytes: bytes }, spaces: [DEVICE_SPACE],
    floats: { subnormals: 'unspecified', nonFinite: 'unspecified' },
  };
}
