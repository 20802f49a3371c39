import type { TracedBuffer } from '../../build/buffer-view.ts';
import type { TracedValue } from '../../build/value.ts';
import { NO_ATTRIBUTES } from '../../ir/attributes.ts';
import { attributeKey } from '../../ir/attributes.ts';
import type { Attribute, Attributes } from '../../ir/attributes.ts';
import type { Body, Kernel, Op, Param, Region, ValueId } from '../../ir/program.ts';
import { MOST_SCALARS, buffer as bufferType } from '../../ir/types.ts';
import type { Type } from '../../ir/types.ts';
import type { OpDef } from '../../ops/op.ts';
import type { Registry } from '../../registry/registry.ts';
import { shown } from '../../text/json.ts';
import { constantOp } from '../constants.ts';
import { BodyEdit } from '../edit.ts';
import type { PassFacts } from '../facts.ts';
import { place, template } from '../template.ts';
import type { Template } from '../template.ts';
import { NoParts } from './scheme.ts';
import type { Arg, PartsUse, Scheme } from './scheme.ts';

/**
 * The same kernel with the parts of `scheme` for each value that it touches, parameters too; the same one where there is
 * none. Undefined where something has no parts.
 */
export function splitKernel(kernel: Kernel, registry: Registry, scheme: Scheme): Kernel | undefined {
  if (scheme.takes === undefined && !kernel.body.valueTypes.some((t) => touched(t, scheme))) return kernel;
  const constant = constantOp(registry);
  if (constant === undefined) return undefined;
  try {
    const body = new Split(kernel.body, registry, scheme, constant).run();
    return body === kernel.body ? kernel : shown({ ...kernel, params: splitParams(kernel.params, scheme), body });
  } catch (error) {
    if (error instanceof NoParts) return undefined;
    throw error;
  }
}

/** Whether the type of a value, a buffer's too, is touched. */
export function touched(type: Type, scheme: Scheme): boolean {
  return scheme.touches(type.kind === 'buffer' ? type.element : type);
}

/** `after: u64` may become `after_lo: u32, after_hi: u32`. */
function splitParams(params: readonly Param[], scheme: Scheme): readonly Param[] {
  const taken = new Set(params.map((p) => p.name));
  const fresh = (wanted: string) => {
    let name = wanted;
    for (let i = 2; taken.has(name); i++) name = `${wanted}${i}`;
    taken.add(name);
    return name;
  };
  return params.flatMap((p) => {
    if (!touched(p.type, scheme)) return [p];
    if (p.type.kind === 'buffer') return [{ ...p, type: boundAs(p.type, scheme) }];
    const names = scheme.names(p.name);
    return partsOf(p.type, scheme).map((type, i) => {
      const name = names[i] ?? p.name;
      return { name: name === p.name ? name : fresh(name), type, attrs: NO_ATTRIBUTES };
    });
  });
}

function partsOf(type: Type, scheme: Scheme): readonly Type[] {
  const parts = scheme.parts(type);
  if (parts === undefined) throw new NoParts();
  return parts;
}

function boundAs(type: Type & { readonly kind: 'buffer' }, scheme: Scheme): Type {
  const element = scheme.memory(type.element);
  if (element === undefined) throw new NoParts();
  return bufferType(element, type.access);
}

/** A region that is being made. */
export interface Frame {
  readonly catches: readonly string[];
  /** Values that a terminator hands on in front of its own, by its id. */
  readonly prefixes: Readonly<Record<string, readonly ValueId[]>>;
}

export class Split extends BodyEdit {
  readonly scheme: Scheme;
  /** The id of the op that makes constants. */
  readonly constant: string;
  /** What stands for a value that is gone. */
  readonly #parts = new Map<ValueId, readonly ValueId[]>();
  readonly #constants = new Map<ValueId, Attribute>();
  readonly #frames: Frame[] = [];
  #changed = false;

  constructor(body: Body, registry: Registry, scheme: Scheme, constant: string) {
    super(body, registry);
    this.scheme = scheme;
    this.constant = constant;
  }

