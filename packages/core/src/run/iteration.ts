/** What one iteration of a host loop has in flight: the loop lets only so many iterations be in flight. */
export class Iteration {
  readonly outer: Iteration | undefined;
  #open = 0;
  #waiter: (() => void) | undefined;

  constructor(outer: Iteration | undefined) {
    this.outer = outer;
  }

  enter(): void {
    this.#open++;
    this.outer?.enter();
  }

  leave(): void {
    if (--this.#open === 0) this.#waiter?.();
    this.outer?.leave();
  }

  /** Something of it is in flight. */
  get busy(): boolean {
    return this.#open > 0;
  }

  /** Undefined when nothing of it is in flight. Asked for when all of it is issued, by one who waits. */
  idle(): Promise<void> | undefined {
    return this.#open === 0 ? undefined : new Promise((resolve) => (this.#waiter = resolve));
  }
}

/** The iterations of one loop: at most `window` of them in flight. */
export class Flight {
  readonly #window: number;
  readonly #open: Iteration[] = [];

  constructor(window: number) {
    this.#window = window;
  }

  /** Takes in an iteration that was issued; a promise where the oldest must end before the next one may begin. */
  add(iteration: Iteration): Promise<void> | undefined {
    if (!iteration.busy) return undefined;
    this.#open.push(iteration);
    // Several that have ended at once let as many begin without a wait in between: what those submit goes in one batch.
    return this.#open.length >= this.#window ? this.#open.shift()?.idle() : undefined;
  }
}
