/** An order of workgroups and invocations that a seed gives: the same seed, the same order. */
export class Schedule {
  readonly #random: () => number;
  readonly #axes: readonly ((i: number) => number)[];
  readonly #places: Uint32Array;

  /** `groups`: workgroups along each axis; `invocations` of one of them. */
  constructor(seed: number, groups: readonly [number, number, number], invocations: number) {
    this.#random = randomFrom(seed);
    this.#axes = groups.map((count) => permutation(count, this.#random));
    this.#places = Uint32Array.from({ length: invocations }, (_, i) => i);
  }

  /** Which workgroup comes `turn`th along an axis. */
  workgroup(axis: 0 | 1 | 2, turn: number): number {
    return this.#axes[axis]?.(turn) ?? turn;
  }

  /** The invocations of a workgroup, in an order that is new with every call; holds until the next one. */
  invocations(): Uint32Array {
    const places = this.#places;
    for (let i = places.length - 1; i > 0; i--) {
      const j = Math.floor(this.#random() * (i + 1));
      [places[i], places[j]] = [places[j] ?? 0, places[i] ?? 0];
    }
    return places;
  }
}

/** Affine, so that it takes no memory: `count` goes up to 2^32, and the product stays exact. */
function permutation(count: number, random: () => number): (i: number) => number {
  const most = Math.min(count, 2 ** 20);
  let factor = 1 + Math.floor(random() * most);
  while (greatestDivisor(factor, count) !== 1) factor += 1;
  const first = Math.floor(random() * count);
  return (i) => (i * factor + first) % count;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Numbers from 0 up to 1: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
