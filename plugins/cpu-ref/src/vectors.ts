import { combination, SluiceError, swizzled } from '@sluice/core';
import type { Emitter, Type } from '@sluice/core';
import { literalValue } from './machine.ts';
import type { Machine, MachineBuilder } from './machine.ts';
import { partsOf, vectorOf } from './vector-text.ts';

/*
 * A vector is the names of its components: most of these ops only say which they are, and no code runs. An array is a
 * JavaScript array that is never changed.
 */

const construct: MachineBuilder = (_, ctx, machine) => {
  const type = ctx.resultType(0);
  const { operands } = ctx;
  if (operands.length === 0) return [machine.zero(type, ctx)];
  if (type.kind === 'vector') return [vectorOf(operands.flatMap(partsOf))];
  return [machine.value(type, `[${operands.join(', ')}]`, ctx)];
};

const extract: MachineBuilder = (_, ctx, machine) => {
  const [from = '', index = ''] = ctx.operands;
  const type = ctx.resultType(0);
  const whole = ctx.operandType(0);
  const zero = machine.zero(type, ctx);
  if (whole.kind === 'array') return [machine.value(type, `${index} < ${whole.length} ? ${from}[${index}] : ${zero}`, ctx)];
  const parts = partsOf(from);
  const known = literalValue(index);
  if (known !== undefined) return [parts[Number(known)] ?? zero];
  return [machine.value(type, `${parts.map((part, i) => `${index} === ${i} ? ${part} : `).join('')}${zero}`, ctx)];
};

const insert: MachineBuilder = (_, ctx, machine) => {
  const [into = '', index = '', value = ''] = ctx.operands;
  const type = ctx.resultType(0);
  if (type.kind !== 'vector') return [machine.value(type, `${machine.reference(inserted)}(${into}, ${index}, ${value})`, ctx)];
  const known = literalValue(index);
  const parts = partsOf(into);
  if (known !== undefined) return [vectorOf(parts.map((part, i) => (i === Number(known) ? value : part)))];
  return [vectorOf(parts.map((part, i) => machine.value(type.element, `${index} === ${i} ? ${value} : ${part}`, ctx)))];
};

function inserted(into: readonly unknown[], index: number, value: unknown): readonly unknown[] {
  if (index >= into.length) return into;
  const made = into.slice();
  made[index] = value;
  return made;
}

const swizzle: MachineBuilder = (_, ctx) => {
  const parts = partsOf(ctx.operand(0));
  const picked = swizzled(ctx.attr('pattern'), parts.length)?.map((i) => parts[i] ?? '');
  if (picked === undefined) throw new SluiceError({ code: 'verify/attribute', message: 'attribute `pattern` of a swizzle picks no components of its operand', fix: 'verify the kernel before it is prepared', where: ctx.where });
  return [picked.length === 1 ? (picked[0] ?? '') : vectorOf(picked)];
};

const splat: MachineBuilder = (_, ctx) => {
  const type = ctx.resultType(0);
  return [vectorOf(new Array<string>(type.kind === 'vector' ? type.size : 0).fill(ctx.operand(0)))];
};

const dot: MachineBuilder = (_, ctx, machine) => {
  const [a, b] = [partsOf(ctx.operand(0)), partsOf(ctx.operand(1))];
  const type = ctx.resultType(0);
  return [a.map((part, i) => combined('mul', [part, b[i] ?? ''], type, ctx, machine)).reduce((sum, product) => combined('add', [sum, product], type, ctx, machine))];
};

const reduce: MachineBuilder = (_, ctx, machine) => {
  const combine = ctx.attr('combine');
  const type = ctx.resultType(0);
  return [partsOf(ctx.operand(0)).reduce((left, part) => combined(combine?.kind === 'enum' ? combine.value : '', [left, part], type, ctx, machine))];
};

/** Two values of `type` combined as that op of `arith` does. */
function combined(combine: string, operands: readonly string[], type: Type, ctx: Emitter<string>, machine: Machine): string {
  const meaning = combination(combine, type);
  if (meaning === undefined) throw new SluiceError({ code: 'verify/attribute', message: `values of ${type.spelling} do not combine by \`${combine}\``, fix: 'verify the kernel before it is prepared', where: ctx.where });
  return machine.value(type, machine.apply(meaning, operands), ctx);
}

export const vectors: Readonly<Record<string, MachineBuilder>> = {
  'vector.construct': construct,
  'vector.extract': extract,
  'vector.insert': insert,
  'vector.swizzle': swizzle,
  'vector.splat': splat,
  'vector.dot': dot,
  'vector.reduce': reduce,
};
