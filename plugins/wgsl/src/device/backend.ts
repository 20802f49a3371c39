import type { Backend, Device, Probe } from '@sluice/core';
import { BACKEND } from '../lower/lowered.ts';
import type { LowerKernel } from '../lower/lowered.ts';
import { probeAdapter } from './adapter.ts';
import { deviceAllocator, readbackAllocator, uploadAllocator } from './allocators.ts';
import { computeOn } from './compute.ts';
import { openGpu } from './open-gpu.ts';
import { checkOptions } from './options.ts';
import type { WgslOptions } from './options.ts';

/**
 * WebGPU as a backend; `lower` makes WGSL of kernels.
 * @throws SluiceError `session/option`
 */
export function wgslBackend(options: WgslOptions, lower: LowerKernel): Backend {
  checkOptions(options);
  let probed: Promise<Probe> | undefined;
  return {
    id: BACKEND,
    slot: 'primaryText',
    role: 'compute',
    // Above cpu-ref (0); below what is made for one vendor's devices.
    rank: 50,
    probe: () => (probed ??= probeAdapter(options)),
    async open({ signal }): Promise<Device> {
      signal?.throwIfAborted();
      const gpu = await openGpu(options, signal);
      return {
        backend: BACKEND,
        compute: computeOn(gpu, lower),
        allocators: [deviceAllocator(gpu), uploadAllocator(gpu), readbackAllocator(gpu)],
        close: () => gpu.close(),
      };
    },
  };
}
