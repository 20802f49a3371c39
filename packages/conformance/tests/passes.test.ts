import fc from 'fast-check';
import { Registry, defaultPasses, optimize, passIds, session, verify } from '@sluice/core';
import type { SessionOptions } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { afterAll, expect, test, vi } from 'vitest';
import { programs, show } from '../src/index.ts';
import type { GeneratedProgram } from '../src/index.ts';
import { composites } from './composites.ts';

vi.setConfig({ testTimeout: 120_000 });

/*
 * Generated programs of every op, through each pass, through what a session runs by default, and on a reference whose
 * cells for 64-bit integers and small elements are masked off, so that legalising has to replace them: on the reference
 * the results are the same, bit for bit, and what each pass makes verifies.
 */
const registry = new Registry().with(cpuRef).with(composites);
const seed = Number(process.env['SEED'] ?? 7);
const count = Number(process.env['PROGRAMS'] ?? 24);

const ways: readonly (readonly [string, SessionOptions])[] = [
  ...passIds(registry).map((id): [string, SessionOptions] => [id, { passes: [id] }]),
  ['the default passes', {}],
  ['all, twice', { passes: [...defaultPasses, 'core.fuse', ...defaultPasses] }],
  ['legalised', { masks: { 'cpu-ref': { types: ['i64', 'u64', 'i8', 'u8', 'i16', 'u16', 'bf16'] } } }],
];
const seen = { programs: 0, finished: 0, lacking: 0 };
/** By pass: programs that it changed. */
const changed = new Map(passIds(registry).map((id) => [id, 0]));

test.each(fc.sample(programs({ registry }), { seed, numRuns: count }).map((p, i) => [i, p] as const))('generated program %i', async (_, generated) => {
  const { program } = generated;
  const expected = await outcome(generated, { passes: [] });
  seen.programs++;
  if (!expected.startsWith('error')) seen.finished++;
  for (const id of changed.keys()) if (optimize(program, { registry, passes: [id] }) !== program) changed.set(id, (changed.get(id) ?? 0) + 1);
  for (const [name, options] of ways) {
    const text = () => `SEED=${seed}, ${name}\n${show(generated)}`;
    if (options.masks === undefined) expect(verify(optimize(program, { registry, ...(options.passes === undefined ? {} : { passes: options.passes }) }), registry).map((p) => p.message), text()).toEqual([]);
    const found = await outcome(generated, options);
    // Not every op on 64-bit integers has pairs: that is said before anything runs.
    if (options.masks !== undefined && found.includes('plan/not-runnable')) seen.lacking++;
    else expect(found, text()).toBe(expected);
  }
});

afterAll(() => {
  // A generator that makes only what fails, or what cannot be legalised, would prove nothing.
  expect(seen.finished).toBeGreaterThan(seen.programs * 0.8);
  expect(seen.lacking).toBeLessThan(seen.programs);
  // And one on which a pass has nothing to do says nothing of it.
  expect([...changed].filter(([, programs]) => programs < seen.programs / 12).map(([id, programs]) => `${id}: ${programs} of ${seen.programs}`)).toEqual([]);
});

/** The results as text, or the code of what went wrong. */
async function outcome({ program, args }: GeneratedProgram, options: SessionOptions): Promise<string> {
  const s = await session({ registry, backends: ['cpu-ref'], ...options });
  try {
    const { results } = await (await s.compile(program)).run(args as never);
    const values = Object.entries((results ?? {}) as Readonly<Record<string, unknown>>).map(async ([key, value]) => [key, isBuffer(value) ? [...(await value.read())] : value]);
    return JSON.stringify(await Promise.all(values), (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : Object.is(v, -0) ? '-0' : v));
  } catch (error) {
    return `error ${String((error as { readonly code?: unknown }).code)}`;
  } finally {
    await s.close();
  }
}

function isBuffer(value: unknown): value is { read(): Promise<Uint8Array> } {
  return typeof value === 'object' && value !== null && 'read' in value;
}
