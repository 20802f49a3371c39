import { Registry } from '@sluice/core';
import { afterAll, describe, expect, test } from 'vitest';
import { conformanceTests } from '../src/index.ts';
import { reference } from './backends.ts';
import { gaps, recording } from './recording.ts';

const met = new Set<string>();
await conformanceTests({ describe, test, afterAll }, recording(reference('cpu-ref'), met));

test('every op of kernels, and every one of programs but for storage, is met by a case of a suite', () => {
  const ops = [...new Registry().ops.values()].filter((op) => !['io', 'grant'].includes(op.dialect)).map((op) => op.id);
  expect(ops.length).toBeGreaterThan(140);
  expect(gaps(ops, met, {})).toEqual({ unmet: [], outOfDate: [] });
});
