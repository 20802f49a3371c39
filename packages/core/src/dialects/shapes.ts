import { defineOp } from '../ops/op.ts';
import type { Accuracy } from '../ops/accuracy.ts';
import type { Law } from '../ops/law.ts';
import type { Meaning, OpId, Trait } from '../ops/op.ts';
import { byType } from './meaning.ts';

/*
 * The few shapes that most value ops have: T -> T, (T, T) -> T, T -> bool and so on, all elementwise. A row names the
 * op, its types and what it computes for each.
 */

export type Meanings = Readonly<Record<string, Meaning>>;

/** What a row may add to its shape. */
export interface More {
  readonly commutative?: boolean;
  readonly laws?: readonly Law[];
  /** `exact` where absent. */
  readonly accuracy?: Accuracy;
}

/** One dialect's shapes. */
export function shapesOf<const D extends string>(dialect: D, version: string) {
  const common = { dialect, version, category: 'intrinsic', level: 'both' } as const;
  const rest = ({ commutative = false, laws = [], accuracy = 'exact' }: More) => ({
    traits: (commutative ? ['pure', 'elementwise', 'commutative'] : ['pure', 'elementwise']) as readonly Trait[], laws, accuracy,
  });
  return {
    /** What every op of the dialect has. */
    common,

    unary<const Id extends OpId, const T extends readonly string[]>(id: Id, summary: string, types: T, meanings: Meanings, more: More = {}) {
      return defineOp({
        ...common, id, summary, typeVars: { T: types } as const,
        operands: [{ name: 'a', type: 'T' }], results: [{ name: 'result', type: 'T' }],
        ...rest(more), cpuRef: byType(meanings),
      });
    },

    binary<const Id extends OpId, const T extends readonly string[], const A extends string = 'a', const B extends string = 'b'>(
      id: Id, summary: string, types: T, meanings: Meanings, more: More = {}, [a, b]: readonly [A, B] = ['a' as A, 'b' as B],
    ) {
      return defineOp({
        ...common, id, summary, typeVars: { T: types } as const,
        operands: [{ name: a, type: 'T' }, { name: b, type: 'T' }], results: [{ name: 'result', type: 'T' }],
        ...rest(more), cpuRef: byType(meanings),
      });
    },

    /** The second operand counts bits. */
    counted<const Id extends OpId, const T extends readonly string[]>(id: Id, summary: string, types: T, meanings: Meanings, more: More = {}) {
      return defineOp({
        ...common, id, summary, typeVars: { T: types } as const,
        operands: [{ name: 'a', type: 'T' }, { name: 'count', type: 'u32' }], results: [{ name: 'result', type: 'T' }],
        ...rest(more), cpuRef: byType(meanings),
      });
    },

    /** One meaning serves all types. */
    compare<const Id extends OpId, const T extends readonly string[]>(id: Id, summary: string, types: T, meaning: Meaning, more: More = {}) {
      return defineOp({
        ...common, id, summary, typeVars: { T: types } as const,
        operands: [{ name: 'a', type: 'T' }, { name: 'b', type: 'T' }], results: [{ name: 'result', type: 'bool' }],
        ...rest(more), cpuRef: () => meaning,
      });
    },

    predicate<const Id extends OpId, const T extends readonly string[]>(id: Id, summary: string, types: T, meaning: Meaning) {
      return defineOp({
        ...common, id, summary, typeVars: { T: types } as const,
        operands: [{ name: 'a', type: 'T' }], results: [{ name: 'result', type: 'bool' }],
        ...rest({}), cpuRef: () => meaning,
      });
    },
  };
}
