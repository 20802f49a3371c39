import { fromBits, toBits } from '../ir/attributes.ts';
import type { Attribute, Attributes, RuntimeValue, ScalarValue } from '../ir/attributes.ts';
import type { Op, ValueId } from '../ir/program.ts';
import { meaningOf } from '../ops/op.ts';
import type { OpDef, Use } from '../ops/op.ts';
import type { Registry } from '../registry/registry.ts';
import type { PassFacts } from './facts.ts';

/** The constants of a body, by the value that has them. */
export class Constants {
  readonly #values: (Attribute | undefined)[];

  constructor(values: number) {
    this.#values = new Array<Attribute | undefined>(values);
  }

  /** Notes `op` where it is a constant. */
  see(op: Op, facts: PassFacts): void {
    if (!facts.constant) return;
    const [result] = op.results;
    if (result !== undefined) this.#values[result] = op.attrs['value'];
  }

  has(value: ValueId): boolean {
    return this.#values[value] !== undefined;
  }

  /** The value as JavaScript holds it; undefined where it is not known. */
  of(value: ValueId | undefined): ScalarValue | undefined {
    const attribute = value === undefined ? undefined : this.#values[value];
    return attribute?.kind === 'scalar' ? fromBits(attribute.type.name, attribute.bits) : undefined;
  }
}

/** The op that makes a constant of any scalar type; undefined where the registry has none. */
export function constantOp(registry: Registry): string | undefined {
  let found = constantOps.get(registry);
  if (found === undefined) {
    found = { id: [...registry.ops.values()].find((o) => o.traits.includes('constant') && o.level === 'both' && o.attrs['value']?.kind === 'scalar')?.id };
    constantOps.set(registry, found);
  }
  return found.id;
}

const constantOps = new WeakMap<Registry, { readonly id: string | undefined }>();

/**
 * The attributes of the constant that `def` gives for these operands, by its own meaning; undefined where no constant may
 * stand for it: a vector, or a float that is not finite, of which backends promise less than the reference does. A
 * meaning that throws, or gives what its type has not, is reported when the op runs: nothing is computed here.
 */
export function computed(def: OpDef, use: Use, values: readonly (ScalarValue | undefined)[]): Attributes | undefined {
  const [type] = use.results;
  if (type?.kind !== 'scalar') return undefined;
  try {
    const meaning = meaningOf(def, use) as ((...values: readonly (ScalarValue | undefined)[]) => RuntimeValue) | undefined;
    const value = meaning?.(...values);
    if (!isScalar(value) || (type.class === 'float' && !Number.isFinite(value))) return undefined;
    return { value: { kind: 'scalar', type, bits: toBits(type.name, value) } };
  } catch {
    return undefined;
  }
}

function isScalar(value: RuntimeValue | undefined): value is ScalarValue {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}
