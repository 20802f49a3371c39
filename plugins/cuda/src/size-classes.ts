import { padded } from './memory.ts';

/** What direct I/O fills whole, and the driver hands out at least. */
const LEAST = 4096;

/** At most an eighth more than is asked for, so that the last, shorter chunk of a file fits where others were. */
export function capacityFor(byteLength: number): number {
  const least = Math.max(LEAST, padded(byteLength));
  const step = Math.max(LEAST, 2 ** (Math.floor(Math.log2(least)) - 3));
  return Math.ceil(least / step) * step;
}

/** Things that are kept for reuse, by capacity. */
export class Shelf<T extends { readonly capacity: number }> {
  readonly #bySize = new Map<number, T[]>();
  #kept = 0;

  get kept(): number {
    return this.#kept;
  }

  put(thing: T): void {
    const same = this.#bySize.get(thing.capacity);
    if (same === undefined) this.#bySize.set(thing.capacity, [thing]);
    else same.push(thing);
    this.#kept += thing.capacity;
  }

  take(capacity: number): T | undefined {
    const found = this.#bySize.get(capacity)?.pop();
    if (found !== undefined) this.#kept -= capacity;
    return found;
  }

  takeAll(): readonly T[] {
    const all = [...this.#bySize.values()].flat();
    this.#bySize.clear();
    this.#kept = 0;
    return all;
  }
}
