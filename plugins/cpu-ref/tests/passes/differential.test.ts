import { Registry, defaultPasses, defineProgram, kernel, optimize, passIds, print, verify } from '@sluice/core';
import type { Compute, KernelIr, Memory, ProgramIr } from '@sluice/core';
import { plugin as cpuRef } from '../../src/plugin.ts';
import { expect, test } from 'vitest';
import { randomKernel } from '../../src/testing/random-kernel.ts';

/*
 * Generated kernels, before and after each pass and after all of them: still verified, and on the reference the same
 * bits in memory.
 */
const registry = new Registry().with(cpuRef);
const seeds = process.env['SEED'] === undefined ? Array.from({ length: 150 }, (_, i) => i + 1) : [Number(process.env['SEED'])];
const pipelines: readonly (readonly string[])[] = [...passIds(registry).map((id) => [id]), defaultPasses, [...defaultPasses, ...defaultPasses]];

test.each(seeds)('a generated kernel does the same after each pass: SEED=%i', async (seed) => {
  const generated = randomKernel(seed);
  const program: ProgramIr = defineProgram('random', { data: 'GpuBufferHandle' }, ({ data }) => {
    kernel.launch(generated, { groups: 2 }, { data, n: seed % 7 });
  });
  const before = print(program);
  const expected = await launched(generated, seed);
  for (const passes of pipelines) {
    const made = optimize(program, { registry, passes });
    const text = () => `SEED=${seed}, ${passes.join(', ')}\n${print(made)}`;
    expect(verify(made, registry).map((p) => p.message), text()).toEqual([]);
    expect(await launched(made.kernels[0] as KernelIr, seed), text()).toEqual(expected);
  }
  expect(print(program), 'a pass changed what it was given').toBe(before);
});

const compute = new Registry().with(cpuRef).backends.get('cpu-ref')?.open({ registry }).then((d) => d.compute as Compute);

/** The words of the buffer after a launch of two workgroups of three. */
async function launched(of: KernelIr, seed: number): Promise<Uint32Array> {
  const data = Uint32Array.from({ length: 16 }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> (i % 32));
  const memory: Memory = { space: 'host', byteLength: data.byteLength, bytes: new Uint8Array(data.buffer) };
  const prepared = await (await compute as Compute).prepare(of, { registry });
  await prepared.launch({ groups: [2, 1, 1], args: [{ kind: 'buffer', memory, count: data.length }, { kind: 'scalar', value: seed % 7 }] }, new AbortController().signal);
  return data;
}
