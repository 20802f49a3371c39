import { SluiceError } from '@sluice/core';

export interface CudaOptions {
  /** The device by its number, or by its UUID or the start of that (`GPU-0a1b…`); absent, `SLUICE_CUDA_DEVICE`, or the first one. */
  readonly device?: number | string;
}

/** @throws SluiceError `session/option` */
export function checkOptions({ device }: CudaOptions): void {
  if (device === undefined || (typeof device === 'number' && Number.isSafeInteger(device) && device >= 0) || (typeof device === 'string' && device !== '')) return;
  throw new SluiceError({ code: 'session/option', message: `device is ${JSON.stringify(device)}`, fix: 'give the number of a device, its UUID, or leave it out' });
}

/** What the options leave open, the environment says: as it is now, so that a program may set it before it probes. */
export function deviceChoice({ device }: CudaOptions): number | string {
  return device ?? (process.env['SLUICE_CUDA_DEVICE'] || 0);
}
