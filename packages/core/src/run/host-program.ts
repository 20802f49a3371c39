import { isSluiceError } from '../diagnostics/error.ts';
import type { Where } from '../diagnostics/error.ts';
import { fromBits } from '../ir/attributes.ts';
import type { Body, Op, Region, ValueId } from '../ir/program.ts';
import { opId } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import { pathsIn, whereBy } from '../ir/where.ts';
import type { Plan } from '../plan/plan.ts';
import { regionNames } from '../plan/region-names.ts';
import type { PreparedKernel } from '../registry/backend.ts';
import { meaningOf } from '../ops/op.ts';
import type { OpDef } from '../ops/op.ts';
import type { Registry } from '../registry/registry.ts';
import { badLowering } from './built-transfer.ts';
import type { Execution } from './execution.ts';
import { messageOf } from './faults.ts';
import { lastUses } from './last-uses.ts';
import { located } from './located.ts';
import { SESSION_OPS } from './session-ops.ts';
import type { Exit, RegionStep, Step, StepContext } from './step.ts';
import type { Tracer } from './trace/tracer.ts';
import { transferStep } from './transfer-step.ts';

/** Turns the host side of a planned program into steps, once; they run many times. */
export function compileHost(plan: Plan, kernels: ReadonlyMap<string, PreparedKernel>, registry: Registry): RegionStep {
  const { body } = plan.program;
  const paths = new Map<Body, ReadonlyMap<Op, string>>();
  const path = (of: Body, op: Op) => {
    const known = paths.get(of) ?? pathsIn(of, regionNames(registry));
    paths.set(of, known);
    return known.get(op);
  };
  return compileRegion(body.region, { plan, kernels, registry, body, path });
}

interface Scope {
  readonly plan: Plan;
  readonly kernels: ReadonlyMap<string, PreparedKernel>;
  readonly registry: Registry;
  readonly body: Body;
  /** Where an op stands; the paths of a whole body are found at once, when one is asked for. */
  readonly path: (body: Body, op: Op) => string | undefined;
}

function compileRegion(region: Region, scope: Scope): RegionStep {
  const { ops } = region;
  const { handles, unusedArgs, after } = lastUses(region, scope.body);
  const steps = ops.map((op, i) => compileOp(region, i, op, scope));
  const where = (i: number) => whereOfOp(scope, ops[i] as Op);
  let shown: readonly (Shown | undefined)[] | undefined;

  function step(run: Execution, i: number): ReturnType<Step> {
    const { tracer } = run;
    if (tracer === undefined) return (steps[i] as Step)(run);
    shown ??= ops.map((op) => shownOp(op, scope));
    return tracedStep(tracer, shown[i], () => (steps[i] as Step)(run));
  }

  /** Issues ops from `i` on, up to one that takes time or leaves the region. */
  function issue(run: Execution, i: number): Exit | Promise<Exit> {
    try {
      for (;;) {
        run.check();
        const out = step(run, i);
        if (out instanceof Promise) return resume(run, i, out);
        const exit = stepped(run, i, out);
        if (exit !== undefined) return exit;
        i++;
      }
    } catch (error) {
      throw located(error, () => where(i));
    }
  }
  async function resume(run: Execution, i: number, pending: Promise<void | Exit>): Promise<Exit> {
    try {
      for (let out: ReturnType<Step> = pending; ; out = step(run, i)) {
        const exit = stepped(run, i, out instanceof Promise ? await out : out);
        if (exit !== undefined) return exit;
        i++;
        run.check();
      }
    } catch (error) {
      throw located(error, () => where(i));
    }
  }
  /** After op `i`: drops handles that no later op uses; on an exit, all that are left. */
  function stepped(run: Execution, i: number, exit: void | Exit): Exit | undefined {
    for (const id of after[i] ?? []) run.drop(id);
    if (exit === undefined) return undefined;
    for (const id of handles) run.drop(id);
    return exit;
  }

  return (run, args) => {
    region.args.forEach((id, i) => run.bind(id, args[i]));
    for (const id of unusedArgs) run.drop(id);
    return issue(run, 0);
  };
}

/** What a trace shows an op as. */
interface Shown {
  readonly id: string;
  readonly where: () => Where;
}

