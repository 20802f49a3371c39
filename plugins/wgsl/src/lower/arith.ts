import type { Attribute, Emitter, Type } from '@sluice/core';
import { SluiceError } from '@sluice/core';
import { call, single } from './helpers.ts';
import { integerOf, isFloatLiteral, literalOf } from './literals.ts';
import type { WgslBuilder } from './module.ts';
import { builtin, computes, helper, infix, integers, numbers, prefix } from './rows.ts';
import type { Row, Text } from './rows.ts';
import { elementOf, shapeOf } from './types.ts';

/*
 * Arithmetic, by component on vectors. What WGSL defines as the reference does is its operator or function: integers wrap,
 * division is total. A literal that it would refuse (a shift by 33, a division by 0) never reaches it.
 */

const constant: WgslBuilder = (_, ctx) => [constantText(ctx.attr('value'), ctx)];

/** A scalar attribute as an expression; a literal wherever it is an ordinary number. */
export function constantText(attribute: Attribute | undefined, ctx: Emitter<string>): string {
  const literal = literalOf(attribute);
  if (literal === undefined) throw new SluiceError({ code: 'plan/type', message: `wgsl has no constant of ${attribute?.kind === 'scalar' ? attribute.type.spelling : 'no scalar'}`, fix: 'use one of bool, i32, u32, f32 and f16', where: ctx.where });
  const call = literal.indexOf('(');
  if (call > 0 && literal.startsWith('from_bits_')) single(literal.slice(0, call), ctx);
  return literal;
}

/** Of a literal of 0 as divisor, what `zero` says: WGSL refuses it, though it defines the same for what it does not know. */
function division(operator: '/' | '%', zero: (a: string, type: Type, ctx: Emitter<string>) => string): Text {
  return ([a = '', b = ''], type, ctx) => (integerOf(b) === 0 ? zero(a, type, ctx) : `${a} ${operator} ${b}`);
}

const shift = (operator: '<<' | '>>'): Text => ([a, count = ''], type, ctx) => {
  const known = integerOf(count);
  return known === undefined ? `${a} ${operator} (${count} & ${type.kind === 'vector' ? `${shapeOf(type, ctx).U}(31u)` : '31u'})` : `${a} ${operator} ${known & 31}u`;
};

/** A float that is a literal is no NaN: where both are, or the op has but one, the function is not needed. */
const compare = (name: string, operator: string, swapped = false): Text => ([a = '', b = ''], type, ctx) => {
  if (isFloatLiteral(a) && isFloatLiteral(b)) return `${a} ${operator} ${b}`;
  return call(name, type, ctx, swapped ? [b, a] : [a, b]);
};
const ordered = (name: string, operator: string, swapped = false): Row => ({ ...integers(infix(operator)), float: compare(name, operator, swapped) });

const rows: Readonly<Record<string, Row>> = {
  'arith.add': numbers(infix('+')),
  'arith.sub': numbers(infix('-')),
  'arith.mul': numbers(infix('*')),
  'arith.div': { ...integers(division('/', (a) => a)), float: infix('/') },
  'arith.rem': { ...integers(division('%', (_, type, ctx) => `${shapeOf(type, ctx).T}()`)), float: helper('remainder') },
  'arith.neg': { signed: prefix('-'), float: prefix('-'), unsigned: ([a], type, ctx) => `${shapeOf(type, ctx).T}(0u) - ${a}` },
  'arith.abs': { signed: builtin('abs'), float: builtin('abs'), unsigned: ([a = '']) => a },
  'arith.min': { ...integers(builtin('min')), float: helper('min_of') },
  'arith.max': { ...integers(builtin('max')), float: helper('max_of') },
  'arith.abs_diff': { ...integers(([a, b]) => `select(${b} - ${a}, ${a} - ${b}, ${a} > ${b})`), float: ([a, b]) => `abs(${a} - ${b})` },
  'arith.add_sat': { signed: helper('add_sat_signed'), unsigned: helper('add_sat_unsigned') },
  'arith.sub_sat': { signed: helper('sub_sat_signed'), unsigned: helper('sub_sat_unsigned') },
  'arith.mul_sat': { signed: helper('mul_sat_signed'), unsigned: helper('mul_sat_unsigned') },
  'arith.mul_high': { signed: helper('mul_high_signed'), unsigned: helper('mul_high_unsigned') },
  'arith.fma': { float: builtin('fma') },
  'arith.and': { ...integers(infix('&')), bool: infix('&') },
  'arith.or': { ...integers(infix('|')), bool: infix('|') },
  'arith.xor': { ...integers(infix('^')), bool: infix('!=') },
  'arith.not': { ...integers(prefix('~')), bool: prefix('!') },
  'arith.shl': integers(shift('<<')),
  'arith.shr': integers(shift('>>')),
  'arith.rotl': integers(helper('rotate_left')),
  'arith.rotr': integers(helper('rotate_right')),
  'arith.popcount': integers(builtin('countOneBits')),
  'arith.clz': integers(builtin('countLeadingZeros')),
  'arith.ctz': integers(builtin('countTrailingZeros')),
  'arith.reverse_bits': integers(builtin('reverseBits')),
  'arith.swap_bytes': integers(helper('swap_bytes')),
  'arith.eq': { ...integers(infix('==')), bool: infix('=='), float: compare('equal', '==') },
  'arith.ne': { ...integers(infix('!=')), bool: infix('!='), float: (operands, type, ctx) => `!${call('equal', type, ctx, operands)}` },
  'arith.lt': ordered('less', '<'),
  'arith.le': ordered('less_equal', '<='),
  'arith.gt': ordered('less', '>', true),
  'arith.ge': ordered('less_equal', '>=', true),
};

const select: WgslBuilder = (_, ctx, module) => {
  const [condition, a, b] = module.operands(ctx);
  return [`select(${b}, ${a}, ${condition})`];
};

/** Two values of `type` combined as that op of `arith` does. */
export function combined(combine: string, a: string, b: string, type: Type, ctx: Emitter<string>): string {
  const text = rows[`arith.${combine}`]?.[elementOf(type)?.class ?? 'bool'];
  if (text === undefined) throw new SluiceError({ code: 'verify/attribute', message: `values of ${type.spelling} do not combine by \`${combine}\``, fix: 'verify the kernel before it is prepared', where: ctx.where });
  return text([a, b], type, ctx);
}

export const arith: Readonly<Record<string, WgslBuilder>> = {
  'arith.constant': constant,
  'arith.select': select,
  ...Object.fromEntries(Object.entries(rows).map(([id, row]) => [id, computes(row)])),
};
