import { isSluiceError, SluiceError } from '@sluice/core';
import type { Builder, Emitter, Exits, KernelIr, Op } from '@sluice/core';
import { letGo } from './control.ts';
import type { Machine, MachineBuilder } from './machine.ts';

/**
 * A lowering of another package as a builder of this one. Nothing is known of the text that it emits: which names it
 * declares and how, where it jumps, what it keeps. So its text stays where it stands, in the order that it was emitted,
 * and every value that crosses the border, a result or a block argument, is bound to a local of the machine.
 * The builder throws SluiceError `plan/bad-lowering`.
 */
export function foreign(build: Builder<string>, kernel: KernelIr): MachineBuilder {
  return (op, ctx, machine) => {
    machine.stay();
    const results = built(build, op, emitter(op, ctx, machine, kernel));
    if (!Array.isArray(results)) throw fault(ctx, `gives ${typeof results}, not a list of values`);
    // Of the wrong number the caller says so.
    if (results.length !== op.results.length) return results;
    return results.map((value, i) => adopted(value, `result ${i}`, ctx, (text) => machine.adopt(ctx.resultType(i), text, ctx)));
  };
}

function built(build: Builder<string>, op: Op, ctx: Emitter<string>): readonly string[] {
  try {
    return build(op, ctx);
  } catch (cause) {
    if (isSluiceError(cause)) throw cause;
    throw fault(ctx, `threw: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

/** What the builder sees: names that nothing of the machine has, regions whose arguments are bound. */
function emitter(op: Op, ctx: Emitter<string>, machine: Machine, kernel: KernelIr): Emitter<string> {
  return {
    target: ctx.target,
    operands: ctx.operands,
    emit: ctx.emit,
    get where() {
      return ctx.where;
    },
    operand: (index) => ctx.operand(index),
    operandType: (index) => ctx.operandType(index),
    resultType: (index) => ctx.resultType(index),
    attr: (name) => ctx.attr(name),
    declare: (text) => ctx.declare(text),
    fresh: (hint = 't') => machine.fresh(`$${hint.replaceAll(/\W/g, '_')}_`),
    region: (index, args, exits = {}) => region(op, ctx, machine, kernel, { index, args, exits }),
  };
}

interface RegionCall {
  readonly index: number;
  readonly args: readonly string[];
  readonly exits: Exits<string>;
}

function region(op: Op, ctx: Emitter<string>, machine: Machine, kernel: KernelIr, { index, args, exits }: RegionCall): readonly string[] {
  const types = (op.regions[index]?.args ?? []).map((id) => kernel.body.valueTypes[id]);
  const bound = args.map((value, i) => {
    const type = types[i];
    return type === undefined ? value : adopted(value, `block argument ${i} of region ${index}`, ctx, (text) => machine.adopt(type, text, ctx));
  });
  // An exit is text of the builder as well, wherever in the region it comes to stand.
  const staying = Object.fromEntries(Object.entries(exits).map(([id, exit]) => [id, (values: readonly string[]) => (machine.stay(), exit(values))]));
  let last: readonly string[] = [];
  const body = machine.body(() => (last = ctx.region(index, bound, staying)));
  // The builder may have put it in a loop: it counts its steps and lets go each time.
  ctx.emit(`spent += ${body.steps + 1};\n${letGo(machine)}\n${body.text}`);
  machine.yields();
  return last;
}

function adopted(value: unknown, what: string, ctx: Emitter<string>, adopt: (text: string) => string): string {
  if (typeof value !== 'string' || value.trim() === '') throw fault(ctx, `gives ${typeof value === 'string' ? 'no text' : String(value)} for ${what}`);
  return adopt(value);
}

function fault(ctx: Emitter<string>, what: string, cause?: unknown): SluiceError {
  const { where } = ctx;
  return new SluiceError({ code: 'plan/bad-lowering', message: `the lowering of \`${where.op ?? ''}\` ${what}`, fix: 'correct the lowering: it is at fault, not the program', where, cause });
}
