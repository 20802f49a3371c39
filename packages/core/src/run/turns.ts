/** The longest that host code of programs keeps the thread before it lets other work run, in milliseconds. */
const TURN_MS = 16;

const immediate = (globalThis as { setImmediate?: (resume: () => void) => unknown }).setImmediate;
const soon: (resume: () => void) => unknown = immediate ?? ((resume) => setTimeout(resume, 0));

/** Hands the thread over now and then, so that a long host loop can be aborted. */
export class Turns {
  #since = performance.now();

  due(): boolean {
    return performance.now() - this.#since >= TURN_MS;
  }

  /** Lets the event loop run. */
  async pass(): Promise<void> {
    await new Promise<void>((resume) => soon(resume));
    this.#since = performance.now();
  }
}
