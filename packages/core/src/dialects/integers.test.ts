import { describe, expect, test } from 'vitest';
import { evaluate, held, highest, INT_BITS, INT_NAMES, intEdges, isSigned, lowest, operation, random, same, wrap } from './edges-fixture.ts';
import type { IntName } from './edges-fixture.ts';

const clamp = (t: IntName, x: bigint) => (x < lowest(t) ? lowest(t) : x > highest(t) ? highest(t) : x);
const overflows = (t: IntName, a: bigint, b: bigint) => isSigned(t) && a === lowest(t) && b === -1n;

/** What the contract says, over exact integers; results wrap afterwards. */
const BINARY: Readonly<Record<string, (t: IntName, a: bigint, b: bigint) => bigint>> = {
  add: (_, a, b) => a + b,
  sub: (_, a, b) => a - b,
  mul: (_, a, b) => a * b,
  div: (t, a, b) => (b === 0n || overflows(t, a, b) ? a : a / b),
  rem: (t, a, b) => (b === 0n || overflows(t, a, b) ? 0n : a % b),
  min: (_, a, b) => (a < b ? a : b),
  max: (_, a, b) => (a > b ? a : b),
  and: (_, a, b) => a & b,
  or: (_, a, b) => a | b,
  xor: (_, a, b) => a ^ b,
  abs_diff: (_, a, b) => (a < b ? b - a : a - b),
  add_sat: (t, a, b) => clamp(t, a + b),
  sub_sat: (t, a, b) => clamp(t, a - b),
  mul_sat: (t, a, b) => clamp(t, a * b),
  mul_high: (t, a, b) => (a * b) >> BigInt(INT_BITS[t]),
};

const bitsOf = (t: IntName, a: bigint) => BigInt.asUintN(INT_BITS[t], a).toString(2).padStart(INT_BITS[t], '0');
const fromBits = (bits: string) => BigInt(`0b${bits}`);
const UNARY: Readonly<Record<string, (t: IntName, a: bigint) => bigint>> = {
  neg: (_, a) => -a,
  abs: (_, a) => (a < 0n ? -a : a),
  not: (_, a) => ~a,
  popcount: (t, a) => BigInt(bitsOf(t, a).replaceAll('0', '').length),
  clz: (t, a) => BigInt(/^0*/.exec(bitsOf(t, a))?.[0].length ?? 0),
  ctz: (t, a) => BigInt(/0*$/.exec(bitsOf(t, a))?.[0].length ?? 0),
  reverse_bits: (t, a) => fromBits(bitsOf(t, a).split('').toReversed().join('')),
  swap_bytes: (t, a) => fromBits((bitsOf(t, a).match(/.{8}/g) ?? []).toReversed().join('')),
};

const rotated = (bits: string, by: number) => fromBits(bits.slice(by) + bits.slice(0, by));
const COUNTED: Readonly<Record<string, (t: IntName, a: bigint, by: number) => bigint>> = {
  shl: (_, a, by) => a << BigInt(by),
  shr: (_, a, by) => a >> BigInt(by),
  rotl: (t, a, by) => rotated(bitsOf(t, a), by),
  rotr: (t, a, by) => rotated(bitsOf(t, a), (INT_BITS[t] - by) % INT_BITS[t]),
};
const COUNTS = [0, 1, 5, 8, 31, 32, 33, 63, 64, 65, 0x7fffffff, 0x80000000, 0xffffffff];

const COMPARED: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  eq: (a, b) => a === b, ne: (a, b) => a !== b, lt: (a, b) => a < b, le: (a, b) => a <= b, gt: (a, b) => a > b, ge: (a, b) => a >= b,
};

/** Edges, and values with bits all over. */
function values(t: IntName): readonly bigint[] {
  const next = random(7);
  return [...intEdges(t), ...Array.from({ length: 12 }, () => wrap(t, (BigInt(next()) << 32n) | BigInt(next())))];
}

describe.each(INT_NAMES)('%s', (t) => {
  test.each(Object.entries(BINARY))('%s', (name, oracle) => {
    const f = operation(`arith.${name}`, [t, t]);
    for (const a of values(t)) for (const b of values(t)) same(f(held(t, a), held(t, b)), held(t, wrap(t, oracle(t, a, b))), name, a, b);
  });

  test.each(Object.entries(UNARY))('%s', (name, oracle) => {
    const f = operation(`arith.${name}`, [t]);
    for (const a of values(t)) same(f(held(t, a)), held(t, wrap(t, oracle(t, a))), name, a);
  });

  test.each(Object.entries(COUNTED))('%s takes its count modulo the width', (name, oracle) => {
    const f = operation(`arith.${name}`, [t, 'u32']);
    for (const a of values(t)) for (const count of COUNTS) same(f(held(t, a), count), held(t, wrap(t, oracle(t, a, count % INT_BITS[t]))), name, a, count);
  });

  test.each(Object.entries(COMPARED))('%s', (name, oracle) => {
    const f = operation(`arith.${name}`, [t, t]);
    for (const a of values(t)) for (const b of values(t)) same(f(held(t, a), held(t, b)), oracle(a, b), name, a, b);
  });
});

describe('bool', () => {
  test('and, or, xor, not, eq, ne', () => {
    for (const a of [false, true]) {
      for (const b of [false, true]) expect(['and', 'or', 'xor', 'eq', 'ne'].map((n) => evaluate(`arith.${n}`, ['bool', 'bool'], [a, b]))).toEqual([a && b, a || b, a !== b, a === b, a !== b]);
      expect(evaluate('arith.not', ['bool'], [a])).toBe(!a);
    }
  });

  test('select takes one of its operands, of any type', () => {
    for (const [t, a, b] of [['u32', 1, 2], ['i64', 1n, 2n], ['f16', -0, 0], ['bool', true, false]] as const) {
      expect([evaluate('arith.select', ['bool', t, t], [true, a, b]), evaluate('arith.select', ['bool', t, t], [false, a, b])]).toEqual([a, b]);
    }
  });
});
