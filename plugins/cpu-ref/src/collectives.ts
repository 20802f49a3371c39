import { SluiceError } from '@sluice/core';
import type { Emitter } from '@sluice/core';
import { copyElements, layoutOf, readText } from './layout.ts';
import type { Machine, MachineBuilder } from './machine.ts';

/** Copies that a workgroup has started and not waited for: lists of arguments of `copyElements`. */
const PENDING = 'pendingCopies';

/** Invocation 0 starts the copy for all. It is made as late as it may be, so that a kernel that does not wait sees the old bytes. */
const asyncCopy: MachineBuilder = (_, ctx, machine) => {
  const [target = '', targetIndex = '', source = '', sourceIndex = '', count = ''] = ctx.operands;
  const type = ctx.operandType(0);
  const layout = type.kind === 'buffer' ? layoutOf(type.element) : undefined;
  if (layout === undefined) throw new SluiceError({ code: 'plan/type', message: `cpu-ref has no ${type.spelling}`, fix: 'use a buffer of an element that it has, or another backend', where: ctx.where });
  declarePending(machine);
  machine.stay();
  ctx.emit(`if (l === 0) ${PENDING}.push([${target}, ${targetIndex}, ${source}, ${sourceIndex}, ${count}, ${layout.count}${started(target, source, ctx, machine)}]);`);
  return [];
};

function declarePending(machine: Machine): void {
  if (machine.declarations.includes(`var ${PENDING} = [];`)) return;
  machine.declarations.push(`var ${PENDING} = [];`);
  machine.atWorkgroupStart.push(`${PENDING}.length = 0;`);
  machine.atWorkgroupEnd.push(copyPending(machine));
}

/** For the detectors, what a copy in progress says beside: when it began, and what tells them the elements. */
function started(target: string, source: string, ctx: Emitter<string>, machine: Machine): string {
  if (machine.watch === undefined) return '';
  const touch = ctx.fresh('touch');
  machine.declarations.push([
    `function ${touch}(to, from, count) {`,
    `for (let i = 0, end = Math.min(count, ${machine.countOf(target)} - to); i < end; i += 1) {`,
    `if (from + i < ${machine.countOf(source)}) ${machine.touch('load', source, 'from + i', ctx)}0;`,
    `${machine.touch('store', target, 'to + i', ctx)}0;`,
    '}\n}',
  ].join('\n'));
  return `, sBase, mBase, ${touch}`;
}

function copyPending(machine: Machine): string {
  const copy = machine.reference(copyElements);
  const told = machine.watch?.since('copy[6]', 'copy[7]', 'copy[8](copy[1], copy[3], copy[4]);');
  const each = `${copy}(...copy);`;
  return `for (const copy of ${PENDING}) ${told === undefined ? each : `{\n${told}\n${each}\n}`}\n${PENDING}.length = 0;`;
}

/** In a loop, copies that stand behind the wait may be what it waits for. */
const asyncWait: MachineBuilder = (_, ctx, machine) => {
  declarePending(machine);
  const order = machine.watch?.barrier('storage');
  machine.await(ctx.where, [copyPending(machine), ...(order === undefined ? [] : [order])].join('\n'));
  return [];
};

/** The element is read when all have come, before the first goes on. */
const uniformLoad: MachineBuilder = (_, ctx, machine) => {
  const [buffer = '', index = ''] = ctx.operands;
  const type = ctx.operandType(0);
  const element = type.kind === 'buffer' ? type.element : type;
  const scalars = layoutOf(element)?.count ?? 1;
  const [asked, answer] = [ctx.fresh('asked'), ctx.fresh('answer')];
  machine.declarations.push(`var ${asked} = 0, ${answer};`);
  ctx.emit(`${asked} = ${index};`);
  const read = readText(element, buffer, scalars === 1 ? asked : `${asked} * ${scalars}`, machine);
  const touch = machine.touch('load', buffer, asked, ctx);
  const once = `${answer} = ${asked} < ${machine.countOf(buffer)} ? ${touch === '' ? read : `(${touch}${read})`} : ${machine.zero(ctx.resultType(0), ctx)};`;
  machine.await(ctx.where, machine.watch?.asOne(once) ?? once);
  return [machine.value(ctx.resultType(0), answer, ctx)];
};

/** Never ends the invocation: the launch runs to its end, and then fails. */
const trap: MachineBuilder = (_, ctx, machine) => {
  const number = machine.traps.push({ where: ctx.where, ...tagOf(ctx) });
  const at = (['gx', 'gy', 'gz'] as const).map((name) => machine.id(name)).join(', ');
  ctx.emit(`if (trapped === undefined) trapped = [${number}, ${ctx.operand(0)}, ${at}];`);
  return [];
};

function tagOf(ctx: Emitter<string>): { readonly tag: number; readonly message: string } {
  const [tag, message] = [ctx.attr('tag'), ctx.attr('message')];
  return { tag: tag?.kind === 'scalar' ? Number(tag.bits) : 0, message: message?.kind === 'string' ? message.value : '' };
}

/** What a workgroup does as one, and traps. */
export const collectives: Readonly<Record<string, MachineBuilder>> = {
  'buffer.async_copy': asyncCopy,
  'buffer.async_wait': asyncWait,
  'control.uniform_load': uniformLoad,
  'control.trap': trap,
};
