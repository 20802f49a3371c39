import { SluiceError } from '@sluice/core';
import type { Emitter, Type } from '@sluice/core';
import { call } from './helpers.ts';
import type { WgslBuilder } from './module.ts';
import { elementOf } from './types.ts';

/* Ops that compute values from values, as rows of a table: one text for each class of types. */

/** What an op computes, by the class of the type of its first operand. */
export type Text = (operands: readonly string[], type: Type, ctx: Emitter<string>) => string;
export interface Row {
  readonly bool?: Text;
  readonly signed?: Text;
  readonly unsigned?: Text;
  readonly float?: Text;
}

/** A builder that computes by row. */
export function computes(row: Row): WgslBuilder {
  return (_, ctx, module) => {
    const type = ctx.operandType(0);
    const text = row[elementOf(type)?.class ?? 'bool'];
    if (text === undefined) throw new SluiceError({ code: 'plan/type', message: `wgsl has no \`${ctx.where.op ?? ''}\` on ${type.spelling}`, fix: 'use another type', where: ctx.where });
    return [text(module.operands(ctx), type, ctx)];
  };
}

export const infix = (operator: string): Text => ([a, b]) => `${a} ${operator} ${b}`;
export const prefix = (operator: string): Text => ([a]) => `${operator}${a}`;
export const builtin = (name: string): Text => (operands) => `${name}(${operands.join(', ')})`;
export const helper = (name: string): Text => (operands, type, ctx) => call(name, type, ctx, operands);
export const integers = (text: Text): Row => ({ signed: text, unsigned: text });
export const numbers = (text: Text): Row => ({ ...integers(text), float: text });
