/** Controllers that are kept for later runs: as many as run at once, in most sessions. */
const KEPT = 16;

/**
 * Abort controllers of a session. To make one with its signal costs more than the rest of a small run, so that a run takes
 * over what an earlier one, which was not aborted and has nothing in flight, gave back.
 */
export class Controllers {
  readonly #free: AbortController[] = [];

  /** One whose signal is nobody else's, until it is given back. */
  take(): AbortController {
    return this.#free.pop() ?? new AbortController();
  }

  /** Whoever was handed the signal has done with it. */
  giveBack(controller: AbortController): void {
    if (!controller.signal.aborted && this.#free.length < KEPT) this.#free.push(controller);
  }
}
