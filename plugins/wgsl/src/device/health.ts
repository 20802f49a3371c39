import type { SluiceError } from '@sluice/core';
import { lostError, reported } from './errors.ts';
import { scoped } from './scopes.ts';

/** The label of what is wrong on purpose. */
const MISTAKE = 'a mistake on purpose';

/** What went wrong on a device that no submission answers for. Nothing of it is lost: a run takes it, or closing does. */
export class Health {
  readonly #device: GPUDevice;
  readonly #faults: SluiceError[] = [];
  #lost: SluiceError | undefined;
  /** What the work that is watched is told at once. */
  #heard: SluiceError[] | undefined;
  /** The device tells what a call does wrong before the call returns, as Dawn does in its own process. */
  #atOnce = false;

  constructor(device: GPUDevice) {
    this.#device = device;
    device.addEventListener('uncapturederror', (event) => {
      // Dawn prints what nobody claims.
      event.preventDefault();
      if (this.#heard === undefined && event.error.message.includes(MISTAKE)) return;
      (this.#heard ?? this.#faults).push(reported(event.error));
    });
    void device.lost.then((info) => {
      if (info.reason !== 'destroyed') this.lose(info);
    });
  }

  /**
   * Makes a mistake, to see whether the device tells of it before the call returns: error scopes cost more than a small
   * launch, and are not needed then to know what an error belongs to.
   */
  tryMistake(): void {
    this.#atOnce = this.#hear(() => this.#device.createBuffer({ label: MISTAKE, size: 4, usage: 0 }).destroy()).length > 0;
  }

  /** Does `work`, and gives the first error that WebGPU reports of it. */
  watch(work: () => void): SluiceError | undefined | Promise<SluiceError | undefined> {
    if (this.#atOnce) return this.#hear(work)[0];
    return scoped(this.#device, work).error.then((error) => (error === undefined ? undefined : reported(error)));
  }

  #hear(work: () => void): readonly SluiceError[] {
    const heard: SluiceError[] = [];
    this.#heard = heard;
    try {
      work();
    } finally {
      this.#heard = undefined;
    }
    return heard;
  }

  lose(info: GPUDeviceLostInfo): void {
    this.#lost ??= lostError(info);
  }

  get lost(): SluiceError | undefined {
    return this.#lost;
  }

  /** @throws SluiceError `wgsl/device-lost` */
  check(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  add(fault: SluiceError): void {
    this.#faults.push(fault);
  }

  /** The oldest fault that nobody has answered for yet; whoever takes it does. */
  take(): SluiceError | undefined {
    return this.#lost ?? this.#faults.shift();
  }

  /** All of them, for closing. */
  takeAll(): readonly SluiceError[] {
    return this.#faults.splice(0);
  }
}
