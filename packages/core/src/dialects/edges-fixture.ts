import { expect } from 'vitest';
import type { ScalarValue } from '../ir/attributes.ts';
import { decodeF16 } from '../ir/half.ts';
import { parseType } from '../ir/types.ts';
import { meaningOf } from '../ops/op.ts';
import type { OpDef } from '../ops/op.ts';
import { dialects } from './index.ts';

export const INT_BITS = { i32: 32, u32: 32, i64: 64, u64: 64 } as const;
export type IntName = keyof typeof INT_BITS;
export const INT_NAMES = Object.keys(INT_BITS) as IntName[];

export const isSigned = (t: IntName) => t.startsWith('i');
export const lowest = (t: IntName) => (isSigned(t) ? -(1n << BigInt(INT_BITS[t] - 1)) : 0n);
export const highest = (t: IntName) => (1n << BigInt(isSigned(t) ? INT_BITS[t] - 1 : INT_BITS[t])) - 1n;
export const wrap = (t: IntName, x: bigint) => (isSigned(t) ? BigInt.asIntN(INT_BITS[t], x) : BigInt.asUintN(INT_BITS[t], x));
/** As JavaScript holds it. */
export const held = (t: IntName, x: bigint): ScalarValue => (INT_BITS[t] === 64 ? x : Number(x));

/** Integers at which ops change their ways. */
export function intEdges(t: IntName): readonly bigint[] {
  const near = [0n, 1n, 2n, 3n, 5n, 31n, 63n, 255n, 46341n, 65535n, 65536n, 0x12345678n, 0x00ff00ffn, 3037000500n, 0x0123456789abcdefn];
  return [...near, ...near.map((x) => -x), lowest(t), lowest(t) + 1n, highest(t), highest(t) - 1n, highest(t) / 2n].map((x) => wrap(t, x)).filter((x, i, all) => all.indexOf(x) === i);
}

const f32 = (...values: number[]) => values.flatMap((x) => [Math.fround(x), -Math.fround(x)]);
export const FLOAT_EDGES = {
  f32: [...f32(0, 1, 2, 3, 0.1, 0.5, 1.5, 2.5, 1 / 3, 1e-20, 1e20, 2 ** -149, 3 * 2 ** -149, 2 ** -126, 2 ** -126 - 2 ** -149, 2 ** 23, 2 ** 23 - 0.5, 2 ** 24, 2 ** 31, 2 ** 32, 2 ** 63, 2 ** 64, 3.4028234663852886e38, 1 + 2 ** -23, Infinity), NaN],
  f16: [0, 1, 2, 3, 1023, 1024, 1025, 0x3555, 0x3800, 0x3bff, 0x3c00, 0x3c01, 0x3e00, 0x4100, 0x4248, 0x5640, 0x63ff, 0x6400, 0x6401, 0x7800, 0x7bfe, 0x7bff, 0x7c00].flatMap((b) => [decodeF16(b), -decodeF16(b)]).concat(NaN),
} as const;
export type FloatName = keyof typeof FLOAT_EDGES;
export const FLOAT_NAMES = ['f16', 'f32'] as const;

/** Edge values of a computed scalar type. */
export function edgesOf(type: string): readonly ScalarValue[] {
  if (type === 'bool') return [false, true];
  if (type === 'f16' || type === 'f32') return FLOAT_EDGES[type];
  return intEdges(type as IntName).map((x) => held(type as IntName, x));
}

const OPS: ReadonlyMap<string, OpDef> = new Map(dialects.flatMap((d) => d.ops).map((o) => [o.id as string, o]));

type Operation = (...operands: readonly unknown[]) => ScalarValue;

/** The op's own meaning for operands of these types; of casts, `result` is the target. */
export function operation(id: string, types: readonly string[], result?: string): Operation {
  const def = OPS.get(id);
  if (def === undefined) throw new Error(`no ${id}`);
  const attrs = result === undefined ? {} : { to: { kind: 'type' as const, type: parseType(result) } };
  const given = types.map(parseType);
  const results = def.signature.check(given, attrs);
  if (typeof results === 'string') throw new Error(`${id}: ${results}`);
  const meaning = meaningOf(def, { operands: given, results, attrs });
  if (meaning === undefined) throw new Error(`${id} has no meaning on ${types.join(', ')}`);
  return meaning as unknown as Operation;
}

/** What it gives. */
export function evaluate(id: string, types: readonly string[], operands: readonly unknown[], result?: string): ScalarValue {
  return operation(id, types, result)(...operands);
}

/** Fails unless `found` is `wanted` bit for bit, NaNs as one class: far quicker than an `expect` for each of 100,000 values. */
export function same(found: unknown, wanted: unknown, what: string, ...operands: readonly unknown[]): void {
  if (!Object.is(found, wanted)) expect.fail(`${what}(${operands.map(shown).join(', ')}) is ${shown(found)}, expected ${shown(wanted)}`);
}

function shown(x: unknown): string {
  return Object.is(x, -0) ? '-0' : String(x);
}

/** A repeatable sequence of 32-bit numbers. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
}
