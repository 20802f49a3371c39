import { Registry } from '@sluice/core';
import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';
import { properties } from './properties.ts';

const registry = new Registry();
const LIMIT = { timeout: 120_000 };

test.each(properties.filter((p) => p.id !== 'runs').map((p) => [p.id, p] as const))('%s holds for random programs', LIMIT, async (_, property) => {
  const outcome = await fuzz({ registry, programs: 60, mutants: 8, seed: 1, properties: [property] });
  expect(outcome.ok || outcome.message).toBe(true);
});

test('what does not hold is shown as the smallest program found, with its seed', LIMIT, async () => {
  const outcome = await fuzz({ registry, programs: 50, mutants: 0, seed: 5, properties: [{ id: 'no-loops', summary: '', check: ({ program }) => {
    if (program.kernels.some((k) => k.body.opNames.includes('control.for'))) throw new Error('a loop');
  } }] });
  if (outcome.ok) throw new Error('no program of fifty has a loop');
  expect([outcome.property, outcome.seed]).toEqual(['no-loops', 5]);
  expect(outcome.message).toMatch(/seed: 5,[\s\S]*control\.for/);
  expect(outcome.message.split('\n').length).toBeLessThan(100);
});
