import { Registry, verify } from '@sluice/core';
import { expect, test } from 'vitest';
import { arithmetic, arithmeticProgram } from './arithmetic.ts';
import { copyOf, mixedProgram, opsIn, valueUsesIn } from './programs.ts';

const registry = new Registry();

test.each([3_000, 20_000])('a mixed program of %i ops verifies, and has about as many', (ops) => {
  const program = mixedProgram(ops);
  expect(verify(program, registry)).toEqual([]);
  expect(opsIn(program) / ops).toBeGreaterThan(0.9);
  expect(opsIn(program) / ops).toBeLessThan(1.2);
  expect(opsIn(mixedProgram(ops))).toBe(opsIn(program));
});

test('a copy is equal, and shares no op', () => {
  const program = mixedProgram(2_000);
  const copy = copyOf(program);
  expect(copy.kernels).toEqual(program.kernels);
  expect(copy.body.region).toEqual(program.body.region);
  expect(copy.body.region.ops[0]).not.toBe(program.body.region.ops[0]);
  expect(valueUsesIn(copy)).toBe(valueUsesIn(program));
});

test.each([1, 300, 1000])('arithmetic of %i ops verifies and has as many, beside constants, ids and memory', (ops) => {
  const program = arithmeticProgram(arithmetic(ops));
  expect(verify(program, registry)).toEqual([]);
  const names = program.kernels[0]?.body;
  const counted = names?.region.ops.filter((op) => /^arith\.(?!constant)/.test(names.opNames[op.name] ?? '')).length;
  const around = 5; // two to set variables up, three to bring them together
  expect(counted).toBe(ops + around);
});
