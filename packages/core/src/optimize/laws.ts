import type { ScalarValue } from '../ir/attributes.ts';
import type { Type } from '../ir/types.ts';
import { componentType } from '../ops/elementwise.ts';
import type { Law } from '../ops/law.ts';
import type { OpDef } from '../ops/op.ts';

/** The laws that an op has on one type, as passes ask for them. */
export interface LawsOnType {
  /** `e op x = x`. */
  readonly leftIdentity: ScalarValue | undefined;
  /** `x op e = x`. */
  readonly rightIdentity: ScalarValue | undefined;
  /** `e op x = e`. */
  readonly leftAbsorbing: ScalarValue | undefined;
  readonly rightAbsorbing: ScalarValue | undefined;
  /** `f(x, x) = x`, of one operand `f(f(x)) = f(x)`. */
  readonly idempotent: boolean;
  /** `f(f(x)) = x`. */
  readonly involution: boolean;
  /** `f(x, x)`. */
  readonly same: ScalarValue | undefined;
  readonly commutative: boolean;
  readonly associative: boolean;
}

const known = new WeakMap<OpDef, (LawsOnType | undefined)[]>();

/** The laws of `def` where its first operand is of `of`, or a vector of it; undefined where it has none there. */
export function lawsOn(def: OpDef, of: Type): LawsOnType | undefined {
  if (def.laws.length === 0) return undefined;
  const type = componentType(of);
  let byType = known.get(def);
  if (byType === undefined) known.set(def, (byType = []));
  if (!(type.serial in byType)) byType[type.serial] = workOut(def.laws.filter((l) => l.types.includes(type.spelling)));
  return byType[type.serial];
}

function workOut(laws: readonly Law[]): LawsOnType | undefined {
  if (laws.length === 0) return undefined;
  const element = (law: 'identity' | 'absorbing', side: 'left' | 'right') => laws.flatMap((l) => (l.law === law && (l.side === side || l.side === 'both') ? [l.element] : []))[0];
  const has = (law: Law['law']) => laws.some((l) => l.law === law);
  return {
    leftIdentity: element('identity', 'left'), rightIdentity: element('identity', 'right'),
    leftAbsorbing: element('absorbing', 'left'), rightAbsorbing: element('absorbing', 'right'),
    idempotent: has('idempotent'), involution: has('involution'), same: laws.flatMap((l) => (l.law === 'same' ? [l.element] : []))[0], commutative: has('commutative'), associative: has('associative'),
  };
}
