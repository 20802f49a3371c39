import type { TracedBuffer } from '../../build/buffer-view.ts';
import { TracedValue } from '../../build/value.ts';
import { NO_ATTRIBUTES, fromBits, scalarAttribute } from '../../ir/attributes.ts';
import type { Attributes } from '../../ir/attributes.ts';
import type { Body, Kernel, Op, Param, Region, ValueId } from '../../ir/program.ts';
import { buffer as bufferType, scalar, vector } from '../../ir/types.ts';
import type { Type } from '../../ir/types.ts';
import { componentType } from '../../ops/elementwise.ts';
import type { Registry } from '../../registry/registry.ts';
import { shown } from '../../text/json.ts';
import { constantOp } from '../constants.ts';
import { BodyEdit } from '../edit.ts';
import type { PassFacts } from '../facts.ts';
import { place, template } from '../template.ts';
import type { Template } from '../template.ts';
import { rows } from './pairs.ts';
import type { Arg, Pair } from './pairs.ts';

const U32 = scalar('u32');
const BOOL = scalar('bool');

/** An integer of 64 bits, or a vector of such. */
export function isWide(type: Type): boolean {
  const of = componentType(type);
  return of.kind === 'scalar' && of.bits === 64;
}

/** Whether the type has to do with integers of 64 bits. */
function touches(type: Type): boolean {
  if (type.kind === 'buffer' || type.kind === 'array') return touches(type.element);
  return isWide(type);
}

/** What a part of a wide value is. */
function partOf(type: Type): Type {
  return type.kind === 'vector' ? vector(U32, type.size) : U32;
}

/** The same kernel without 64-bit integers: pairs of u32 for each, parameters too. Undefined where it has an op that no row lowers. */
export function splitKernel(kernel: Kernel, registry: Registry): Kernel | undefined {
  if (!kernel.body.valueTypes.some(touches)) return kernel;
  const constant = constantOp(registry);
  if (constant === undefined) return undefined;
  const split = new Split(kernel.body, registry, constant);
  const body = split.run();
  if (body === undefined) return undefined;
  return shown({ ...kernel, params: splitParams(kernel.params), body });
}

/** `after: u64` becomes `after_lo: u32, after_hi: u32`. */
function splitParams(params: readonly Param[]): readonly Param[] {
  const taken = new Set(params.map((p) => p.name));
  const fresh = (wanted: string) => {
    let name = wanted;
    for (let i = 2; taken.has(name); i++) name = `${wanted}${i}`;
    taken.add(name);
    return name;
  };
  return params.flatMap((p) => {
    if (p.type.kind === 'buffer' && isWide(p.type.element)) return [{ ...p, type: bufferType(U32, p.type.access) }];
    return isWide(p.type) ? ['lo', 'hi'].map((part) => ({ name: fresh(`${p.name}_${part}`), type: U32, attrs: NO_ATTRIBUTES })) : [p];
  });
}

/** Thrown within this file for a use that no row lowers. */
class Unsupported extends Error {}

/** A region that is being made. */
interface Frame {
  readonly catches: readonly string[];
  /** Values that a terminator hands on in front of its own, by its id. */
  readonly prefixes: Readonly<Record<string, readonly ValueId[]>>;
}

class Split extends BodyEdit {
  /** What stands for a value: two parts for a wide one, one for another that has moved. */
  readonly #parts = new Map<ValueId, readonly ValueId[]>();
  /** Wide constants. */
  readonly #constants = new Map<ValueId, bigint>();
  readonly #constant: string;
  readonly #frames: Frame[] = [];

  constructor(body: Body, registry: Registry, constant: string) {
    super(body, registry);
    this.#constant = constant;
  }

  run(): Body | undefined {
    try {
      return this.finish(this.#region(this.body.region, { catches: ['control.return'], prefixes: {} }));
    } catch (error) {
      if (error instanceof Unsupported) return undefined;
      throw error;
    }
  }

  #region(region: Region, frame: Frame): Region {
    const args = this.#define(region.args);
    const ops: Op[] = [];
    this.#frames.push(frame);
    for (const op of region.ops) this.#op(op, ops);
    this.#frames.pop();
    return { args, ops };
  }