  /** The same body where nothing has parts or a row. @throws NoParts */
  run(): Body {
    const region = this.region(this.body.region, { catches: ['control.return'], prefixes: {} });
    return this.#changed ? this.finish(region) : this.body;
  }

  /** The type that a value has in the body that is changed. */
  typeBefore(value: ValueId): Type {
    return this.body.valueTypes[value] as Type;
  }

  constantOf(value: ValueId): Attribute | undefined {
    return this.#constants.get(value);
  }

  region(region: Region, frame: Frame): Region {
    const args = this.define(region.args);
    const ops: Op[] = [];
    this.ops(region.ops, frame, ops);
    return { args, ops };
  }

  ops(ops: readonly Op[], frame: Frame, out: Op[]): void {
    this.#frames.push(frame);
    for (const op of ops) this.#op(op, out);
    this.#frames.pop();
  }

  /** New values that stand for these from here on; those that are not touched stand for themselves. */
  define(values: readonly ValueId[]): readonly ValueId[] {
    return values.flatMap((v) => {
      const type = this.typeOf(v);
      if (!touched(type, this.scheme)) return [v];
      this.#changed = true;
      if (type.kind === 'buffer') {
        this.retype(v, boundAs(type, this.scheme));
        return [v];
      }
      const parts = this.fresh(type);
      this.#parts.set(v, parts);
      return parts;
    });
  }

  /** New values for one of that type, bound to nothing. */
  fresh(type: Type): readonly ValueId[] {
    return touched(type, this.scheme) ? partsOf(type, this.scheme).map((t) => this.value(t)) : [this.value(type)];
  }

