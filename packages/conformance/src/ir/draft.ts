import { NO_ATTRIBUTES, scalar } from '@sluice/core';
import type { Attribute, Attributes, Body, KernelIr, Op, Param, ProgramIr, Region, Registry, Result, ScalarType, Type, ValueId } from '@sluice/core';

/** A body while it is built, straight in IR: what no front end would write can be written here. */
export class Draft {
  readonly registry: Registry;
  readonly valueTypes: Type[] = [];
  readonly #opNames: string[] = [];

  constructor(registry: Registry) {
    this.registry = registry;
  }

  typeOf(value: ValueId): Type {
    const type = this.valueTypes[value];
    if (type === undefined) throw new RangeError(`value ${value} of ${this.valueTypes.length}`);
    return type;
  }

  value(type: Type): ValueId {
    return this.valueTypes.push(type) - 1;
  }

  /** Appends an op; its result types follow from its signature, or are `claimed`. @throws RangeError where they do not */
  op(into: Op[], id: string, operands: readonly ValueId[], attrs: Attributes = NO_ATTRIBUTES, regions: readonly Region[] = [], claimed?: readonly Type[]): readonly ValueId[] {
    const def = this.registry.lookup(id);
    if (def === undefined) throw new RangeError(`no op ${id}`);
    const types = def.signature.check(operands.map((v) => this.typeOf(v)), attrs, claimed);
    if (typeof types === 'string') throw new RangeError(`${id}: ${types}`);
    const results = types.map((t) => this.value(t));
    into.push({ name: this.#name(id), operands, results, attrs, regions });
    return results;
  }

  /** The same for an op with one result. */
  one(into: Op[], id: string, operands: readonly ValueId[], attrs?: Attributes, claimed?: readonly Type[]): ValueId {
    const [result] = this.op(into, id, operands, attrs, [], claimed);
    if (result === undefined) throw new RangeError(`${id} has no result`);
    return result;
  }

  constant(into: Op[], type: ScalarType, bits: bigint): ValueId {
    return this.one(into, 'arith.constant', [], { value: { kind: 'scalar', type, bits } });
  }

  u32(into: Op[], value: number): ValueId {
    return this.constant(into, scalar('u32'), BigInt(value >>> 0));
  }

  body(args: readonly ValueId[], ops: readonly Op[]): Body {
    return { opNames: this.#opNames, valueTypes: this.valueTypes, region: { args, ops }, debug: { names: new Map(), spans: new Map(), origins: new Map() } };
  }

  #name(id: string): number {
    const at = this.#opNames.indexOf(id);
    return at >= 0 ? at : this.#opNames.push(id) - 1;
  }
}

export const enumAttr = (value: string): Attribute => ({ kind: 'enum', value });

export function kernelOf(name: string, params: readonly Param[], workgroup: KernelIr['workgroup'], body: Body): KernelIr {
  return { kind: 'kernel', name, params, workgroup, body, span: undefined };
}

export function programOf(name: string, params: readonly Param[], results: readonly Result[], kernels: readonly KernelIr[], body: Body): ProgramIr {
  return { kind: 'program', name, params, results, kernels, body, span: undefined };
}

export function param(name: string, type: Type, attrs: Attributes = NO_ATTRIBUTES): Param {
  return { name, type, attrs };
}

/** A program without parameters whose results are the scalars that `body` gives, by name. */
export function programFrom(registry: Registry, name: string, body: (draft: Draft, into: Op[]) => readonly (readonly [string, ValueId])[]): ProgramIr {
  const draft = new Draft(registry);
  const ops: Op[] = [];
  const results = body(draft, ops);
  draft.op(ops, 'control.return', results.map(([, id]) => id));
  return programOf(name, [], results.map(([result, id]) => ({ name: result, type: draft.typeOf(id) })), [], draft.body([], ops));
}