  /** The values that stand for these from here on. */
  #define(values: readonly ValueId[]): readonly ValueId[] {
    return values.flatMap((v) => {
      const type = this.typeOf(v);
      if (type.kind === 'buffer' && isWide(type.element) && type.element.kind === 'scalar') {
        this.retype(v, bufferType(U32, type.access));
        return [v];
      }
      if (!isWide(type)) {
        if (touches(type)) throw new Unsupported();
        return [v];
      }
      const parts = [this.value(partOf(type)), this.value(partOf(type))] as const;
      this.#parts.set(v, parts);
      return parts;
    });
  }

  #known(values: readonly ValueId[]): readonly ValueId[] {
    return values.flatMap((v) => this.#parts.get(v) ?? [v]);
  }

  #op(op: Op, out: Op[]): void {
    this.source = op;
    const facts = this.facts[op.name] as PassFacts;
    if (facts.terminator) return void out.push(this.#terminator(op));
    const types = [...op.operands, ...op.results].map((v) => this.body.valueTypes[v] as Type);
    if (op.regions.length > 0) return this.#structured(op, facts, out);
    if (!types.some(touches)) return void out.push(this.#mapped(op));
    if (facts.constant) return this.#constantParts(op, out);
    if (op.attrs['element']?.kind === 'type') return void out.push(this.#workgroup(op, facts));
    const made = this.#lowered(this.idOf(op), op.operands, op.results.map((r) => this.typeOf(r)), out);
    if (made === undefined) throw new Unsupported();
    op.results.forEach((r, i) => this.#bind(r, made[i] as readonly ValueId[]));
  }

  /** `parts`: two for a wide value; for another one its id, which takes the place of the value. */
  #bind(value: ValueId, parts: readonly ValueId[]): void {
    if (parts.length === 0) throw new RangeError('a result without a value');
    this.#parts.set(value, parts);
  }

  #terminator(op: Op): Op {
    const id = this.idOf(op);
    const frame = this.#frames.findLast((f) => f.catches.includes(id));
    const prefix = frame?.prefixes[id];
    const operands = this.#known(op.operands);
    if (prefix === undefined && operands.every((v, i) => v === op.operands[i]) && operands.length === op.operands.length) return op;
    return this.changed(op, [...(prefix ?? []), ...operands], op.regions);
  }

  /** The same op on the values that stand for its operands. */
  #mapped(op: Op): Op {
    return op.operands.some((v) => this.#parts.has(v)) ? this.changed(op, this.#known(op.operands), op.regions) : op;
  }

  #constantParts(op: Op, out: Op[]): void {
    const { value } = op.attrs;
    const [result] = op.results;
    if (value?.kind !== 'scalar' || result === undefined) throw new Unsupported();
    const [lo, hi] = this.#define([result]) as readonly [ValueId, ValueId];
    this.#constants.set(result, BigInt(fromBits(value.type.name, value.bits)));
    out.push(this.#word(lo, Number(value.bits & 0xffffffffn)), this.#word(hi, Number(value.bits >> 32n)));
  }

  #word(result: ValueId, value: number): Op {
    return this.op(this.#constant, [], [result], { value: scalarAttribute('u32', value) });
  }

  /** Memory of a workgroup: twice as many words. */
  #workgroup(op: Op, { def }: PassFacts): Op {
    const { element, length, ...rest } = op.attrs;
    if (def === undefined || element?.kind !== 'type' || length?.kind !== 'scalar' || element.type.kind !== 'scalar') throw new Unsupported();
    this.#define(op.results);
    const attrs: Attributes = { element: { kind: 'type', type: U32 }, length: { ...length, bits: length.bits * 2n }, ...rest };
    return this.op(def.id, op.operands, op.results, attrs);
  }

  /** Places the row of an op; gives the parts of each result, or undefined where there is no row. */
  #lowered(id: string, operands: readonly ValueId[], results: readonly Type[], out: Op[]): readonly (readonly ValueId[])[] | undefined {
    const types = operands.map((v) => this.body.valueTypes[v] as Type);
    const made = rowTemplate(id, types, results);
    if (made === undefined) return undefined;
    const values = place(made, this.#known(operands), out, { to: this, origin: id });
    let at = 0;
    return results.map((type) => values.slice(at, (at += isWide(type) ? 2 : 1)));
  }

  #structured(op: Op, facts: PassFacts, out: Op[]): void {
    const [index] = op.regions[0]?.args ?? [];
    if (this.idOf(op) === 'control.for' && index !== undefined && isWide(this.body.valueTypes[index] as Type)) return this.#wideFor(op, facts, index, out);
    const fixed = facts.def?.operands.findIndex((p) => p.variadic === true) ?? -1;
    // Operands by position must stay where they are; what a list hands on becomes a longer list.
    if (op.operands.some((v, i) => (fixed < 0 || i < fixed) && touches(this.body.valueTypes[v] as Type))) throw new Unsupported();
    const operands = this.#known(op.operands);
    const regions = op.regions.map((r, i) => this.#region(r, { catches: facts.def?.regions[i]?.catches ?? [], prefixes: {} }));
    this.source = op;
    out.push(this.op(this.idOf(op), operands, this.#define(op.results), op.attrs, regions));
  }

  /**
   * A loop that counts in 64 bits counts in pairs, in a while: it carries the index, and whether it may go on, which an
   * index that would wrap ends. The step must be a constant, and not 0.
   */
  #wideFor(op: Op, facts: PassFacts, index: ValueId, out: Op[]): void {
    const [from = -1, to = -1, step = -1, ...init] = op.operands;
    const by = this.#constants.get(step);
    if (by === undefined || by === 0n) throw new Unsupported();
    const goesOn = by > 0n ? 'arith.lt' : 'arith.gt';
    const type = this.body.valueTypes[index] as Type;
    const live = this.value(BOOL);
    out.push(this.op(this.#constant, [], [live], { value: scalarAttribute('bool', true) }));
    const operands = [...this.#known([from]), live, ...this.#known(init)];

    const before = this.#scope(type, init.map((v) => this.body.valueTypes[v] as Type));
    const test: Op[] = [];
    const [inside] = this.#on(goesOn, type, [before.index, this.#known([to])], [BOOL], test)[0] ?? [];
    const both = this.value(BOOL);
    test.push(this.op('arith.and', [inside as ValueId, before.live], [both]), this.op('control.condition', [both, ...before.args], []));

    const after = this.#scope(type, init.map((v) => this.body.valueTypes[v] as Type));
    const work: Op[] = [];
    const next = this.#on('arith.add', type, [after.index, this.#known([step])], [type], work)[0] ?? [];
    const [goes] = this.#on(goesOn, type, [after.index, next], [BOOL], work)[0] ?? [];
    const body = op.regions[0] as Region;
    this.#parts.set(index, after.index);
    let at = 0;
    for (const arg of body.args.slice(1)) {
      const parts = after.carried.slice(at, (at += isWide(this.body.valueTypes[arg] as Type) ? 2 : 1));
      this.#bind(arg, parts);
    }
    const on = [...next, goes as ValueId];
    this.#frames.push({ catches: facts.def?.regions[0]?.catches ?? [], prefixes: { 'control.yield': on, 'control.continue': on, 'control.break': [...after.index, after.live] } });
    for (const inner of body.ops) this.#op(inner, work);
    this.#frames.pop();

    this.source = op;
    const results = [...this.#scope(type, []).args, ...this.#define(op.results)];
    out.push(this.op('control.while', operands, results, NO_ATTRIBUTES, [{ args: before.args, ops: test }, { args: after.args, ops: work }]));
  }

  /** New values for an index, whether it goes on, and what is carried. */
  #scope(index: Type, carried: readonly Type[]): { readonly args: readonly ValueId[]; readonly index: readonly ValueId[]; readonly live: ValueId; readonly carried: readonly ValueId[] } {
    const fresh = (type: Type) => (isWide(type) ? [this.value(partOf(type)), this.value(partOf(type))] : [this.value(type)]);
    const at = fresh(index);
    const live = this.value(BOOL);
    const values = carried.flatMap(fresh);
    return { args: [...at, live, ...values], index: at, live, carried: values };
  }

  /** An op on parts that are there already. */
  #on(id: string, type: Type, operands: readonly (readonly ValueId[])[], results: readonly Type[], out: Op[]): readonly (readonly ValueId[])[] {
    const made = rowTemplate(id, operands.map(() => type), results);
    if (made === undefined) throw new Unsupported();
    const values = place(made, operands.flat(), out, { to: this, origin: 'control.for' });
    return [values];
  }
}

const templates = new Map<string, Template | undefined>();

/** What the row of an op builds for these types; the same each time, so it is made once. */
function rowTemplate(id: string, types: readonly Type[], results: readonly Type[]): Template | undefined {
  const key = `${id}(${types.map((t) => t.spelling).join()}) ${results.map((t) => t.spelling).join()}`;
  if (!templates.has(key)) templates.set(key, made(id, types, results));
  return templates.get(key);
}

function made(id: string, types: readonly Type[], results: readonly Type[]): Template | undefined {
  const row = rows[id];
  if (row === undefined) return undefined;
  const flat = types.flatMap((t) => (t.kind === 'buffer' && isWide(t.element) ? [bufferType(U32, t.access)] : isWide(t) ? [partOf(t), partOf(t)] : [t]));
  const nameOf = (t: Type | undefined) => (t === undefined ? '' : componentType(t).spelling);
  const wide = [...types, ...results].map((t) => (t.kind === 'buffer' ? t.element : t)).find(isWide);
  const use = { signed: nameOf(wide) === 'i64', from: nameOf(types[0]), to: nameOf(results[0]) };
  return template('kernel', id, flat, (values) => {
    const left = [...values];
    const args = types.map((t): Arg => (isWide(t) ? { lo: left.shift() as TracedValue, hi: left.shift() as TracedValue } : (left.shift() as TracedValue | TracedBuffer)));
    return row(args, use);
  }, (value) => (value === undefined ? [] : value instanceof TracedValue ? [value] : [(value as Pair).lo, (value as Pair).hi]));
}