/** Arithmetic and terminators take less time than it takes to tell of them. */
function shownOp(op: Op, scope: Scope): Shown | undefined {
  const id = opId(scope.body, op);
  const hidden = scope.registry.lookup(id)?.traits.some((t) => t === 'terminator' || t === 'constant' || t === 'pure');
  return hidden === true ? undefined : { id, where: () => whereOfOp(scope, op) };
}

function tracedStep(tracer: Tracer, shown: Shown | undefined, step: () => ReturnType<Step>): ReturnType<Step> {
  if (shown === undefined) return step();
  const end = tracer.begin('step', shown.id, {}, shown.where);
  const failed = (error: unknown): never => {
    end({}, error);
    throw error;
  };
  let out: ReturnType<Step>;
  try {
    out = step();
  } catch (error) {
    return failed(error);
  }
  if (!(out instanceof Promise)) {
    end();
    return out;
  }
  return out.then((exit) => {
    end();
    return exit;
  }, failed);
}

function compileOp(region: Region, index: number, op: Op, scope: Scope): Step {
  const { registry, body, plan, kernels } = scope;
  const id = opId(body, op);
  const def = registry.lookup(id);
  if (def === undefined) throw new RangeError(`${id} is not registered: verify before running`);
  if (def.traits.includes('terminator')) return terminatorStep(op, id);
  const value = SESSION_OPS[id] === undefined ? valueStep(op, def, body) : undefined;
  if (value !== undefined) return value;
  const context: StepContext = {
    plan, registry, kernels,
    where: () => whereOfOp(scope, op),
    typeOf: (v) => typeOf(body, v),
    region: (i) => compileRegion(op.regions[i] ?? { args: [], ops: [] }, scope),
    nextUseIs: (v, nextId) => nextUseIs(region, index, v, nextId, body),
  };
  return SESSION_OPS[id]?.(op, context) ?? transferStep(op, def, context);
}

function whereOfOp({ plan, body, path }: Scope, op: Op): Where {
  return whereBy({ program: plan.program.name }, body, op, path);
}

function typeOf(body: Body, value: ValueId): Type {
  const type = body.valueTypes[value];
  if (type === undefined) throw new RangeError(`value ${value} is not in the body`);
  return type;
}

/** How far to look for the next use of a value: so that compiling takes time linear in the program. */
const NEAR = 64;

function nextUseIs(region: Region, index: number, value: ValueId, id: string, body: Body): boolean {
  for (const op of region.ops.slice(index + 1, index + 1 + NEAR)) {
    // A region may use it too: that is as good as any other use.
    if (op.regions.length > 0) return false;
    if (op.operands.includes(value)) return opId(body, op) === id && op.operands[0] === value;
  }
  return false;
}

function terminatorStep(op: Op, id: string): Step {
  return (run) => {
    const values = op.operands.map((v) => run.values[v]);
    for (const value of values) run.holds.hold(value);
    return { id, values };
  };
}

/** Arithmetic through the op's own meaning. */
function valueStep(op: Op, def: OpDef, body: Body): Step | undefined {
  const [result] = op.results;
  if (result === undefined) return undefined;
  if (def.traits.includes('constant')) {
    const { value } = op.attrs;
    if (value?.kind !== 'scalar') return undefined;
    const constant = fromBits(value.type.name, value.bits);
    return (run) => run.bind(result, constant);
  }
  if (!def.traits.includes('pure')) return undefined;
  const use = { operands: op.operands.map((v) => typeOf(body, v)), results: op.results.map((v) => typeOf(body, v)), attrs: op.attrs };
  const meaning = meaningOf(def, use) as ((...values: unknown[]) => unknown) | undefined;
  if (meaning === undefined) return undefined;
  const [a = 0, b = 0] = op.operands;
  const of = op.operands.length === 2 ? (run: Execution) => meaning(run.values[a], run.values[b]) : (run: Execution) => meaning(...op.operands.map((v) => run.values[v]));
  return (run) => {
    let value: unknown;
    try {
      value = of(run);
    } catch (cause) {
      throw isSluiceError(cause) ? cause : badLowering(def, `to \`cpuRef\` threw: ${messageOf(cause)}`, cause);
    }
    run.bind(result, value);
  };
}
