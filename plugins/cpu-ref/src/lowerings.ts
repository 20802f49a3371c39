import { SluiceError, workgroupLayout } from '@sluice/core';
import type { Emitter, Type } from '@sluice/core';
import { forLoop, ifElse, whileLoop } from './control.ts';
import { collectives } from './collectives.ts';
import { elements } from './elements.ts';
import type { Layout } from './layout.ts';
import { layoutOf, readText, writeText } from './layout.ts';
import { literalOf } from './machine.ts';
import type { MachineBuilder } from './machine.ts';
import { subgroups } from './subgroups.ts';
import { partsOf } from './vector-text.ts';
import { vectors } from './vectors.ts';

const constant: MachineBuilder = (_, ctx) => {
  const literal = literalOf(ctx.attr('value'));
  if (literal === undefined) throw new SluiceError({ code: 'verify/attribute', message: 'attribute `value` of a constant is no scalar, or has bits that its type has not', fix: 'give it a scalar of a type, with the bits of a value of it', where: ctx.where });
  return [literal];
};

const load: MachineBuilder = (_, ctx, machine) => {
  const [buffer = '', index = ''] = ctx.operands;
  const type = ctx.resultType(0);
  const { scalar, count, element } = bufferOf(ctx);
  const inside = `${index} < ${machine.countOf(buffer)}`;
  const touch = machine.touch('load', buffer, index, ctx);
  if (count === 1 && element.kind === 'scalar') return [machine.value(type, `${inside} ? ${touched(touch, scalar.load(`${buffer}[${index}]`, machine))} : ${scalar.zero}`, ctx)];
  if (type.kind !== 'vector') return [machine.value(type, `${inside} ? ${touched(touch, readText(element, buffer, `${index} * ${count}`, machine))} : ${machine.zero(type, ctx)}`, ctx)];
  const result = machine.variable(type, ctx);
  const at = ctx.fresh();
  const moves = partsOf(result).map((part, i) => `${part} = ${scalar.load(`${buffer}[${at} + ${i}]`, machine)};`);
  ctx.emit([`if (${inside}) {`, `const ${at} = ${touched(touch, `${index} * ${count}`)};`, ...moves, '}'].join('\n'));
  return [result];
};

/** The expression, behind what is to be evaluated before it. */
function touched(touch: string, expression: string): string {
  return touch === '' ? expression : `(${touch}${expression})`;
}

const store: MachineBuilder = (_, ctx, machine) => {
  const [buffer = '', index = '', value = ''] = ctx.operands;
  machine.pin(value);
  const { scalar, count, element } = bufferOf(ctx);
  const inside = `if (${index} < ${machine.countOf(buffer)})`;
  const touch = machine.touch('store', buffer, index, ctx);
  if (element.kind === 'array') {
    ctx.emit(`${inside} {\n${touch === '' ? '' : `${touch}0;\n`}${writeText(element, buffer, `${index} * ${count}`, value, machine)}\n}`);
    return [];
  }
  if (element.kind === 'scalar') {
    ctx.emit(`${inside} ${touch}${buffer}[${index}] = ${scalar.store(value, machine)};`);
    return [];
  }
  const at = ctx.fresh();
  ctx.emit([`${inside} {`, `const ${at} = ${touched(touch, `${index} * ${count}`)};`, ...partsOf(value).map((part, i) => `${buffer}[${at} + ${i}] = ${scalar.store(part, machine)};`), '}'].join('\n'));
  return [];
};

const length: MachineBuilder = (_, ctx, machine) => [machine.countOf(ctx.operand(0))];

/** Every atomic: the meaning says what is stored for the old value and the operands. */
const atomic: MachineBuilder = (_, ctx, machine, meaning) => {
  const [buffer = '', index = '', ...values] = ctx.operands;
  if (meaning === undefined) throw new SluiceError({ code: 'plan/bad-lowering', message: `\`${ctx.where.op ?? 'an atomic'}\` has no meaning to combine with`, fix: 'give the op a `cpuRef`', where: ctx.where });
  values.forEach((value) => machine.pin(value));
  const old = machine.variable(ctx.resultType(0), ctx);
  ctx.emit(`if (${index} < ${machine.countOf(buffer)}) {`);
  ctx.emit(`${machine.touch('atomic', buffer, index, ctx)}${old} = ${buffer}[${index}];`);
  ctx.emit(`${buffer}[${index}] = ${machine.apply(meaning, [old, ...values])};`);
  ctx.emit('}');
  return [old];
};

