import { SluiceError, swizzled } from '@sluice/core';
import type { Emitter, Type } from '@sluice/core';
import { combined } from './arith.ts';
import { integerOf } from './literals.ts';
import type { Module, WgslBuilder } from './module.ts';
import { typeText } from './types.ts';

/* Vectors and fixed arrays are values of WGSL. An index that is not known is held in range, and looked at. */

const construct: WgslBuilder = (_, ctx) => [`${typeText(ctx.resultType(0), ctx)}(${ctx.operands.join(', ')})`];

const LETTERS = ['x', 'y', 'z', 'w'] as const;

function lengthOf(type: Type): number {
  return type.kind === 'vector' ? type.size : type.kind === 'array' ? type.length : 0;
}

const extract: WgslBuilder = (op, ctx, module) => {
  const [from = '', index = ''] = ctx.operands;
  const [whole, type] = [ctx.operandType(0), ctx.resultType(0)];
  const length = lengthOf(whole);
  const known = integerOf(index);
  if (known !== undefined) {
    if (known >= length) return [module.zero(type, ctx)];
    return [whole.kind === 'vector' ? `${from}.${LETTERS[known] ?? ''}` : `${from}[${known}u]`];
  }
  const held = `${from}[min(${index}, ${length - 1}u)]`;
  if (type.kind !== 'array') return [`select(${module.zero(type, ctx)}, ${held}, ${index} < ${length}u)`];
  const name = module.variable(module.nameOf(op.results[0]), type, ctx);
  module.block(`if (${index} < ${length}u) {`, () => module.emit(`${name} = ${held};`));
  return [name];
};

const insert: WgslBuilder = (op, ctx, module) => {
  const [into = '', index = '', value = ''] = ctx.operands;
  const type = ctx.resultType(0);
  const length = lengthOf(type);
  const known = integerOf(index);
  if (known !== undefined && known >= length) return [into];
  if (known !== undefined && type.kind === 'vector') return [`${typeText(type, ctx)}(${LETTERS.slice(0, length).map((letter, i) => (i === known ? value : `${into}.${letter}`)).join(', ')})`];
  const name = module.variable(module.nameOf(op.results[0]), type, ctx, into);
  const change = () => module.emit(`${name}[${index}] = ${value};`);
  if (known === undefined) module.block(`if (${index} < ${length}u) {`, change);
  else change();
  return [name];
};

const swizzle: WgslBuilder = (_, ctx) => {
  const type = ctx.operandType(0);
  const picked = swizzled(ctx.attr('pattern'), type.kind === 'vector' ? type.size : 0);
  if (picked === undefined) throw new SluiceError({ code: 'verify/attribute', message: 'attribute `pattern` of a swizzle picks no components of its operand', fix: 'verify the kernel before it is prepared', where: ctx.where });
  return [`${ctx.operand(0)}.${picked.map((i) => LETTERS[i] ?? '').join('')}`];
};

const splat: WgslBuilder = (_, ctx) => [`${typeText(ctx.resultType(0), ctx)}(${ctx.operand(0)})`];

/** From the first on, as the reference does; each step has a name, so that it stays in order. */
function folded(parts: readonly string[], combine: string, ctx: Emitter<string>, module: Module): string {
  const type = ctx.resultType(0);
  return parts.reduce((sum, part, i) => combined(combine, i > 1 ? module.named('part', sum) : sum, part, type, ctx));
}

function componentsOf(ctx: Emitter<string>, index: number): readonly string[] {
  return LETTERS.slice(0, lengthOf(ctx.operandType(index))).map((letter) => `${ctx.operand(index)}.${letter}`);
}

const dot: WgslBuilder = (_, ctx) => {
  const b = componentsOf(ctx, 1);
  return [componentsOf(ctx, 0).map((a, i) => `${a} * ${b[i] ?? ''}`).join(' + ')];
};

const reduce: WgslBuilder = (_, ctx, module) => {
  const combine = ctx.attr('combine');
  return [folded(componentsOf(ctx, 0), combine?.kind === 'enum' ? combine.value : '', ctx, module)];
};

export const vector: Readonly<Record<string, WgslBuilder>> = {
  'vector.construct': construct,
  'vector.extract': extract,
  'vector.insert': insert,
  'vector.swizzle': swizzle,
  'vector.splat': splat,
  'vector.dot': dot,
  'vector.reduce': reduce,
};
