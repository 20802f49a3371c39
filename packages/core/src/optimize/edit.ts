import type { Span } from '../diagnostics/span.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Attributes } from '../ir/attributes.ts';
import type { Body, Debug, Op, Region, ValueId } from '../ir/program.ts';
import { walkOps } from '../ir/program.ts';
import { noteMaking, stepBack } from '../ir/provenance.ts';
import type { Type } from '../ir/types.ts';
import type { Registry } from '../registry/registry.ts';
import { passFacts } from './facts.ts';
import type { PassFacts } from './facts.ts';

const NO_REGIONS: readonly Region[] = [];

/**
 * A body that is being made of another one. The other stays as it is; ops and regions that nothing happens to are shared.
 * Value ids keep their meaning, new values follow them, and values that nothing defines any more leave a hole.
 */
export class BodyEdit {
  readonly body: Body;
  readonly registry: Registry;
  /** By op name. */
  readonly facts: PassFacts[];
  /** The body's own until something is added. */
  #opNames: readonly string[];
  #nameIndex: Map<string, number> | undefined;
  #valueTypes: readonly Type[];
  #ownTypes: Type[] | undefined;
  /** The op of the body that is being looked at: what is made is made for it. */
  source: Op | undefined;
  readonly #made: Op[] = [];
  readonly #sources: Op[] = [];
  #origins: Map<Op, string> | undefined;

  constructor(body: Body, registry: Registry) {
    this.body = body;
    this.registry = registry;
    this.facts = body.opNames.map((id) => passFacts(id, registry));
    this.#opNames = body.opNames;
    this.#valueTypes = body.valueTypes;
  }

  /** Values so far, holes counted. */
  get values(): number {
    return this.#valueTypes.length;
  }

  typeOf(value: ValueId | undefined): Type {
    const type = value === undefined ? undefined : this.#valueTypes[value];
    if (type === undefined) throw new RangeError(`value ${value} is not in the body`);
    return type;
  }

  idOf(op: Op): string {
    return this.#opNames[op.name] ?? '';
  }

  /** A new value. */
  value(type: Type): ValueId {
    return this.#typesToChange().push(type) - 1;
  }

  /** Gives a value another type; every op on it must then be made anew or fit that type too. */
  retype(value: ValueId, type: Type): void {
    this.#typesToChange()[value] = type;
  }

  #typesToChange(): Type[] {
    if (this.#ownTypes === undefined) this.#valueTypes = this.#ownTypes = [...this.#valueTypes];
    return this.#ownTypes;
  }

  /** The index of an op id in the body's table. */
  name(id: string): number {
    this.#nameIndex ??= new Map(this.#opNames.map((n, i) => [n, i]));
    let index = this.#nameIndex.get(id);
    if (index === undefined) {
      index = this.#opNames.length;
      this.#opNames = [...this.#opNames, id];
      this.#nameIndex.set(id, index);
      this.facts.push(passFacts(id, this.registry));
    }
    return index;
  }

  /** A new op, made for `source`; `origin`: the op that it is a part of. */
  op(id: string, operands: readonly ValueId[], results: readonly ValueId[], attrs: Attributes = NO_ATTRIBUTES, regions: readonly Region[] = NO_REGIONS, origin?: string  ): Op {
    const made: Op = { name: this.name(id), operands, results, attrs, regions };
    this.note(made);
    if (origin !== undefined) (this.#origins ??= new Map()).set(made, origin);
    return made;
  }

  /** The same op with other operands and regions. */
  changed(op: Op, operands: readonly ValueId[], regions: readonly Region[]): Op {
    const made: Op = { name: op.name, operands, results: op.results, attrs: op.attrs, regions };
    this.note(made);
    return made;
  }

  /** `made` stands for the source. */
  note(made: Op): void {
    if (this.source === undefined) return;
    this.#made.push(made);
    this.#sources.push(this.source);
  }

  /** The body with `region` in place of its own; the same body where that is its own. */
  finish(region: Region): Body {
    const { body } = this;
    if (region === body.region) return body;
    const made: Body = { opNames: this.#opNames, valueTypes: this.#valueTypes, region, debug: debugOf(() => made, body, this.#origins) };
    noteMaking(made, { from: body, made: this.#made, sources: this.#sources });
    return made;
  }
}

/** The side tables of a body that was made: worked out of those before it when they are first read. */
function debugOf(made: () => Body, from: Body, added: ReadonlyMap<Op, string> | undefined): Debug {
  let spans: Map<Op, Span> | undefined;
  let origins: Map<Op, string> | undefined;
  return {
    names: from.debug.names,
    get spans() {
      return (spans ??= carried(made(), from.debug.spans));
    },
    get origins() {
      return (origins ??= new Map([...carried(made(), from.debug.origins), ...(added ?? [])]));
    },
  };
}

function carried<V>(body: Body, table: ReadonlyMap<Op, V>): Map<Op, V> {
  const out = new Map<Op, V>();
  if (table.size === 0) return out;
  for (const op of walkOps(body.region)) {
    const value = table.get(stepBack(body, op)?.op ?? op);
    if (value !== undefined) out.set(op, value);
  }
  return out;
}
