import { Registry } from '@sluice/core';
import { afterAll, describe, expect, test } from 'vitest';
import { conformanceTests } from '../src/index.ts';
import { storage } from './backends.ts';
import { gaps, recording } from './recording.ts';

const met = new Set<string>();
await conformanceTests({ describe, test, afterAll }, recording(storage('fs'), met));
await conformanceTests({ describe, test, afterAll }, recording(storage('io-uring'), met));

/** Ops that no case meets, and why. */
const EXCEPTIONS = {
  'mem.zerocopy_map': 'no storage backend here maps files: the case is there, and is unsupported on each',
  'mem.unmap': 'ends a map',
};

test('every op of storage is met by a case of a suite', () => {
  const ops = [...new Registry().ops.values()].filter((op) => ['io', 'grant'].includes(op.dialect)).map((op) => op.id);
  expect(gaps(ops, met, EXCEPTIONS)).toEqual({ unmet: [], outOfDate: [] });
});
