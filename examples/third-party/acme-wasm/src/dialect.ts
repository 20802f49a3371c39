import { arith, defineDialect, defineOp, functionsOf } from '@sluice/core';
import type { Builder, OpSpec, Value } from '@sluice/core';
import { expand, local } from './lowerings.js';

const common = { dialect: 'acme', version: '1.0.0', level: 'both', traits: ['pure'] } as const;

/** Made of ops of core: it runs wherever they do. */
const saturate = defineOp({
  ...common, id: 'acme.saturate', category: 'composite', summary: 'x, but at least 0 and at most 1; of a NaN, 0.',
  operands: [{ name: 'x', type: 'f32' }], results: [{ name: 'result', type: 'f32' }], accuracy: 'exact',
  cpuRef: () => (x: number) => (x > 0 ? Math.min(x, 1) : 0),
  compose: (([x]: readonly [Value<'f32'>]) => arith.min(arith.max(x, 0), 1)) as never,
} satisfies OpSpec);

/** Made of nothing: it runs where somebody lowers it. */
const mean = defineOp({
  ...common, id: 'acme.mean', category: 'extension', summary: 'Half of a + b, rounded down; the sum does not overflow.',
  operands: [{ name: 'a', type: 'u32' }, { name: 'b', type: 'u32' }], results: [{ name: 'result', type: 'u32' }], providers: ['@acme/wasm'],
  laws: [{ law: 'commutative', types: ['u32'] }, { law: 'idempotent', types: ['u32'] }],
  cpuRef: () => (a: number, b: number) => Math.floor((a + b) / 2),
} satisfies OpSpec);

export const dialect = defineDialect({ id: 'acme', version: '1.0.0', summary: 'Two ops of another author.', ops: [saturate, mean] });

/** The ops as functions, for kernels and programs. */
export const acme = functionsOf(dialect);

export const meanInWgsl: Builder<string> = (_, { operands: [a, b] }) => [`((${a} & ${b}) + ((${a} ^ ${b}) >> 1u))`];
export const meanInWasm: Builder<number> = (_, ctx) => [local(ctx, ctx.resultType(0), expand('a b T.and a b T.xor #1 T.shr_S T.add', ctx.operands, ctx.operandType(0)))];
