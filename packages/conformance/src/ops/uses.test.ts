import { Registry } from '@sluice/core';
import { expect, test } from 'vitest';
import { edgesOf } from './edges.ts';
import { spell, usesOf, valueUses } from './uses.ts';

const registry = new Registry();

test('every op that computes has uses, for each of its types and vectors of them', () => {
  const uses = valueUses(registry);
  const spelled = uses.map(spell);
  expect(new Set(spelled).size).toBe(spelled.length);
  expect(spelled).toEqual(expect.arrayContaining(['arith.add(u32, u32)', 'arith.add(vec3<f32>, vec3<f32>)', 'arith.shl(i64, u32)', 'arith.cast(f32 to=u32)', 'arith.select(bool, f16, f16)']));
  const silent = [...registry.ops.values()].filter((op) => op.level !== 'host' && op.traits.includes('pure') && op.operands.length > 0 && typeof op.cpuRef === 'function' && !uses.some((u) => u.def === op));
  expect(silent.map((op) => op.id)).toEqual([]);
});

test('meanings give a value of the result type for every edge', () => {
  for (const use of valueUses(registry)) {
    const args = use.operands.map((t) => edgesOf(t)[1]);
    const value = (use.meaning as (...v: unknown[]) => unknown)(...args);
    expect(value, spell(use)).not.toBeUndefined();
  }
});

test('memory ops have a use for each element and access', () => {
  const load = registry.lookup('buffer.load');
  expect(load && usesOf(load).map(spell)).toEqual(expect.arrayContaining(['buffer.load(buffer<u8, read>, u32)', 'buffer.load(buffer<f32, workgroup>, u32)']));
});