const workgroup: MachineBuilder = (op, ctx, machine) => {
  const given = workgroupLayout(op.attrs);
  const layout = given === undefined ? undefined : layoutOf(given.element);
  if (given === undefined || layout === undefined) throw new SluiceError({ code: 'plan/type', message: 'cpu-ref has no workgroup memory of that element', fix: 'use an element that it has, or another backend', where: ctx.where, available: Object.keys(elements) });
  // The length becomes a part of the code.
  if (!Number.isInteger(given.length) || given.length < 0 || given.length * layout.bytes > WORKGROUP_BYTES) throw new SluiceError({ code: 'verify/attribute', message: `attribute \`length\` of workgroup memory gives ${given.length} elements, ${WORKGROUP_BYTES} bytes is the most`, fix: 'give a length that fits', where: ctx.where });
  const name = machine.buffer(ctx.fresh('m'), given.element, String(given.length), ctx);
  machine.declarations.push(`var ${name} = new ${layout.scalar.view.name}(${given.length * layout.count});`);
  machine.atWorkgroupStart.push(`${name}.fill(${layout.scalar.zero});`);
  machine.watch?.buffer({ name, count: String(given.length), label: `workgroup memory \`${ctx.where.path ?? ''}\``, where: ctx.where, memory: 'workgroup', elementBytes: layout.bytes });
  return [name];
};

/** `prefix` is the first letter of the machine's name for the id, before the axis. */
function id(prefix: 'l' | 'g' | 'w'): MachineBuilder {
  return (_, ctx, machine) => [machine.id(`${prefix}${axisOf(ctx)}`)];
}

const workgroupCount: MachineBuilder = (_, ctx) => [`c${axisOf(ctx)}`];

const barrier: MachineBuilder = (_, ctx, machine) => {
  const memory = ctx.attr('memory');
  machine.await(ctx.where, machine.watch?.barrier(memory?.kind === 'enum' && memory.value === 'storage' ? 'storage' : 'workgroup'));
  return [];
};

/** One of three names, whatever the attribute holds: it becomes a part of the code. */
function axisOf(ctx: Emitter<string>): 'x' | 'y' | 'z' {
  const attribute = ctx.attr('axis');
  const axis = AXES.find((a) => attribute?.kind === 'enum' && attribute.value === a);
  if (axis === undefined) throw new SluiceError({ code: 'verify/attribute', message: 'attribute `axis` of an id is not x, y or z', fix: 'name an axis', where: ctx.where });
  return axis;
}

/** The elements of the buffer that is operand `index`. */
export function bufferOf(ctx: Emitter<string>, index = 0): Layout & { readonly element: Type } {
  const type = ctx.operandType(index);
  const layout = type.kind === 'buffer' ? layoutOf(type.element) : undefined;
  if (type.kind !== 'buffer' || layout === undefined) throw new SluiceError({ code: 'plan/type', message: `cpu-ref has no ${type.spelling}`, fix: 'use a buffer of an element that it has, or another backend', where: ctx.where, available: Object.keys(elements) });
  return { ...layout, element: type.element };
}

/** Workgroup memory that a kernel may have, in bytes. */
export const WORKGROUP_BYTES = 1 << 20;

const AXES = ['x', 'y', 'z'] as const;
const ATOMICS = ['add', 'sub', 'min', 'max', 'and', 'or', 'xor', 'exchange', 'compare_exchange'];

/** How the reference runs the ops that act on the machine; every other op is its meaning. */
export const lowerings: Readonly<Record<string, MachineBuilder>> = {
  'arith.constant': constant,
  'buffer.load': load,
  'buffer.store': store,
  'buffer.length': length,
  'buffer.workgroup': workgroup,
  ...Object.fromEntries(ATOMICS.map((name) => [`buffer.atomic_${name}`, atomic])),
  'kernel.global_id': id('g'),
  'kernel.local_id': id('l'),
  'kernel.workgroup_id': id('w'),
  'kernel.workgroup_count': workgroupCount,
  'control.if': ifElse,
  'control.for': forLoop,
  'control.while': whileLoop,
  'control.barrier': barrier,
  ...collectives,
  ...subgroups,
  ...vectors,
};

