import { fromBits, opId } from '@sluice/core';
import type { Body, Op, OpDef, Region, Registry, Type, Use } from '@sluice/core';
import type { Compute } from './compute.ts';
import type { Known, Value } from './value.ts';

/** How a region ended. */
export interface End {
  readonly id: string;
  readonly values: readonly Value[];
}
/** Where an invocation waits for the others of its workgroup. */
export interface Pause {
  readonly at: Op;
  /** At an op of a subgroup: what it leaves there; it goes on with its own result. */
  readonly lane?: { readonly operands: readonly Known[]; readonly of: (lanes: readonly Known[]) => Known };
}
export type Running<T> = Generator<Pause, T, unknown>;

/** Ops that one run may take. */
const MOST_STEPS = 4_000_000;

/** What the bodies of one run share. */
export class Shared {
  readonly registry: Registry;
  readonly compute: Compute;
  /** Ops that may still run. */
  steps = MOST_STEPS;
  /** How value ops compute, once it was asked. */
  readonly computing = new Map<Op, (operands: readonly Known[]) => Known>();

  constructor(registry: Registry, compute: Compute) {
    this.registry = registry;
    this.compute = compute;
  }
}

/**
 * Runs a body op by op over `meaningOf`, as slowly and plainly as can be: what backends are compared with. It shares no
 * code with any of them. A machine extends it with the ops of its level.
 */
export abstract class Interpreter {
  readonly shared: Shared;
  readonly body: Body;
  readonly values: Value[] = [];

  constructor(shared: Shared, body: Body) {
    this.shared = shared;
    this.body = body;
  }

  /** What an op does that is neither a value op nor structured; undefined where it is not known. */
  abstract machineOp(op: Op, id: string, operands: readonly Value[], def: OpDef): readonly Value[] | Running<readonly Value[]> | undefined;

  typeOf(value: number): Type {
    return this.body.valueTypes[value] as Type;
  }

  useOf(op: Op): Use {
    return { operands: op.operands.map((v) => this.typeOf(v)), results: op.results.map((v) => this.typeOf(v)), attrs: op.attrs };
  }

  *region(region: Region, args: readonly Value[]): Running<End> {
    this.#bind(region.args, args);
    for (const op of region.ops) {
      if (--this.shared.steps < 0) throw new RangeError('the program takes too many steps for the oracle');
      const id = opId(this.body, op);
      const def = this.shared.registry.lookup(id);
      if (def === undefined) throw new RangeError(`${id} is not registered`);
      const operands = op.operands.map((v) => this.values[v] as Value);
      if (def.traits.includes('terminator')) return { id, values: operands };
      const structured = STRUCTURED[id];
      if (structured !== undefined) {
        const left = yield* structured(this, op, operands);
        if (left.id !== RESULTS) return left;
        this.#bind(op.results, left.values);
        continue;
      }
      const made = this.machineOp(op, id, operands, def) ?? this.#value(op, operands, def);
      this.#bind(op.results, Symbol.iterator in made && !Array.isArray(made) ? yield* made as Running<readonly Value[]> : (made as readonly Value[]));
    }
    throw new RangeError('a region has no terminator');
  }

  #value(op: Op, operands: readonly Value[], def: OpDef): readonly Value[] {
    return [this.computing(op, def)(operands as readonly Known[])];
  }

  /** How an op computes, by its meaning. */
  computing(op: Op, def: OpDef): (operands: readonly Known[]) => Known {
    const { computing, compute } = this.shared;
    let of = computing.get(op);
    if (of === undefined) {
      const { value } = op.attrs;
      const constant = def.traits.includes('constant') && value?.kind === 'scalar' ? fromBits(value.type.name, value.bits) : undefined;
      computing.set(op, (of = constant === undefined ? compute(def, this.useOf(op)) : () => constant));
    }
    return of;
  }

  #bind(ids: readonly number[], values: readonly Value[]): void {
    for (const [i, id] of ids.entries()) this.values[id] = values[i] as Value;
  }
}

/** Stands for: the op is done, and these are its results. */
const RESULTS = 'results';
const done = (values: readonly Value[]): End => ({ id: RESULTS, values });

/** The ops with regions: each gives its results, or how it left the region that it stands in. */
const STRUCTURED: Readonly<Record<string, (machine: Interpreter, op: Op, operands: readonly Value[]) => Running<End>>> = {
  *'control.if'(machine, op, [condition]) {
    const branch = op.regions[condition === true ? 0 : 1];
    if (branch === undefined) return done([]);
    const end = yield* machine.region(branch, []);
    return end.id === 'control.yield' ? done(end.values) : end;
  },
  *'control.for'(machine, op, [from, to, step, ...init]) {
    const [first, last, by] = [BigInt(from as number), BigInt(to as number), BigInt(step as number)];
    if (by === 0n) throw new RangeError('a loop counts with step 0');
    let state: readonly Value[] = init;
    for (let i = first; by > 0n ? i < last : i > last; i += by) {
      const end = yield* machine.region(op.regions[0] as Region, [typeof from === 'bigint' ? i : Number(i), ...state]);
      if (end.id === 'control.return') return end;
      state = end.values;
      if (end.id === 'control.break') break;
    }
    return done(state);
  },
  *'control.while'(machine, op, init) {
    for (let state: readonly Value[] = init; ; ) {
      const before = yield* machine.region(op.regions[0] as Region, state);
      const [condition, ...values] = before.values;
      if (condition !== true) return done(values);
      const end = yield* machine.region(op.regions[1] as Region, values);
      if (end.id === 'control.return') return end;
      if (end.id === 'control.break') return done(end.values);
      state = end.values;
    }
  },
};

/** Runs something that never waits. */
export function toEnd<T>(running: Running<T>): T {
  const next = running.next();
  if (next.done !== true) throw new RangeError('a host body waits at a barrier');
  return next.value;
}
