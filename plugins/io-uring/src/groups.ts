import { onAbort } from '@sluice/core';

/** The transfers of one signal, which are cancelled together when it is aborted. */
export interface Group {
  readonly id: number;
  readonly signal: AbortSignal;
  inFlight: number;
  /** Stops listening to the signal. */
  disregard(): void;
}

/**
 * The groups of what is in flight. The last one to run empty goes on listening: mostly the next transfers are its too, and a
 * listener for each transfer would cost more than the transfer.
 */
export class Groups {
  readonly #cancel: (id: number) => void;
  readonly #bySignal = new Map<AbortSignal, Group>();
  #empty: Group | undefined;
  #last = 0;

  /** `cancel` takes the id of a group whose signal is aborted. */
  constructor(cancel: (id: number) => void) {
    this.#cancel = cancel;
  }

  /** A number that no group has. */
  next(): number {
    this.#last = (this.#last + 1) % 2 ** 32;
    return this.#last;
  }

  /** The group of a signal that is not aborted; each `enter` is followed by one `leave`. */
  enter(signal: AbortSignal): Group {
    const group = this.#bySignal.get(signal) ?? this.#make(signal);
    if (group === this.#empty) this.#empty = undefined;
    group.inFlight++;
    return group;
  }

  leave(group: Group): void {
    if (--group.inFlight > 0) return;
    this.close();
    this.#empty = group;
  }

  /** Lets go of the group that is kept. */
  close(): void {
    if (this.#empty === undefined) return;
    this.#empty.disregard();
    this.#bySignal.delete(this.#empty.signal);
    this.#empty = undefined;
  }

  #make(signal: AbortSignal): Group {
    const id = this.next();
    const group: Group = { id, signal, inFlight: 0, disregard: onAbort(signal, () => this.#cancel(id)) };
    this.#bySignal.set(signal, group);
    return group;
  }
}
