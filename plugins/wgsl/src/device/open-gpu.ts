import { SluiceError } from '@sluice/core';
import { findAdapter } from './adapter.ts';
import type { AdapterTraits, DeviceLimits } from './adapter.ts';
import { handleBytes } from './capabilities.ts';
import { Commands } from './commands.ts';
import { ByteCopy } from './byte-copy.ts';
import { Health } from './health.ts';
import type { Block } from './memory.ts';
import type { WgslOptions } from './options.ts';
import { refuseTooLarge } from './size-classes.ts';
import { USAGE } from './webgpu.ts';

let serials = 0;

/** A device of WebGPU with all that belongs to it. */
export class OpenGpu {
  readonly device: GPUDevice;
  readonly traits: AdapterTraits;
  readonly health: Health;
  readonly commands: Commands;
  /** Bytes of the largest buffer that a kernel can bind. */
  readonly handleBytes: number;
  readonly byteCopy: ByteCopy;

  constructor(device: GPUDevice, traits: AdapterTraits) {
    this.device = device;
    this.traits = traits;
    this.handleBytes = handleBytes(traits.limits);
    this.health = new Health(device);
    this.commands = new Commands(device, this.health);
    this.byteCopy = new ByteCopy(this);
  }

  get limits(): DeviceLimits {
    return this.traits.limits;
  }

  /** A buffer; where the device has no memory for it, the health of the device says so. */
  createBlock(capacity: number, usage: number, mappedAtCreation = false): Block {
    return { buffer: this.device.createBuffer({ size: capacity, usage, mappedAtCreation }), serial: serials++, capacity };
  }

  /** A buffer that kernels can bind. @throws SluiceError `mem/too-large` */
  createDeviceBlock(capacity: number): Block {
    refuseTooLarge(capacity, this.handleBytes);
    return this.createBlock(capacity, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
  }

  /** Destroys buffers. What is encoded may use them, and is submitted before. */
  destroy(buffers: readonly GPUBuffer[]): void {
    if (buffers.length > 0) this.commands.flush();
    for (const buffer of buffers) buffer.destroy();
  }

  /** Waits for the device, and destroys it with all its buffers. @throws SluiceError what WebGPU reported and no run answered for */
  async close(): Promise<void> {
    if (this.health.lost === undefined) await this.commands.idle();
    this.device.destroy();
    const [first] = this.health.takeAll();
    if (first !== undefined) throw first;
  }
}

/** Asks for the adapter, and for a device with everything that the adapter has of what kernels use. @throws SluiceError `wgsl/no-adapter`, `backend/open-failed` */
export async function openGpu(options: WgslOptions, signal: AbortSignal | undefined): Promise<OpenGpu> {
  const found = await findAdapter(options);
  if (!('adapter' in found)) throw new SluiceError({ code: 'wgsl/no-adapter', family: 'unsupported', message: `there is no adapter any more: ${found.reason}`, fix: found.fix });
  const { adapter, by, traits } = found;
  const device = await adapter.requestDevice({ requiredFeatures: [...traits.features], requiredLimits: { ...traits.limits } });
  if (signal?.aborted === true) {
    device.destroy();
    throw signal.reason;
  }
  const gpu = new OpenGpu(device, traits);
  // In browsers devices live in another process, and tell everything later.
  if (by === 'Dawn') gpu.health.tryMistake();
  return gpu;
}
