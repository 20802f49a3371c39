import { getSystemErrorName } from 'node:util';
import { SluiceError } from '@sluice/core';

export const CODES = {
  'cuda/no-device': { family: 'unsupported', summary: 'There was a device when the backend was probed, and none when it was opened.' },
  'cuda/out-of-memory': { family: 'run', summary: 'The device had no memory for a buffer.' },
  'cuda/pinning': { family: 'run', summary: 'Host memory, or the pages of a file, could not be made reachable for the device.' },
  'cuda/failed': { family: 'run', summary: 'The driver refused a call.' },
  'cuda/device-lost': { family: 'run', summary: 'The device met an error after which its context is of no use.' },
  'cuda/other-device': { family: 'run', summary: 'Memory of one device was to be copied to another one.' },
} as const;

const OUT_OF_MEMORY = 2;

/** A CUresult with the driver's words for it. */
export interface DriverError {
  readonly result: number;
  readonly name: string;
  readonly text: string;
}

/** The driver refused `what`. */
export function driverError(what: string, { result, name, text }: DriverError): SluiceError {
  const details = { result: name };
  if (result === OUT_OF_MEMORY) {
    return new SluiceError({ code: 'cuda/out-of-memory', family: 'run', message: `${what} failed: ${name}, ${text}`, fix: "use smaller chunks, close device buffers, or lower the session's `memory`; nvidia-smi shows who else uses the device", details });
  }
  return new SluiceError({ code: 'cuda/failed', family: 'run', message: `${what} failed: ${name}, ${text}`, fix: 'see what the driver says; dmesg may say more', details });
}

/** The context is gone, and all that was in it. */
export function lostError(device: string, { name, text }: DriverError): SluiceError {
  return new SluiceError({
    code: 'cuda/device-lost', family: 'run', message: `${device} is lost: ${name}, ${text}`,
    fix: 'start the process anew: a context that met such an error cannot be used again, and what was on the device is gone; dmesg says more (look for Xid)',
    details: { result: name },
  });
}

/** The system, or the driver, would not pin or map memory. */
export function pinningError(what: string, errno: number, driver: DriverError): SluiceError {
  if (errno !== 0) {
    const name = getSystemErrorName(-errno) || `errno ${errno}`;
    return new SluiceError({ code: 'cuda/pinning', family: 'run', message: `${what} failed: ${name}`, fix: name === 'ENOMEM' ? 'free memory, or raise the memory limit of the container' : 'see what the system says', details: { errno: name } });
  }
  return new SluiceError({ code: 'cuda/pinning', family: 'run', message: `${what} failed: ${driver.name}, ${driver.text}`, fix: 'raise the limit on locked memory (ulimit -l), or use smaller chunks', details: { result: driver.name } });
}
