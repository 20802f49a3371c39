import { SluiceError } from '@sluice/core';
import { padded } from './memory.ts';

/** Creating a buffer costs more than memory: small ones share one size. */
const LEAST = 256;

/** At most an eighth more than is asked for, so that the last, shorter chunk of a file fits where others were. */
export function capacityFor(byteLength: number, limit: number): number {
  const least = Math.max(LEAST, padded(byteLength));
  const step = 2 ** Math.max(4, Math.floor(Math.log2(least)) - 3);
  return Math.min(Math.ceil(least / step) * step, limit);
}

/** @throws SluiceError `mem/too-large` */
export function refuseTooLarge(byteLength: number, limit: number): void {
  if (byteLength <= limit) return;
  throw new SluiceError({ code: 'mem/too-large', message: `${byteLength} bytes are over the adapter's limit of ${limit} for one buffer`, fix: 'move the data in chunks: a host loop with io.dma_from_nvme in it takes constant memory', details: { byteLength, limit } });
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
