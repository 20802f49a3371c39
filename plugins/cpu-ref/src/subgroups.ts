import type { Builder, Meaning, RuntimeValue } from '@sluice/core';
import type { Machine, MachineBuilder } from './machine.ts';

type Lanes = readonly RuntimeValue[];
type OfLanes = (...operands: readonly Lanes[]) => Lanes;

/**
 * Builds an op with the trait `subgroup`. It stands in control flow that is uniform over the workgroup, so the whole
 * workgroup waits at it: every invocation leaves its operands, and when the last has come, the op's meaning gives the
 * results of each subgroup, before the first goes on.
 */
export function exchange(meaning: Meaning, machine: Machine): Builder<string> {
  return (op, ctx) => {
    machine.use(ctx.operands);
    const work = machine.reference(overSubgroups(meaning, machine.invocations, machine.lanes));
    const results = slots(ctx.fresh('results'), machine);
    const given = op.operands.map(() => slots(ctx.fresh('given'), machine));
    ctx.emit(given.map((name, i) => `${name}[l] = ${ctx.operand(i)};`).join('\n'));
    machine.await(ctx.where, `${work}(${[results, ...given].join(', ')});`);
    return [machine.value(ctx.resultType(0), `${results}[l]`, ctx)];
  };
}

/** Fills `results` by the meaning of each subgroup of a workgroup; the last one may have fewer lanes. */
function overSubgroups(meaning: Meaning, invocations: number, lanes: number) {
  const of = meaning as unknown as OfLanes;
  return (results: RuntimeValue[], ...given: readonly Lanes[]): void => {
    for (let from = 0; from < invocations; from += lanes) {
      const found = of(...given.map((values) => values.slice(from, from + lanes)));
      for (let lane = 0; lane < found.length; lane++) results[from + lane] = found[lane] as RuntimeValue;
    }
  };
}

/** An array with a place for each invocation of a workgroup. */
function slots(name: string, machine: Machine): string {
  machine.declarations.push(`var ${name} = new Array(${machine.invocations}).fill(0);`);
  return name;
}

const size: MachineBuilder = (_, _ctx, machine) => [String(machine.lanes)];
const lane: MachineBuilder = (_, _ctx, machine) => [machine.id('sl')];

/** Where an invocation stands in its subgroup, whose size the backend's options say. */
export const subgroups: Readonly<Record<string, MachineBuilder>> = { 'subgroup.size': size, 'subgroup.lane': lane };
