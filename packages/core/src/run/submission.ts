import { isSluiceError } from '../diagnostics/error.ts';
import type { Outcome, Storage, Transfer } from '../registry/backend.ts';
import { brokenContract, messageOf } from './faults.ts';
import { checkedOutcome } from './outcome.ts';
import type { Carrier } from './outcome.ts';

interface Pending {
  readonly carrier: Carrier;
  readonly transfer: Transfer;
  complete(outcome: Outcome): void;
}

/** Hands transfers to storage backends: all that become ready at the same moment in one call. */
export class Submissions {
  readonly #signal: () => AbortSignal;
  readonly #pending = new Map<Storage, Pending[]>();

  constructor(signal: () => AbortSignal) {
    this.#signal = signal;
  }

  /** `complete` is called once, with an outcome that was checked, whatever the backend does but never answer. */
  add(carrier: Carrier, transfer: Transfer, complete: (outcome: Outcome) => void): void {
    const { storage } = carrier;
    const batch = this.#pending.get(storage);
    if (batch !== undefined) batch.push({ carrier, transfer, complete });
    else {
      this.#pending.set(storage, [{ carrier, transfer, complete }]);
      // A microtask of its own; `queueMicrotask` of Node makes an AsyncResource for each call, which costs more than the rest of a batch.
      void Promise.resolve().then(() => this.#submit(storage));
    }
  }

  #submit(storage: Storage): void {
    const batch: (Pending | undefined)[] = this.#pending.get(storage) ?? [];
    this.#pending.delete(storage);
    const complete = (index: number, outcome: unknown) => {
      // The first completion counts; one of no transfer of the batch means nothing.
      const pending = typeof index === 'number' ? batch[index] : undefined;
      if (pending === undefined) return;
      batch[index] = undefined;
      pending.complete(checkedOutcome(outcome, pending.carrier, pending.transfer));
    };
    const threw = (cause: unknown) => {
      batch.forEach((pending, i) => {
        if (pending === undefined) return;
        const error = isSluiceError(cause) ? cause : brokenContract(pending.carrier.backend, `threw from submit: ${messageOf(cause)}`, cause);
        complete(i, { ok: false, transferred: 0, error });
      });
    };
    try {
      const returned: unknown = storage.submit(batch.map((p) => (p as Pending).transfer), complete, this.#signal());
      if (returned instanceof Promise) returned.catch(threw);
    } catch (cause) {
      threw(cause);
    }
  }
}
