import { TracedBuffer } from '../build/buffer-view.ts';
import { Trace, traceInto } from '../build/trace.ts';
import type { Traced } from '../build/trace.ts';
import { isTraced, wrap } from '../build/value.ts';
import type { Attribute, Attributes } from '../ir/attributes.ts';
import type { Body, Kernel, Op, Region, ValueId } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import type { BodyEdit } from './edit.ts';

/** A piece of IR with parameters, traced once, to be put where it is needed. */
export interface Template {
  /** Without a terminator; its block arguments are the parameters. */
  readonly body: Body;
  /** Values of the body. */
  readonly results: readonly ValueId[];
  /** Kernels that its ops launch. */
  readonly kernels: readonly Kernel[];
}

/** What a function of the front end builds out of values of these types; `results` takes what it returned apart. */
export function template(kind: 'kernel' | 'program', name: string, types: readonly Type[], build: (args: readonly Traced[]) => unknown, results: (made: unknown, trace: Trace) => readonly Traced[]): Template {
  const trace = new Trace(kind, name);
  const args = types.map((t) => trace.value(t));
  const values = args.map((id, i) => {
    const type = types[i] as Type;
    return type.kind === 'buffer' ? new TracedBuffer(trace, id, type, trace.root) : wrap(trace, id, trace.root);
  });
  const made = results(traceInto(trace, () => build(values)), trace);
  return { body: trace.finish(args, { rewritten: true }), results: made.map((v) => v.id), kernels: [...trace.kernels.values()] };
}

/** One value for each of `count` results: `made` itself where there is one. */
export function asResults(made: unknown, count: number, wrong: (what: string) => Error): readonly Traced[] {
  const list: readonly unknown[] = made === undefined ? [] : Array.isArray(made) ? made : [made];
  if (list.length !== count) throw wrong(`gives ${list.length} results, the op has ${count}`);
  return list.map((v) => {
    if (!isTraced(v)) throw wrong('gives something that is not a traced value');
    return v;
  });
}

/** An op of a template, with its operands in the body that it is placed in. */
export interface PlacedUse {
  readonly id: string;
  readonly operands: readonly ValueId[];
  readonly attrs: Attributes;
  readonly results: readonly Type[];
}

/** What happens to the ops of a template on their way into a body. */
export interface Placing {
  readonly to: BodyEdit;
  /** The op that the template stands for, if it does for one. */
  readonly origin: string | undefined;
  /** Names that kernels have in the program, by their names in the template. */
  readonly kernelNames?: ReadonlyMap<string, string>;
  /** Told of each op that is placed as it is. */
  placed?(made: Op, of: Op): void;
  /** Takes an op of the template, its operands placed, and gives what its results are; undefined to place it as it is. */
  expand?(use: PlacedUse, out: Op[]): readonly ValueId[] | undefined;
}

/** Appends the ops of `template`, on `operands`, to `out`; gives the values of its results. */
export function place(from: Template, operands: readonly ValueId[], out: Op[], placing: Placing): readonly ValueId[] {
  const { body } = from;
  const { to } = placing;
  const values: ValueId[] = new Array<ValueId>(body.valueTypes.length);
  body.region.args.forEach((arg, i) => (values[arg] = operands[i] as ValueId));
  const fresh = (v: ValueId) => (values[v] = to.value(body.valueTypes[v] as Type));
  const known = (v: ValueId) => values[v] as ValueId;

  const placeOps = (ops: readonly Op[], into: Op[]) => {
    for (const op of ops) {
      const id = body.opNames[op.name] as string;
      const mapped = op.operands.map(known);
      const made = placing.expand?.({ id, operands: mapped, attrs: op.attrs, results: op.results.map((r) => body.valueTypes[r] as Type) }, into);
      if (made !== undefined) {
        op.results.forEach((r, i) => (values[r] = made[i] as ValueId));
        continue;
      }
      const regions = op.regions.map((region): Region => {
        const args = region.args.map(fresh);
        const inner: Op[] = [];
        placeOps(region.ops, inner);
        return { args, ops: inner };
      });
      const placed = to.op(id, mapped, op.results.map(fresh), renamed(op.attrs, placing.kernelNames), regions, placing.origin);
      placing.placed?.(placed, op);
      into.push(placed);
    }
  };
  placeOps(body.region.ops, out);
  return from.results.map(known);
}

function renamed(attrs: Attributes, names: ReadonlyMap<string, string> | undefined): Attributes {
  if (names === undefined || names.size === 0) return attrs;
  const rename = (a: Attribute): Attribute => (a.kind === 'symbol' ? { ...a, name: names.get(a.name) ?? a.name } : a);
  return Object.fromEntries(Object.entries(attrs).map(([key, a]) => [key, rename(a)]));
}
