import { toBits } from '@sluice/core';
import type { Op, Registry, ScalarType, ScalarValue, Type, ValueId } from '@sluice/core';
import { Draft } from '../ir/draft.ts';
import { edgesOf } from '../ops/edges.ts';
import type { ValueUse } from '../ops/uses.ts';
import { movesOnly } from '../ops/moves.ts';
import { isFloat } from '../ops/uses.ts';
import type { Catalog, GeneratedUse } from './catalog.ts';
import type { Picks } from './recipe.ts';

/** A value that a statement may use, and what is known of it. */
export interface KnownValue {
  readonly id: ValueId;
  readonly type: Type;
  /** The same for every invocation of the workgroup, as the verifier proves it. */
  readonly uniform: boolean;
  /** The same on every backend, bit for bit but for NaN: it may decide something, index, or become an integer. */
  readonly exact: boolean;
  /** Not NaN for certain; always so for what holds no floats. */
  readonly ordinary: boolean;
}

/**
 * - `ieee`: floats that come of ops of accuracy `exact` may reach conditions, indices and integers;
 * - `loose`: only those that were not computed at all, as on devices that contract, flush subnormals or assume that
 *   nothing is infinite.
 */
export type Floats = 'ieee' | 'loose';

/** The values in sight while a body is written, and the ops that make more of them. */
export class Scope {
  readonly draft: Draft;
  readonly catalog: Catalog;
  readonly floats: Floats;
  known: KnownValue[] = [];
  ops: Op[] = [];

  constructor(registry: Registry, catalog: Catalog, floats: Floats) {
    this.draft = new Draft(registry);
    this.catalog = catalog;
    this.floats = floats;
  }

  add(id: ValueId, flags: Partial<Omit<KnownValue, 'id' | 'type'>> = {}): KnownValue {
    const type = this.draft.typeOf(id);
    const plain = !isFloat(type);
    const value = { id, type, uniform: false, exact: plain, ordinary: plain, ...flags };
    this.known.push(value);
    return value;
  }

  /** Writes a region: what it defines is out of sight after it. */
  within<R>(body: () => R): { readonly ops: readonly Op[]; readonly result: R } {
    const { known, ops } = this;
    this.known = [...known];
    this.ops = [];
    const result = body();
    const made = this.ops;
    this.known = known;
    this.ops = ops;
    return { ops: made, result };
  }

  /** A literal of one of the edge values of a scalar type. */
  literal(type: ScalarType, value: ScalarValue): KnownValue {
    const id = this.draft.constant(this.ops, type, toBits(type.name, value));
    return { id, type, uniform: true, exact: true, ordinary: value === value };
  }

  /** A value of that type for which `fits` holds: one in sight, or one made of literals. */
  pick(type: Type, picks: Picks, fits: (v: KnownValue) => boolean = () => true): KnownValue {
    const inSight = this.known.filter((v) => v.type === type && fits(v));
    const at = picks.below(inSight.length + 1);
    // The latest first, so that smaller picks use what was just made; the last choice is a literal.
    return inSight[inSight.length - 1 - at] ?? this.make(type, picks, fits);
  }

  make(type: Type, picks: Picks, fits: (v: KnownValue) => boolean = () => true): KnownValue {
    if (type.kind === 'scalar') {
      const edges = edgesOf(type).filter((v) => v === v);
      const literal = this.literal(type, picks.of(edges) as ScalarValue);
      if (!fits(literal)) throw new RangeError(`no literal of ${type.spelling} fits`);
      return literal;
    }
    const makers = this.catalog.makers.get(type);
    if (makers === undefined) throw new RangeError(`nothing makes a ${type.spelling}`);
    const use = picks.of(makers);
    return this.apply(use, use.operands.map((t) => this.make(t, picks, fits)));
  }

  /** Appends a use of a value op on these operands. */
  apply(use: ValueUse, operands: readonly KnownValue[]): KnownValue {
    const id = this.draft.one(this.ops, use.def.id, operands.map((v) => v.id), use.attrs, use.results);
    const type = this.draft.typeOf(id);
    const computed = isFloat(type) && !isMove(use);
    return {
      id, type,
      uniform: operands.every((v) => v.uniform),
      exact: !isFloat(type) || (operands.every((v) => v.exact) && (!computed || (this.floats === 'ieee' && isExact(use)))),
      ordinary: !isFloat(type) || (operands.every((v) => v.ordinary) && (!computed || fromIntegers(use))),
    };
  }

  /** The same with operands from what is in sight; keeps floats that are not exact away from what must be. */
  compute(use: GeneratedUse, picks: Picks): KnownValue {
    const [result] = use.results;
    const decides = result !== undefined && !isFloat(result);
    const fits = (v: KnownValue) => !isFloat(v.type) || !decides || (v.exact && (!use.exposesNaN || v.ordinary));
    return this.apply(use, use.operands.map((t) => this.pick(t, picks, fits)));
  }
}

/** No operand holds a float, so that the result is no NaN that went in. */
function fromIntegers(use: ValueUse): boolean {
  return !use.operands.some(isFloat) && use.def.id === 'arith.cast';
}

/** Whether every backend gives what the reference gives. */
function isExact({ def: { accuracy }, results: [type] }: ValueUse): boolean {
  if (typeof accuracy !== 'object' || !('f32' in accuracy)) return accuracy === 'exact';
  return (type?.spelling.includes('f16') === true ? accuracy.f16 : accuracy.f32) === 'exact';
}

const moves = new WeakMap<ValueUse, boolean>();

function isMove(use: ValueUse): boolean {
  let found = moves.get(use);
  if (found === undefined) moves.set(use, (found = movesOnly(use, use.meaning, use.def.traits.includes('subgroup'))));
  return found;
}
