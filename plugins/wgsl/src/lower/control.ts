import type { Emitter, Exits } from '@sluice/core';
import { integerOf } from './literals.ts';
import type { Module, WgslBuilder } from './module.ts';
import { trapped } from './traps.ts';

/*
 * Control flow stays structured. A value that a region hands on is a variable, declared before the op and assigned before
 * each way out.
 */

const ifElse: WgslBuilder = (op, ctx, module) => {
  const results = op.results.map((value, i) => module.variable(module.nameOf(value), ctx.resultType(i), ctx));
  const exits: Exits<string> = { 'control.yield': (values) => module.assign(results, values) };
  const hasElse = op.regions.length > 1;
  const then = module.block(`if (${ctx.operand(0)}) {`, () => void ctx.region(0, [], exits), hasElse);
  if (!hasElse) return results;
  const otherwise = module.block('} else {', () => void ctx.region(1, [], exits));
  if (otherwise.empty) {
    module.retract(2);
    module.emit('}');
  }
  if (then.dead && otherwise.dead) module.kill();
  return results;
};

/** What a `for` counts with. */
interface Counting {
  readonly index: string;
  readonly from: string;
  readonly to: string;
  readonly step: string;
  readonly signed: boolean;
}

const forLoop: WgslBuilder = (op, ctx, module) => {
  const [from = '', to = '', step = '', ...init] = ctx.operands;
  const [indexValue, ...carriedValues] = op.regions[0]?.args ?? [];
  const names = module.kernel.body.debug.names;
  const carried = init.map((value, i) => module.variable(module.fresh(names.get(carriedValues[i] ?? -1) ?? names.get(op.results[i] ?? -1) ?? 'carried'), ctx.resultType(i), ctx, value));
  const index = module.fresh(names.get(indexValue ?? -1) ?? 'i');
  const exits: Exits<string> = {
    'control.yield': (values) => module.assign(carried, values),
    'control.continue': (values) => leave(module, carried, values, 'continue;'),
    'control.break': (values) => leave(module, carried, values, 'break;'),
  };
  const body = () => void ctx.region(0, [index, ...carried], exits);
  count({ index, from, to, step, signed: ctx.operandType(0).spelling === 'i32' }, body, ctx, module);
  return carried;
};

/** Emits the loop. The index never wraps: where the last step might take it over the end of its type, the rest is looked at. */
function count(counting: Counting, body: () => void, ctx: Emitter<string>, module: Module): void {
  const { index, from, to, step, signed } = counting;
  const known = integerOf(step);
  if (known === undefined) return countBy(counting, body, ctx, module);
  if (known === 0) return zeroStep(ctx, module);
  const down = known < 0;
  const by = Math.abs(known);
  if (by === 1 || endsBefore(to, known, signed)) {
    const next = by === 1 ? (down ? `${index}--` : `${index}++`) : `${index} += ${step}`;
    return void module.block(`for (var ${index} = ${from}; ${index} ${down ? '>' : '<'} ${to}; ${next}) {`, body);
  }
  const ahead = down ? `${index} - ${to}` : `${to} - ${index}`;
  module.emit(`var ${index} = ${from};`);
  module.block(`if (${index} ${down ? '>' : '<'} ${to}) {`, () => {
    stepping(body, () => {
      const rest = module.named('rest', signed ? `bitcast<u32>(${ahead})` : ahead);
      module.emit(`${index} += ${step};\nbreak if ${rest} <= ${by}u;`);
    }, module);
  });
}

/** Whether the index after the last one is in range, whatever the first is. */
function endsBefore(to: string, step: number, signed: boolean): boolean {
  const end = integerOf(to);
  if (end === undefined) return false;
  return step > 0 ? end + step - 1 <= (signed ? 2147483647 : 4294967295) : end + step + 1 >= -2147483648;
}

/** The step is known to the launch alone. */
function countBy({ index, from, to, step, signed }: Counting, body: () => void, ctx: Emitter<string>, module: Module): void {
  module.block(`if (${step} == ${signed ? '0i' : '0u'}) {`, () => zeroStep(ctx, module));
  module.emit(`var ${index} = ${from};`);
  if (!signed) {
    module.block(`if (${step} != 0u && ${index} < ${to}) {`, () => {
      stepping(body, () => {
        const rest = module.named('rest', `${to} - ${index}`);
        module.emit(`${index} += ${step};\nbreak if ${rest} <= ${step};`);
      }, module);
    });
    return;
  }
  const size = module.named('size', `bitcast<u32>(abs(${step}))`);
  const onward = module.named('onward', `select((${index} > ${to}), (${index} < ${to}), ${step} > 0i)`);
  module.block(`if (${size} != 0u && ${onward}) {`, () => {
    stepping(body, () => {
      const rest = module.named('rest', `bitcast<u32>(select(${index} - ${to}, ${to} - ${index}, ${step} > 0i))`);
      module.emit(`${index} += ${step};\nbreak if ${rest} <= ${size};`);
    }, module);
  });
}

/** A loop that runs at least once; `next` ends it. */
function stepping(body: () => void, next: () => void, module: Module): void {
  module.block('loop {', () => {
    // A body that leaves at its end leaves the loop's own code reachable, by `continue`.
    module.block('{', body);
    module.block('continuing {', next);
  });
}

function zeroStep(ctx: Emitter<string>, module: Module): void {
  trapped({ where: ctx.where, code: 'run/zero-step', tag: 0, message: `\`${ctx.where.op ?? 'a loop'}\` was given step 0` }, '0u', ctx, module);
}

const whileLoop: WgslBuilder = (op, ctx, module) => {
  const names = module.kernel.body.debug.names;
  const named = (value: number | undefined, hint: string) => module.fresh(names.get(value ?? -1) ?? hint);
  const before = ctx.operands.map((value, i) => module.variable(named(op.regions[0]?.args[i], 'next'), ctx.operandType(i), ctx, value));
  const results = op.results.map((value, i) => module.variable(named(op.regions[1]?.args[i] ?? value, 'current'), ctx.resultType(i), ctx));
  module.block('loop {', () => {
    ctx.region(0, before, {
      'control.condition': ([condition = '', ...values]) => {
        module.assign(results, values);
        module.emit(`if (!${condition}) { break; }`);
      },
    });
    ctx.region(1, results, {
      'control.yield': (values) => module.assign(before, values),
      'control.continue': (values) => leave(module, before, values, 'continue;'),
      'control.break': (values) => leave(module, results, values, 'break;'),
    });
  });
  return results;
};

function leave(module: Module, targets: readonly string[], values: readonly string[], jump: string): void {
  module.assign(targets, values);
  module.leave(jump);
}

export const control: Readonly<Record<string, WgslBuilder>> = {
  'control.if': ifElse,
  'control.for': forLoop,
  'control.while': whileLoop,
};
