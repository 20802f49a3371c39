import type { Hooks } from '@sluice/core';
import { BACKEND } from '../lower/lowered.ts';
import type { LowerKernel } from '../lower/lowered.ts';
import { wgslBackend } from './backend.ts';
import { CODES } from './errors.ts';
import { DEVICE_SPACE, READBACK_SPACE, UPLOAD_SPACE } from './memory.ts';
import type { WgslOptions } from './options.ts';
import { transfers } from './transfers.ts';

/**
 * What a plugin registers to run kernels on WebGPU, but for the lowerings of ops.
 * @throws SluiceError `session/option`
 */
export function deviceRegistration(options: WgslOptions, lower: LowerKernel): (hooks: Pick<Hooks, 'backend' | 'codes' | 'space' | 'transfer'>) => void {
  const backend = wgslBackend(options, lower);
  return (hooks) => {
    hooks.backend(backend);
    hooks.codes(BACKEND, CODES);
    hooks.space({ id: DEVICE_SPACE, summary: 'buffers of a WebGPU device, which the CPU cannot address' });
    hooks.space({ id: UPLOAD_SPACE, summary: 'mapped WebGPU buffers, on their way to the device', addressable: true });
    hooks.space({ id: READBACK_SPACE, summary: 'WebGPU buffers that are mapped when the device has filled them', addressable: true });
    for (const transfer of transfers) hooks.transfer(transfer);
  };
}