  /** What stands for these. */
  known(values: readonly ValueId[]): readonly ValueId[] {
    return values.flatMap((v) => this.#parts.get(v) ?? [v]);
  }

  bind(value: ValueId, parts: readonly ValueId[]): void {
    if (parts.length === 0) throw new RangeError('a value without parts');
    this.#parts.set(value, parts);
  }

  #op(op: Op, out: Op[]): void {
    this.source = op;
    const facts = this.facts[op.name] as PassFacts;
    if (facts.terminator) return void out.push(this.#terminator(op));
    if (op.regions.length > 0) return this.#structured(op, facts, out);
    const isTouched = (v: ValueId) => touched(this.typeBefore(v), this.scheme);
    if (facts.constant) return this.#constantOp(op, out);
    const { takes } = this.scheme;
    const isUntouched = !op.operands.some(isTouched) && !op.results.some(isTouched);
    if (isUntouched && (takes === undefined || facts.def === undefined)) return void out.push(this.#mapped(op));
    if (!isUntouched && op.attrs['element']?.kind === 'type' && op.operands.length === 0) return void out.push(this.#workgroup(op));
    if (facts.def === undefined) throw new NoParts();
    const use = this.#use(op, facts.def);
    if (isUntouched && takes?.(use) === false) return void out.push(this.#mapped(op));
    this.#changed = true;
    if (this.scheme.row(use) === 'same') return void out.push(this.#mapped(op));
    const values = this.lowered(use, this.known(op.operands), out);
    let taken = 0;
    for (const r of op.results) {
      const count = isTouched(r) ? partsOf(this.typeBefore(r), this.scheme).length : 1;
      this.bind(r, values.slice(taken, (taken += count)));
    }
  }

  #use(op: Op, def: OpDef): PartsUse {
    const [, second] = op.operands;
    // Of ops on components alone: rows are kept by it, and other constants are as many as programs have.
    const at = second === undefined || def.dialect !== 'vector' ? undefined : this.#constants.get(second);
    return {
      def, attrs: op.attrs, operands: op.operands.map((v) => this.typeBefore(v)), results: op.results.map((v) => this.typeBefore(v)),
      index: at?.kind === 'scalar' && at.type.name === 'u32' ? Math.min(Number(at.bits), MOST_SCALARS) : undefined,
    };
  }

  #terminator(op: Op): Op {
    const id = this.idOf(op);
    const prefix = this.#frames.findLast((f) => f.catches.includes(id))?.prefixes[id];
    const operands = this.known(op.operands);
    if (prefix === undefined && operands.length === op.operands.length && operands.every((v, i) => v === op.operands[i])) return op;
    return this.changed(op, [...(prefix ?? []), ...operands], op.regions);
  }

  /** The same op on the values that stand for its operands. */
  #mapped(op: Op): Op {
    return op.operands.some((v) => this.#parts.has(v)) ? this.changed(op, this.known(op.operands), op.regions) : op;
  }

  #constantOp(op: Op, out: Op[]): void {
    const { value } = op.attrs;
    const [result] = op.results;
    if (value?.kind !== 'scalar' || result === undefined) throw new NoParts();
    this.#constants.set(result, value);
    if (!touched(this.typeBefore(result), this.scheme)) return void out.push(op);
    const parts = this.scheme.constant(value);
    for (const [i, v] of this.define([result]).entries()) out.push(this.op(this.constant, [], [v], { value: parts[i] as Attribute }));
  }

  /** Memory of a workgroup. */
  #workgroup(op: Op): Op {
    const { element, ...rest } = op.attrs;
    const made = element?.kind === 'type' ? this.scheme.memory(element.type) : undefined;
    if (made === undefined) throw new NoParts();
    this.define(op.results);
    return this.op(this.idOf(op), op.operands, op.results, { element: { kind: 'type', type: made }, ...rest });
  }

  /**
   * Places the row of a use on operands that are parts already; gives the parts of its results.
   * @throws NoParts
   */
  lowered(use: PartsUse, operands: readonly ValueId[], out: Op[]): readonly ValueId[] {
    const made = rowTemplate(use, this.scheme);
    if (made === undefined) throw new NoParts();
    return place(made, operands, out, { to: this, origin: use.def.id });
  }

  #structured(op: Op, facts: PassFacts, out: Op[]): void {
    if (this.scheme.structured?.(op, facts, this, out) === true) return;
    const variadicFrom = facts.def?.operands.findIndex((p) => p.variadic === true) ?? -1;
    // Operands by position must stay where they are; what a list hands on becomes a longer list.
    if (op.operands.some((v, i) => (variadicFrom < 0 || i < variadicFrom) && touched(this.typeBefore(v), this.scheme))) throw new NoParts();
    const operands = this.known(op.operands);
    const regions = op.regions.map((r, i) => this.region(r, { catches: facts.def?.regions[i]?.catches ?? [], prefixes: {} }));
    this.source = op;
    out.push(this.op(this.idOf(op), operands, this.define(op.results), op.attrs, regions));
  }
}

/** What the row of a use builds; the same each time, so it is made once. */
function rowTemplate(use: PartsUse, scheme: Scheme): Template | undefined {
  const spelled = (types: readonly Type[]) => types.map((t) => t.spelling).join();
  const key = `${use.def.id}(${spelled(use.operands)}) ${spelled(use.results)} ${spellAttributes(use.attrs)} ${use.index ?? ''}`;
  if (!scheme.templates.has(key)) scheme.templates.set(key, built(use, scheme));
  return scheme.templates.get(key);
}

function built(use: PartsUse, scheme: Scheme): Template | undefined {
  const row = scheme.row(use);
  if (typeof row !== 'function') return undefined;
  const of = (t: Type): readonly Type[] => (!touched(t, scheme) ? [t] : t.kind === 'buffer' ? [boundAs(t, scheme)] : partsOf(t, scheme));
  return template('kernel', use.def.id, use.operands.flatMap(of), (values) => {
    const left = [...values] as (TracedValue | TracedBuffer)[];
    const args = use.operands.map((t): Arg => {
      const own = left.splice(0, of(t).length);
      return t.kind !== 'buffer' && touched(t, scheme) ? (own as TracedValue[]) : (own[0] as TracedValue | TracedBuffer);
    });
    return row(args, use);
  }, (made) => (made as readonly TracedValue[]));
}

function spellAttributes(attrs: Attributes): string {
  return Object.entries(attrs).map(([name, a]) => `${name}=${attributeKey(a)}`).join();
}
