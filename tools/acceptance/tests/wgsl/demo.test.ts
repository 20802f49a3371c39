import type { ProgramIr } from '@sluice/core';
import { lowerProgram } from '@sluice/wgsl/lower';
import { expect, test } from 'vitest';
import { ALL, registry } from './lowering.ts';
import { messagesOf } from './validator.ts';

/** The program of examples/bytes, which no package may import as it is not one for others. */
const { default: program } = (await import(new URL('../../../../examples/bytes/src/program.ts', import.meta.url).href)) as { readonly default: ProgramIr };
const kernels = lowerProgram(program, { ...ALL, registry });

test('the main job has its kernels', () => {
  expect(kernels.map(({ kernel }) => kernel.name)).toEqual(['table', 'count', 'fold', 'crc', 'finish']);
});

test.each(kernels.map(({ kernel, lowered }) => [kernel.name, lowered.code] as const))('%s of the main job', async (name, code) => {
  expect(await messagesOf(code)).toEqual([]);
  await expect(code).toMatchFileSnapshot(`goldens/bytes_${name}.wgsl`);
});
