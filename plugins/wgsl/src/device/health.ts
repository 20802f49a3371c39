import type { SluiceError } from '@sluice/core';
import { lostError, reported } from './errors.ts';

/** What went wrong on a device that no submission answers for. Nothing of it is lost: a run takes it, or closing does. */
export class Health {
  readonly #faults: SluiceError[] = [];
  #lost: SluiceError | undefined;

  constructor(device: GPUDevice) {
    device.addEventListener('uncapturederror', (event) => {
      // Dawn prints what nobody claims.
      event.preventDefault();
      this.#faults.push(reported(event.error));
    });
    void device.lost.then((info) => {
      if (info.reason !== 'destroyed') this.lose(info);
    });
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
