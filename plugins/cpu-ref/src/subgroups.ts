import { neutral, SluiceError } from '@sluice/core';
import type { Meaning, RuntimeValue, ScalarType } from '@sluice/core';
import { zeroOf } from './layout.ts';
import type { Machine, MachineBuilder } from './machine.ts';

/*
 * Subgroup ops stand in control flow that is uniform over the workgroup, so the whole workgroup waits at each: every
 * invocation leaves its operands, and when the last has come all results are worked out, before the first goes on.
 */

/** What the lanes of one subgroup left, operand by operand, and where the results go. Lanes are `from` to `to` of the workgroup. */
interface Gathered {
  readonly given: readonly (readonly RuntimeValue[])[];
  readonly results: RuntimeValue[];
  readonly from: number;
  readonly to: number;
}
type Work = (gathered: Gathered) => void;

/** `work`, over all subgroups of a workgroup. */
function overSubgroups(work: Work, invocations: number, lanes: number) {
  return (results: RuntimeValue[], ...given: readonly (readonly RuntimeValue[])[]): void => {
    for (let from = 0; from < invocations; from += lanes) work({ given, results, from, to: Math.min(invocations, from + lanes) });
  };
}

function exchange(workOf: (type: ScalarType, attribute: (name: string) => number | string | undefined, meaning: Meaning | undefined) => Work): MachineBuilder {
  return (op, ctx, machine, meaning) => {
    const attribute = (name: string) => {
      const found = ctx.attr(name);
      return found?.kind === 'scalar' ? Number(found.bits) : found?.kind === 'enum' ? found.value : undefined;
    };
    const type = ctx.operandType(0);
    if (type.kind !== 'scalar') throw new SluiceError({ code: 'plan/type', message: `cpu-ref has no \`${ctx.where.op ?? 'subgroup op'}\` on ${type.spelling}`, fix: 'use a scalar', where: ctx.where });
    const work = machine.reference(overSubgroups(workOf(type, attribute, meaning), machine.invocations, machine.lanes));
    const results = slots(ctx.fresh('results'), machine);
    const given = op.operands.map(() => slots(ctx.fresh('given'), machine));
    ctx.emit(given.map((name, i) => `${name}[l] = ${ctx.operand(i)};`).join('\n'));
    machine.await(ctx.where, `${work}(${[results, ...given].join(', ')});`);
    return [machine.value(ctx.resultType(0), `${results}[l]`, ctx)];
  };
}

/** An array with a place for each invocation of a workgroup. */
function slots(name: string, machine: Machine): string {
  machine.declarations.push(`var ${name} = new Array(${machine.invocations}).fill(0);`);
  return name;
}

const vote = (holds: (conditions: readonly RuntimeValue[]) => boolean) =>
  exchange(() => ({ given: [conditions = []], results, from, to }) => void results.fill(holds(conditions.slice(from, to)), from, to));

const ballot = exchange(() => ({ given: [conditions = []], results, from, to }) => {
  const words = [0, 0, 0, 0];
  for (let lane = 0; lane < to - from; lane++) {
    const word = lane >>> 5;
    if (conditions[from + lane] === true) words[word] = ((words[word] ?? 0) | (1 << (lane & 31))) >>> 0;
  }
  results.fill(Object.freeze(words), from, to);
});

/** `source` says of which lane the value is that `lane` gets, for what it asked. */
const shuffle = (source: (lane: number, asked: number) => number) =>
  exchange((type) => {
    const zero = zeroOf(type);
    return ({ given: [values = [], asked = []], results, from, to }) => {
      for (let l = from; l < to; l++) results[l] = laneOf(values, from, to, source(l - from, asked[l] as number)) ?? zero;
    };
  });

function laneOf(values: readonly RuntimeValue[], from: number, to: number, lane: number): RuntimeValue | undefined {
  return lane >= 0 && lane < to - from ? values[from + lane] : undefined;
}

const broadcast = exchange((type, attribute) => ({ given: [values = []], results, from, to }) => {
  results.fill(laneOf(values, from, to, Number(attribute('lane'))) ?? zeroOf(type), from, to);
});

type Combined = (a: RuntimeValue, b: RuntimeValue) => RuntimeValue;

/** What the lanes before it, or these and it itself, or all make of their values. */
const scan = (place: 'inclusive' | 'exclusive' | 'all') =>
  exchange((type, attribute, meaning) => {
    if (meaning === undefined) throw new SluiceError({ code: 'plan/bad-lowering', message: 'a subgroup op has no meaning to combine with', fix: 'give the op a `cpuRef`' });
    const combine = meaning as unknown as Combined;
    const first = neutral(String(attribute('combine')), type);
    return ({ given: [values = []], results, from, to }) => {
      let before: RuntimeValue | undefined;
      for (let l = from; l < to; l++) {
        const value = values[l] as RuntimeValue;
        const sum = before === undefined ? value : combine(before, value);
        results[l] = place === 'exclusive' ? (before ?? first) : sum;
        before = sum;
      }
      if (place === 'all') results.fill(before ?? first, from, to);
    };
  });

const size: MachineBuilder = (_, _ctx, machine) => [String(machine.lanes)];
const lane: MachineBuilder = (_, _ctx, machine) => [machine.id('sl')];

/** The subgroup ops, on subgroups of a size that the backend's options say. */
export const subgroups: Readonly<Record<string, MachineBuilder>> = {
  'subgroup.size': size,
  'subgroup.lane': lane,
  'subgroup.ballot': ballot,
  'subgroup.all': vote((conditions) => conditions.every((c) => c === true)),
  'subgroup.any': vote((conditions) => conditions.includes(true)),
  'subgroup.shuffle': shuffle((_, asked) => asked),
  'subgroup.shuffle_xor': shuffle((l, asked) => (l ^ asked) >>> 0),
  'subgroup.shuffle_up': shuffle((l, asked) => l - asked),
  'subgroup.shuffle_down': shuffle((l, asked) => l + asked),
  'subgroup.broadcast': broadcast,
  'subgroup.reduce': scan('all'),
  'subgroup.inclusive_scan': scan('inclusive'),
  'subgroup.exclusive_scan': scan('exclusive'),
};
