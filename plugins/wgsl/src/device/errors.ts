import { SluiceError } from '@sluice/core';
import type { Where } from '@sluice/core';

export const CODES = {
  'wgsl/no-adapter': { family: 'unsupported', summary: 'There was an adapter when the backend was probed, and none when it was opened.' },
  'wgsl/rejected-code': { family: 'unsupported', summary: 'The shader compiler refused the WGSL of a kernel, or made no pipeline of it.' },
  'wgsl/validation': { family: 'run', summary: 'WebGPU refused a command: a fault in @sluice/wgsl.' },
  'wgsl/out-of-memory': { family: 'run', summary: 'The device had no memory for a buffer.' },
  'wgsl/internal': { family: 'run', summary: 'WebGPU, or the driver below it, failed.' },
  'wgsl/device-lost': { family: 'run', summary: 'The device was lost: the driver was reset, it timed out, or it was taken away.' },
} as const;

const KINDS = {
  GPUValidationError: { code: 'wgsl/validation', what: 'WebGPU refused a command', fix: 'report it to the authors of @sluice/wgsl, with the message' },
  GPUOutOfMemoryError: { code: 'wgsl/out-of-memory', what: 'the device is out of memory', fix: 'use smaller chunks, close device buffers, or lower the session\'s `memory`' },
  GPUInternalError: { code: 'wgsl/internal', what: 'WebGPU failed', fix: 'see the message; a smaller kernel or another driver may help' },
} as const;

/** An error that WebGPU reported, with its own words inside. */
export function reported(error: GPUError, where?: Where): SluiceError {
  const { code, what, fix } = KINDS[error.constructor.name as keyof typeof KINDS] ?? KINDS.GPUInternalError;
  return new SluiceError({ code, family: 'run', message: `${what}: ${error.message.trim()}`, fix, where, cause: error });
}

export function lostError(info: GPUDeviceLostInfo): SluiceError {
  return new SluiceError({
    code: 'wgsl/device-lost', family: 'run',
    message: `the device was lost (${info.reason}): ${info.message.trim() || 'WebGPU does not say why'}`,
    fix: 'close the session and open another one, which asks for the adapter anew; what was on the device is gone',
    details: { reason: info.reason },
  });
}
