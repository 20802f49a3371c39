import fc from 'fast-check';

/**
 * A statement before it is one: numbers that are read modulo what can be chosen where it stands. So every recipe makes a
 * valid program, and fast-check shrinks recipes: fewer statements, smaller numbers, first choices.
 */
export interface Recipe {
  readonly picks: readonly number[];
  readonly blocks: readonly (readonly Recipe[])[];
}

export interface KernelRecipe {
  readonly picks: readonly number[];
  readonly body: readonly Recipe[];
}

export interface ProgramRecipe {
  readonly picks: readonly number[];
  readonly kernels: readonly KernelRecipe[];
  /** Kernels that run one after the other, each on what the one before it wrote. */
  readonly chain: readonly KernelRecipe[];
  readonly body: readonly Recipe[];
  /** Of the contents of buffers, files and scalar arguments. */
  readonly data: number;
}

const PICKS = 7;
const picks = (length: number) => fc.array(fc.nat({ max: 0xffff }), { minLength: length, maxLength: length, size: 'max' });

const { block } = fc.letrec<{ block: readonly Recipe[]; statement: Recipe }>((tie) => ({
  block: fc.array(tie('statement'), { maxLength: 6, size: 'max' }),
  statement: fc.record({ picks: picks(PICKS), blocks: fc.oneof({ depthSize: 'small', maxDepth: 3, withCrossShrink: true }, { arbitrary: fc.constant([]), weight: 3 }, { arbitrary: fc.tuple(tie('block'), tie('block')), weight: 2 }) }),
}));

const kernel: fc.Arbitrary<KernelRecipe> = fc.record({ picks: picks(24), body: fc.tuple(block, block).map((blocks) => blocks.flat()) });

export const programRecipe: fc.Arbitrary<ProgramRecipe> = fc.record({
  picks: picks(12),
  kernels: fc.array(kernel, { minLength: 1, maxLength: 2 }),
  chain: fc.array(kernel, { maxLength: 3, size: 'max' }),
  body: fc.array(block, { minLength: 1, maxLength: 2 }).map((blocks) => blocks.flat()),
  data: fc.nat(),
});

/** Reads picks in order; all that come after the last are 0. */
export class Picks {
  readonly #picks: readonly number[];
  #at = 0;

  constructor(list: readonly number[]) {
    this.#picks = list;
  }

  /** A number below `n`. */
  below(n: number): number {
    return n <= 1 ? 0 : (this.#picks[this.#at++] ?? 0) % n;
  }

  of<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to choose from');
    return items[this.below(items.length)] as T;
  }
}

/** Numbers from a seed, for data: mulberry32. */
export function random(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
