import { Registry } from '@sluice/core';
import type { KernelIr } from '@sluice/core';
import { expect, test } from 'vitest';
import { lowerKernel } from '../../src/lower/lower.ts';
import type { LowerOptions } from '../../src/lower/lowered.ts';
import { plugin } from '../../src/plugin.ts';
import { families, wholeKernels } from './kernels.ts';
import { unshown, valueFamilies } from './op-families.ts';

/* What kernels become, one file for each; that Dawn takes every one of them is tested where Dawn is at hand. */

const registry = new Registry().with(plugin);
const ALL = { f16: true, subgroups: true };

function golden(kernel: KernelIr, options: Partial<LowerOptions> = {}): string {
  return lowerKernel(kernel, { registry, features: ALL, unguarded: false, program: 'goldens', ...options }).code;
}
const file = (name: string) => `../goldens/${name}.wgsl`;

test.each([...valueFamilies, ...families].map((kernel) => [kernel.name, kernel] as const))('the family %s', async (name, kernel) => {
  await expect(golden(kernel)).toMatchFileSnapshot(file(`ops/${name}`));
});

test('subgroups through workgroup memory', async () => {
  const [lanes] = families.filter((k) => k.name === 'lanes');
  await expect(golden(lanes as KernelIr, { features: { ...ALL, subgroups: false } })).toMatchFileSnapshot(file('ops/lanes_emulated'));
});

test.each(wholeKernels.map((kernel) => [kernel.name, kernel] as const))('the kernel %s', async (name, kernel) => {
  await expect(golden(kernel)).toMatchFileSnapshot(file(`kernels/${name}`));
  await expect(golden(kernel, { unguarded: true })).toMatchFileSnapshot(file(`kernels/${name}_unguarded`));
  await expect(golden(kernel, { unguarded: true, unshifted: true })).toMatchFileSnapshot(file(`kernels/${name}_plain`));
});

test('every value op is in a family', () => {
  expect(unshown).toEqual([]);
});

test('the same kernel gives the same text', () => {
  for (const kernel of [...valueFamilies, ...families, ...wholeKernels]) expect(golden(kernel)).toBe(golden(kernel));
});
