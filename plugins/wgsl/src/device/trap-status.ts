import { SluiceError } from '@sluice/core';
import type { KernelIr } from '@sluice/core';
import { STATUS_WORDS } from '../lower/lowered.ts';
import type { LoweredKernel, Trap } from '../lower/lowered.ts';
import { mapped } from './mapping.ts';
import type { OpenGpu } from './open-gpu.ts';
import { USAGE } from './webgpu.ts';

const BYTES = STATUS_WORDS * 4;

/** What a kernel writes to, and where the CPU reads it. */
interface StatusRecord {
  readonly status: GPUBuffer;
  readonly copy: GPUBuffer;
}

/** The status records of a kernel that can trap: one for each launch that is under way. */
export class TrapStatus {
  readonly #gpu: OpenGpu;
  readonly #kernel: KernelIr;
  readonly #lowered: Pick<LoweredKernel, 'traps'>;
  readonly #free: StatusRecord[] = [];

  constructor(gpu: OpenGpu, kernel: KernelIr, lowered: Pick<LoweredKernel, 'traps'>) {
    this.#gpu = gpu;
    this.#kernel = kernel;
    this.#lowered = lowered;
  }

  /** Runs what `encode` encodes with a record that is zero, and reads it. @throws SluiceError `run/trap`, `run/zero-step`, and what the device throws */
  async around(signal: AbortSignal, encode: (status: GPUBuffer) => void): Promise<void> {
    const record = this.#free.pop() ?? this.#record();
    let words: Uint32Array;
    try {
      words = await this.#read(record, signal, encode);
    } catch (cause) {
      // It may hold anything, and stay mapped.
      this.#gpu.destroy([record.status, record.copy]);
      throw cause;
    }
    this.#free.push(record);
    const [claimed = 0, number = 0, address = 0, ...invocation] = words;
    if (claimed !== 0) throw this.#trapped(number, address, invocation);
  }

  #record(): StatusRecord {
    const { device } = this.#gpu;
    return {
      status: device.createBuffer({ label: 'status record', size: BYTES, usage: USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST }),
      copy: device.createBuffer({ label: 'status record', size: BYTES, usage: USAGE.MAP_READ | USAGE.COPY_DST }),
    };
  }

  async #read({ status, copy }: StatusRecord, signal: AbortSignal, encode: (status: GPUBuffer) => void): Promise<Uint32Array> {
    const { commands } = this.#gpu;
    commands.copies(signal).clearBuffer(status);
    encode(status);
    commands.copies(signal).copyBufferToBuffer(status, 0, copy, 0, BYTES);
    await commands.done(signal);
    const words = new Uint32Array(await mapped(this.#gpu, copy, 'READ', BYTES)).slice();
    copy.unmap();
    return words;
  }

  #trapped(number: number, address: number, invocation: readonly number[]): SluiceError {
    const { name, span } = this.#kernel;
    const { where, code, tag, message }: Trap = this.#lowered.traps[number - 1] ?? { where: {}, code: 'run/trap', tag: 0, message: '' };
    if (code === 'run/zero-step') return new SluiceError({ code, message, fix: 'give the loop a step that is not 0', where: { span, ...where }, details: { invocation } });
    return new SluiceError({
      code: 'run/trap',
      message: `invocation (${invocation.join(', ')}) of kernel \`${name}\` trapped with tag ${tag} at ${address}${message === '' ? '' : `: ${message}`}`,
      fix: 'see what the kernel says with that tag; what the launch wrote is not to be used',
      where: { span, ...where }, details: { tag, address, invocation },
    });
  }
}
