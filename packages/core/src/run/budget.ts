import { SluiceError } from '../diagnostics/error.ts';
import type { Allocator } from '../registry/backend.ts';
import { allocateMemory } from './contract.ts';
import { Base } from './memory.ts';
import { onAbort } from './on-abort.ts';

type Contents = 'zero' | 'any';

/** An allocation that waits for memory. */
interface Waiter {
  readonly bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * The session's memory: a budget over the allocators of its spaces. It knows who is at work (runs, tasks, copies), and
 * so whether waiting for memory makes sense: when everyone who is at work waits for memory, somebody must go without.
 */
export class MemoryBudget {
  readonly limit: number;
  #used = 0;
  #atWork = 0;
  readonly #waiters: Waiter[] = [];
  readonly #allocators = new Set<Allocator>();
  /** What allocators threw when memory was given back: reported when the session closes, which is too late for any run. */
  readonly faults: unknown[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that are held. */
  get used(): number {
    return this.#used;
  }

  /** Something that may give memory back goes to work; each `began` is followed by one `ended`. */
  began(): void {
    this.#atWork++;
  }

  ended(): void {
    this.#atWork--;
    this.#wake();
  }

  /**
   * A base of `byteLength` bytes that the caller holds, at once or when the budget allows it. The caller has begun.
   * `stop` ends the wait, with its reason.
   * @throws SluiceError `mem/too-large`; rejects with `mem/budget` when nothing will give memory back
   */
  allocate(allocator: Allocator, byteLength: bigint, contents: Contents, stop?: AbortSignal, handleLimit = Infinity): Base | Promise<Base> {
    const device = Math.min(allocator.limit, handleLimit);
    const most = Math.min(this.limit, device);
    if (byteLength > BigInt(most)) {
      const budget = this.limit < device;
      throw new SluiceError({
        code: 'mem/too-large',
        message: `a buffer of ${byteLength} bytes is over the ${budget ? 'memory budget' : 'limit'} of ${most} bytes`,
        fix: budget ? 'raise the session\'s `memory`, or move the data in chunks' : 'move the data in chunks',
        details: { byteLength: String(byteLength), limit: most },
      });
    }
    const bytes = Number(byteLength);
    if (this.#waiters.length === 0 && this.#fits(bytes)) {
      this.#used += bytes;
      return this.#take(allocator, bytes, contents);
    }
    return this.#turn(bytes, stop).then(() => this.#take(allocator, bytes, contents));
  }

  #fits(bytes: number): boolean {
    return this.#used + bytes <= this.limit;
  }

  /** Waits until `bytes` are reserved. */
  #turn(bytes: number, stop: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let disregard = () => {};
      const resumed = () => {
        this.#atWork++;
        disregard();
      };
      const waiter: Waiter = {
        bytes,
        resolve: () => {
          this.#used += bytes;
          resumed();
          resolve();
        },
        reject: (error) => {
          resumed();
          reject(error);
        },
      };
      const onStop = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        waiter.reject(stop?.reason);
        this.#wake();
      };
      this.#atWork--;
      this.#waiters.push(waiter);
      if (stop?.aborted === true) onStop();
      else {
        disregard = onAbort(stop, onStop);
        this.#wake();
      }
    });
  }

  /** Makes a base of `bytes` that are reserved. */
  #take(allocator: Allocator, bytes: number, contents: Contents): Base {
    try {
      const memory = allocateMemory(allocator, bytes, contents);
      this.#allocators.add(allocator);
      this.#trim();
      return new Base(memory, () => {
        try {
          allocator.release(memory);
        } catch (fault) {
          this.faults.push(fault);
        }
        this.#giveBack(bytes);
      });
    } catch (error) {
      this.#giveBack(bytes);
      throw error;
    }
  }

  #giveBack(bytes: number): void {
    this.#used -= bytes;
    this.#wake();
  }

  /** What is kept for reuse may not add up to more than the budget with what is held. */
  #trim(): void {
    let kept = 0;
    for (const allocator of this.#allocators) kept += allocator.kept ?? 0;
    if (this.#used + kept > this.limit) for (const allocator of this.#allocators) allocator.trim();
  }

  /** Waiters go on in order. When all who are at work wait, the first that fits goes on; when none fits, the last one fails. */
  #wake(): void {
    for (let first = this.#waiters[0]; first !== undefined; first = this.#waiters[0]) {
      if (this.#fits(first.bytes)) this.#waiters.shift()?.resolve();
      else if (this.#atWork > 0) return;
      else {
        const fitting = this.#waiters.findIndex((w) => this.#fits(w.bytes));
        if (fitting >= 0) this.#waiters.splice(fitting, 1)[0]?.resolve();
        else this.#refuse(this.#waiters.pop() as Waiter);
      }
    }
  }

  #refuse(waiter: Waiter): void {
    waiter.reject(new SluiceError({
      code: 'mem/budget',
      message: `${waiter.bytes} bytes more would be over the memory budget of ${this.limit} bytes, ${this.#used} are held, and nothing in flight will give any back`,
      fix: 'raise the session\'s `memory`, close device buffers, or use smaller chunks',
      details: { byteLength: waiter.bytes, used: this.#used, limit: this.limit },
    }));
  }
}
