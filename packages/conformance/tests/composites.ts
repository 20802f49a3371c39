import { defineDialect, defineOp, definePlugin, functionsOf } from '@sluice/core';
import type { OpSpec, Plugin, Value } from '@sluice/core';

/*
 * A dialect of composites, each with a meaning beside what it is made of: the generator uses it by the one, and inlining
 * goes by the other.
 */
const common = { dialect: 'composites', version: '1.0.0', category: 'composite', level: 'both', traits: ['pure'] } as const;
const U = { name: 'result', type: 'u32' } as const;

const square = defineOp({
  ...common, id: 'composites.square', summary: 'a * a, modulo 2^32.', operands: [{ name: 'a', type: 'u32' }], results: [U],
  cpuRef: () => (a: number) => Math.imul(a, a) >>> 0,
  compose: (([a]: readonly [Value<'u32'>]) => a.mul(a)) as never,
} satisfies OpSpec);

const average = defineOp({
  ...common, id: 'composites.average', summary: 'Half of a + b, rounded down, without overflow.', operands: [{ name: 'a', type: 'u32' }, { name: 'b', type: 'u32' }], results: [U],
  cpuRef: () => (a: number, b: number) => Math.floor((a + b) / 2),
  compose: (([a, b]: readonly [Value<'u32'>, Value<'u32'>]) => a.and(b).add(a.xor(b).shr(1))) as never,
} satisfies OpSpec);

const between = defineOp({
  ...common, id: 'composites.between', summary: 'Whether low <= a < high.', operands: [{ name: 'a', type: 'i32' }, { name: 'low', type: 'i32' }, { name: 'high', type: 'i32' }], results: [{ name: 'result', type: 'bool' }],
  cpuRef: () => (a: number, low: number, high: number) => a >= low && a < high,
  compose: (([a, low, high]: readonly [Value<'i32'>, Value<'i32'>, Value<'i32'>]) => a.ge(low).and(a.lt(high))) as never,
} satisfies OpSpec);

/** Made of another composite. */
const fourth = defineOp({
  ...common, id: 'composites.fourth', summary: 'a ^ 4, modulo 2^32.', operands: [{ name: 'a', type: 'u32' }], results: [U],
  cpuRef: () => (a: number) => Math.imul(Math.imul(a, a), Math.imul(a, a)) >>> 0,
  compose: (([a]: readonly [Value<'u32'>]) => functions.square(functions.square(a))) as never,
} satisfies OpSpec);

const dialect = defineDialect({ id: 'composites', version: '1.0.0', summary: 'Composites that have a meaning of their own, too.', ops: [square, average, between, fourth] });
const functions = functionsOf(dialect) as unknown as { square(a: Value<'u32'>): Value<'u32'> };

export const composites: Plugin = definePlugin({ name: 'composites', version: '1.0.0', api: 1, register: (hooks) => hooks.dialect(dialect) });
