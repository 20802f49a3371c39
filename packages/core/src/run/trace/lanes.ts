/** What takes a stretch of time. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/**
 * Puts stretches on lanes so that no two of a lane overlap, on as few lanes as that takes; gives the lane of each, from 0,
 * always the lowest that is free. Takes n log n.
 */
export function lanesFor(stretches: readonly Stretch[]): readonly number[] {
  const order = stretches.map((_, i) => i).sort((a, b) => at(a).start - at(b).start || at(b).end - at(a).end);
  const lanes: number[] = [];
  const busy = new Heap<{ readonly lane: number; readonly end: number }>((a, b) => a.end - b.end);
  const free = new Heap<number>((a, b) => a - b);
  let count = 0;
  for (const i of order) {
    const { start, end } = at(i);
    for (let first = busy.first; first !== undefined && first.end <= start; first = busy.first) {
      free.push(first.lane);
      busy.pop();
    }
    const lane = free.pop() ?? count++;
    lanes[i] = lane;
    busy.push({ lane, end });
  }
  return lanes;

  function at(i: number): Stretch {
    return stretches[i] as Stretch;
  }
}

/** A binary heap with the least element first. */
class Heap<T> {
  readonly #items: T[] = [];
  readonly #order: (a: T, b: T) => number;

  constructor(order: (a: T, b: T) => number) {
    this.#order = order;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let i = items.push(item) - 1;
    for (let up = (i - 1) >> 1; i > 0 && this.#order(item, items[up] as T) < 0; up = (i - 1) >> 1) {
      items[i] = items[up] as T;
      i = up;
    }
    items[i] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const [top] = items;
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down + 1 < items.length && this.#order(items[down + 1] as T, items[down] as T) < 0) down++;
      if (down >= items.length || this.#order(items[down] as T, last) >= 0) break;
      items[i] = items[down] as T;
      i = down;
    }
    items[i] = last;
    return top;
  }
}
