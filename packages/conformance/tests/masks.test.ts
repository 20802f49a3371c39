import { expect, test } from 'vitest';
import { renderReport, runConformance } from '../src/index.ts';
import { reference } from './backends.ts';

const vectors = (...scalars: readonly string[]) => scalars.flatMap((s) => [s, ...[2, 3, 4].map((n) => `vec${n}<${s}>`)]);

/** What devices lack, each as a mask over the reference: what is legalised is right, and the rest is refused by name. */
const MASKS = {
  'cpu-ref without 64-bit integers': { mask: { types: vectors('i64', 'u64') }, legal: true },
  'cpu-ref without f16 and transcendental functions': { mask: { types: vectors('f16'), ops: ['math.sin', 'math.cos', 'math.tan', 'math.exp', 'math.pow'] }, legal: false },
  'cpu-ref as a small device': { mask: { ops: ['arith.fma', 'arith.popcount', 'vector.dot', 'buffer.atomic_compare_exchange', 'buffer.async_copy', 'control.trap', 'subgroup.size'], limits: { buffers: 8, workgroupInvocations: 256, workgroupBytes: 16_384 } }, legal: false },
} as const;

test.each(Object.entries(MASKS))('%s', { timeout: 480_000 }, async (name, { mask, legal }) => {
  const report = await runConformance([reference(name, mask)]);
  expect(report.ok, renderReport(report)).toBe(true);
  const [{ outcomes = [] } = {}] = report.backends;
  expect(outcomes.filter((o) => o.verdict === 'passed').length).toBeGreaterThan(150);
  // What is left out is left out because of the mask.
  const left = outcomes.filter((o) => o.verdict === 'unsupported');
  expect(left.length > 0, 'whether something is left out').toBe(!legal);
  expect(left.filter((o) => !/masked off|unavailable on cpu-ref/.test(o.reason ?? ''))).toEqual([]);
});
