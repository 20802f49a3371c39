import { SluiceError } from '@sluice/core';
import type { Emitter, Exits } from '@sluice/core';
import { literalValue } from './machine.ts';
import type { BodyText, Machine, MachineBuilder } from './machine.ts';

/*
 * A loop counts the ops that it ran in `spent` and lets go, with `yield spent`, when a slice is used up. The yield
 * stands outside the loop that does the work: V8 knows no types around a yield, and a loop with one inside runs at
 * a fifth of the speed. So each loop is two: the outer one hands the inner one as many iterations as fit in a slice.
 */

type Registers = readonly string[];

export const ifElse: MachineBuilder = (op, ctx, machine) => {
  const results = op.results.map((_, i) => machine.variable(ctx.resultType(i), ctx));
  const branch = (index: number) => inside(ctx, machine, index, [], { 'control.yield': (values) => machine.assign(results, values) });
  const then = branch(0);
  const otherwise = op.regions.length > 1 ? branch(1) : undefined;
  ctx.emit(`if (${ctx.operand(0)}) {\n${then.text}`);
  if (otherwise !== undefined && otherwise.text !== '') ctx.emit(`} else {\n${otherwise.text}`);
  ctx.emit('}');
  for (const body of [then, otherwise]) {
    machine.charge(body?.steps ?? 0);
    if (body?.yields === true) machine.yields();
  }
  return results;
};

/** Iterations of a `for`: max(0, ceil((to - from) / step)). A negative step of a signed type counts down. Exact below 2^53. */
export function tripCount(from: number | bigint, to: number | bigint, step: number | bigint): number {
  // Nearest to an integer that a quotient of 33-bit integers can be without being one is 2^-32: no double rounds over it.
  if (typeof from === 'number') return Math.max(0, Math.ceil((Number(to) - from) / Number(step)));
  const [distance, by] = [BigInt(to) - from, BigInt(step)];
  if (distance === 0n || distance > 0n !== by > 0n) return 0;
  return Number((distance + by + (by > 0n ? -1n : 1n)) / by);
}

/** The index after `i`. It is in range whenever it is used: what wraps is the value behind the last iteration. */
const NEXT: Readonly<Record<string, (i: string, step: string) => string>> = {
  i32: (i, step) => `(${i} + ${step}) | 0`,
  u32: (i, step) => `(${i} + ${step}) >>> 0`,
  i64: (i, step) => `BigInt.asIntN(64, ${i} + ${step})`,
  u64: (i, step) => `BigInt.asUintN(64, ${i} + ${step})`,
};

export const forLoop: MachineBuilder = (op, ctx, machine) => {
  const [from = '', to = '', step = '', ...init] = ctx.operands;
  const type = ctx.operandType(0);
  const bounds = [from, to, step].map(literalValue);
  refuseStepZero(ctx, machine, step);
  const trips = tripsOf(bounds, [from, to, step]);
  const count = trips === undefined ? `${machine.reference(tripCount)}(${from}, ${to}, ${step})` : trips;
  const remaining = ctx.fresh();
  ctx.emit(`let ${remaining} = ${count};`);
  const index = machine.variable(type, ctx, from);
  const carried = init.map((value, i) => machine.variable(ctx.resultType(i), ctx, value));
  const [outer, inner] = [ctx.fresh('L'), ctx.fresh('L')];
  const body = inside(ctx, machine, 0, [index, ...carried], {
    'control.yield': (values) => machine.assign(carried, values),
    'control.continue': (values) => leave(machine, carried, values, `continue ${inner}`),
    'control.break': (values) => leave(machine, carried, values, `break ${outer}`),
  });
  const next = NEXT[type.spelling]?.(index, step) ?? index;
  const steps = body.steps + 1;
  const known = Number(count) * steps;
  if (!body.yields && known <= machine.slice / 4) {
    ctx.emit(`${outer}: {\n${inner}: for (; ${remaining} > 0; ${remaining} = (${remaining} - 1) | 0, ${index} = ${next}) {\n${body.text}\n}\n}`);
    machine.charge(known);
    return carried;
  }
  const run = ctx.fresh();
  ctx.emit(`${outer}: while (${remaining} > 0) {`);
  const most = inSlice(machine, steps);
  ctx.emit(`let ${run} = ${remaining} < ${most} ? ${remaining} : ${most};\n${remaining} -= ${run};\n${machine.retype([index, ...carried])}`);
  ctx.emit(`${inner}: for (; ${run} > 0; ${run} = (${run} - 1) | 0, ${index} = ${next}) {\nspent += ${steps};\n${body.text}\n}`);
  ctx.emit(`${letGo(machine)}\n}`);
  machine.yields();
  return carried;
};

