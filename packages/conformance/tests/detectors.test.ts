import fc from 'fast-check';
import { Registry, session } from '@sluice/core';
import { cpuRef } from '@sluice/cpu-ref/plugin';
import { expect, test } from 'vitest';
import { programs } from '../src/generate/program.ts';
import { effective } from '../src/runner/backend.ts';
import { agrees } from '../src/suites/generated.ts';

/** Generated programs have no races: the race mode says nothing, in any order, and the results are those of the oracle. */
test.each([undefined, 1, 2])('generated programs run without a finding; order of seed %s', async (seed) => {
  const registry = new Registry().with(cpuRef({ detect: ['races'], ...(seed === undefined ? {} : { seed }) }));
  const open = await session({ registry, backends: ['cpu-ref'], passes: [] });
  const bench = { backend: 'cpu-ref', session: open, registry, capabilities: await effective(registry, 'cpu-ref', {}), exact: true };
  let launches = 0;
  try {
    await fc.assert(fc.asyncProperty(programs({ registry }), async (made) => {
      await agrees(bench, made);
      launches += made.program.kernels.length;
    }), { seed: 20 + (seed ?? 0), numRuns: 60 });
  } finally {
    await open.close();
  }
  expect(launches).toBeGreaterThan(30);
}, 60_000);
