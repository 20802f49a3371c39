/* The suites find what is wrong: the reference with one op that errs, and a file that comes back damaged. */
import { Registry, definePlugin, session } from '@sluice/core';
import type { CpuRef } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { expect, test } from 'vitest';
import { runConformance, suites } from '../src/index.ts';
import type { BackendUnderTest } from '../src/index.ts';
import { effective } from '../src/runner/backend.ts';

function erring(op: string, build: CpuRef): BackendUnderTest {
  const registry = new Registry().with(cpuRef).with(definePlugin({ name: 'erring', version: '1.0.0', api: 1, register: ({ lowering }) => lowering(op, { slot: 'cpuRef', backend: 'cpu-ref', build }) }));
  return {
    name: 'erring', tags: ['compute'],
    open: async () => {
      const opened = await session({ registry, backends: ['cpu-ref'] });
      return { session: opened, registry, capabilities: await effective(registry, 'cpu-ref', {}), exact: true, close: () => opened.close() };
    },
  };
}

const named = (id: string) => suites().filter((s) => s.id === id);

test('an op that is wrong for one pair of operands fails at its edges, with the operands', { timeout: 60_000 }, async () => {
  const wrong = erring('arith.sub', () => (a: number, b: number) => (b === 0x7fffffff ? 0 : typeof a === 'bigint' ? a : (a - b) | 0));
  const { ok, backends } = await runConformance([wrong], { suites: named('ops/edges'), only: 'arith.sub' });
  const failed = backends[0]!.outcomes.filter((o) => o.verdict === 'failed');
  expect(ok).toBe(false);
  expect(failed.map((o) => o.case)).toContain('arith.sub');
  expect(failed[0]!.reason).toMatch(/arith\.sub\(i32, i32\) of \(-?\d+, 2147483647\) is 0, expected/);
});

test('a law that does not hold fails', { timeout: 60_000 }, async () => {
  const wrong = erring('arith.xor', () => (a: number, b: number) => (a === 0 && b === 1 ? 2 : (a ^ b) >>> 0));
  const { backends } = await runConformance([wrong], { suites: named('ops/laws'), only: 'arith.xor is commutative' });
  expect(backends[0]!.outcomes.map((o) => o.verdict)).toEqual(['failed']);
});

test('random programs find it too, and show the smallest program found as text', { timeout: 120_000 }, async () => {
  const wrong = erring('arith.add', ({ operands }) => (operands[0]?.spelling === 'u32' ? (a: number, b: number) => (a + b + 1) >>> 0 : (a: number) => a));
  const { backends } = await runConformance([wrong], { suites: named('programs/generated'), only: 'seed 2' });
  const failed = backends[0]!.outcomes.find((o) => o.verdict === 'failed');
  expect(failed?.reason).toMatch(/seed: 2,[\s\S]*kernel k0\([\s\S]*arith\.add/);
});

test('a shuffle that gives the first lane where there is none fails, with the lanes', { timeout: 60_000 }, async () => {
  const wrong = erring('subgroup.shuffle_up', () => (values: readonly number[], asked: readonly number[]) => asked.map((by, lane) => values[Math.max(0, lane - by)] as number));
  const { backends } = await runConformance([wrong], { suites: named('workgroups/subgroups'), only: 'shuffle' });
  const verdicts = Object.fromEntries(backends[0]!.outcomes.map((o) => [o.case, o.verdict]));
  expect(verdicts).toEqual({ 'subgroup.shuffle': 'passed', 'subgroup.shuffle_down': 'passed', 'subgroup.shuffle_up': 'failed', 'subgroup.shuffle_xor': 'passed' });
  expect(backends[0]!.outcomes.find((o) => o.verdict === 'failed')!.reason).toMatch(/subgroup\.shuffle_up\(\w+, u32\) gives lane 0 of 1 \S+, expected 0; the lanes have/);
});