/** The trip count as text that needs no call: known bounds, or 32-bit bounds with a step of 1. */
function tripsOf(bounds: readonly (number | bigint | undefined)[], [from = '', to = '']: readonly string[]): string | undefined {
  const [a, b, s] = bounds;
  if (s === 0 || s === 0n) return '0';
  if (a !== undefined && b !== undefined && s !== undefined) return String(tripCount(a, b, s));
  return s === 1 ? `${to} > ${from} ? ${to} - ${from} : 0` : undefined;
}

function refuseStepZero(ctx: Emitter<string>, machine: Machine, step: string): void {
  const known = literalValue(step);
  if (known !== undefined && Number(known) !== 0) return;
  const { where } = ctx;
  const fault = machine.fault(() => new SluiceError({ code: 'run/zero-step', message: `\`${where.op ?? 'a loop'}\` was given step 0`, fix: 'give the loop a step that is not 0', where }));
  ctx.emit(`if (${step} == 0) ${fault}`);
}

export const whileLoop: MachineBuilder = (op, ctx, machine) => {
  const before = ctx.operands.map((value, i) => machine.variable(ctx.operandType(i), ctx, value));
  const results = op.results.map((_, i) => machine.variable(ctx.resultType(i), ctx));
  const [outer, inner] = [ctx.fresh('L'), ctx.fresh('L')];
  const test = inside(ctx, machine, 0, before, {
    'control.condition': ([condition = '', ...values]) => {
      machine.assign(results, values);
      machine.emit(`if (!${condition}) break ${outer};`);
    },
  });
  const body = inside(ctx, machine, 1, results, {
    'control.yield': (values) => machine.assign(before, values),
    'control.continue': (values) => leave(machine, before, values, `continue ${inner}`),
    'control.break': (values) => leave(machine, results, values, `break ${outer}`),
  });
  const steps = test.steps + body.steps + 1;
  const run = ctx.fresh();
  ctx.emit(`${outer}: for (;;) {\n${machine.retype([...before, ...results])}`);
  ctx.emit(`${inner}: for (let ${run} = ${inSlice(machine, steps)}; ${run} > 0; ${run} = (${run} - 1) | 0) {\nspent += ${steps};\n${test.text}\n${body.text}\n}`);
  ctx.emit(`${letGo(machine)}\n}`);
  machine.yields();
  return results;
};

function inside(ctx: Emitter<string>, machine: Machine, index: number, args: Registers, exits: Exits<string>): BodyText {
  return machine.body(() => void ctx.region(index, args, exits));
}

function leave(machine: Machine, targets: Registers, values: Registers, jump: string): void {
  machine.assign(targets, values);
  machine.emit(`${jump};`);
}

/** Iterations of `steps` ops that fit in one slice. */
function inSlice(machine: Machine, steps: number): number {
  return Math.max(1, Math.floor(machine.slice / steps));
}

/** Gives the thread back where a slice is used up. */
export function letGo(machine: Machine): string {
  return `if (spent >= ${machine.slice}) {\nyield spent;\nspent = 0;\n}`;
}
