import { control, defineKernel, i32, i64, Registry, u32, u64 } from '@sluice/core';
import type { KernelIr } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { compileKernel } from './compile.ts';
import { tripCount } from './control.ts';
import { plugin } from './plugin.ts';
import { failure, launch } from './testing/launching.ts';
import { interpret } from './testing/interpreter.ts';
import { randomKernel } from './testing/random-kernel.ts';

const registry = new Registry().with(plugin);

/** Runs all that the generated code yields, at a slice so small that every loop lets go again and again. */
function runSliced(kernel: KernelIr, groups: number, args: readonly (Uint32Array | number)[], slice: number): number {
  const code = compileKernel(kernel, registry, slice).bind({ groups: [groups, 1, 1], args });
  if (code.kind !== 'rows') throw new Error('expected rows');
  const row = code.row(0, 0);
  let yields = 0;
  for (let turn = row.next(); turn.done !== true; turn = row.next()) yields++;
  return yields;
}

describe('generated code does what an interpreter does', () => {
  test.each([3, 50, 65536])('for random kernels, in slices of %i steps', (slice) => {
    for (let seed = 1; seed <= 200; seed++) {
      const kernel = randomKernel(seed);
      const start = Uint32Array.from({ length: 16 }, (_, i) => Math.imul(i + seed, 2654435761) >>> 0);
      const [expected, found] = [start.slice(), start.slice()];
      interpret(kernel, registry, 3, [expected, seed % 7]);
      runSliced(kernel, 3, [found, seed % 7], slice);
      expect(found, `seed ${seed}`).toEqual(expected);
    }
  });

  test('a small slice lets go often, a large one never in a short kernel', () => {
    expect(runSliced(randomKernel(3), 3, [new Uint32Array(16), 3], 3)).toBeGreaterThan(5);
    expect(runSliced(randomKernel(3), 3, [new Uint32Array(16), 3], 65536)).toBe(0);
  });
});

describe('the trip count of a for', () => {
  test.each([
    [0, 10, 3, 4], [0, 9, 3, 3], [5, 5, 1, 0], [6, 5, 1, 0], [0, 0xffffffff, 1, 0xffffffff], [0xfffffffa, 0xffffffff, 3, 2],
    [-0x80000000, 0x7fffffff, 0x7fffffff, 3], [3, -4, -2, 4], [3, -3, -2, 3], [-4, 3, -2, 0], [0x7fffffff, -0x80000000, -1, 0xffffffff],
    [0n, 10n, 3n, 4], [5n, 5n, 1n, 0], [6n, 5n, 1n, 0], [3n, -4n, -2n, 4], [3n, -3n, -2n, 3], [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 62n, 4],
  ] as const)('from %s to %s by %s is %s', (from, to, step, trips) => {
    expect(tripCount(from, to, step)).toBe(trips);
  });
});

describe('a for', () => {
  const u32Loop = defineKernel('indices', { params: { out: 'buffer<u32, write>', from: 'u32', to: 'u32', step: 'u32' }, workgroup: 1 }, ({ out, from, to, step }) => {
    const n = control.for({ from, to, step }, u32(0), (i, k) => {
      out.store(k, i);
      return k.add(1);
    });
    out.store(7, n);
  });
  test('ends next to the largest u32, and does not wrap', async () => {
    const out = new Uint32Array(8);
    await launch(u32Loop, 1, [out, 0xfffffffa, 0xffffffff, 3]);
    expect([...out]).toEqual([0xfffffffa, 0xfffffffd, 0, 0, 0, 0, 0, 2]);
  });

  test('counts down in signed types', async () => {
    const out = new Int32Array(8);
    const kernel = defineKernel('down', { params: { out: 'buffer<i32, write>', from: 'i32' }, workgroup: 1 }, ({ out, from }) => {
      control.for({ from, to: i32(-0x80000000), step: i32(-3) }, u32(0), (i, k) => {
        out.store(k, i);
        return k.add(1);
      });
    });
    await launch(kernel, 1, [out, -0x80000000 + 7]);
    expect([...out]).toEqual([-0x80000000 + 7, -0x80000000 + 4, -0x80000000 + 1, 0, 0, 0, 0, 0]);
  });

  test('has 64-bit indices', async () => {
    const [signed, unsigned] = [new BigInt64Array(4), new BigUint64Array(4)];
    const kernel = defineKernel('wide', { params: { s: 'buffer<i64, write>', u: 'buffer<u64, write>' }, workgroup: 1 }, ({ s, u }) => {
      control.for({ from: i64(1), to: i64(-5), step: i64(-3) }, u32(0), (i, k) => (s.store(k, i), k.add(1)));
      control.for({ from: u64(2n ** 64n - 3n), to: u64(2n ** 64n - 1n) }, u32(0), (i, k) => (u.store(k, i), k.add(1)));
    });
    await launch(kernel, 1, [signed, unsigned]);
    expect([...signed]).toEqual([1n, -2n, 0n, 0n]);
    expect([...unsigned]).toEqual([2n ** 64n - 3n, 2n ** 64n - 2n, 0n, 0n]);
  });

  test('fails at step 0, and says where', async () => {
    const error = await failure(launch(u32Loop, 1, [new Uint32Array(8), 0, 5, 0]));
    expect(error).toMatchObject({ code: 'run/zero-step', message: '`control.for` was given step 0', where: { kernel: 'indices', op: 'control.for' } });
    expect(error.where?.path).toMatch(/^control\.for\[\d+\]$/);
  });

  test('fails at a literal step 0 too, even where nothing would be counted', async () => {
    const kernel = defineKernel('literal', { params: {}, workgroup: 1 }, () => control.for({ from: 5, to: 5, step: 0 }, () => {}));
    expect(await failure(launch(kernel, 1, []))).toMatchObject({ code: 'run/zero-step', where: { span: { line: kernel.span?.line, column: 88 } } });
  });

  test('swaps carried values without losing one', async () => {
    const out = new Uint32Array(4);
    const kernel = defineKernel('fibonacci', { params: { out: 'buffer<u32, write>', n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
      const { a, b } = control.for({ from: u32(0), to: n }, { a: u32(0), b: u32(1) }, (_, { a, b }) => ({ a: b, b: a.add(b) }));
      const swapped = control.for({ to: 3 }, { a, b }, (_, { a, b }) => ({ a: b, b: a }));
      [a, b, swapped.a, swapped.b].forEach((v, i) => out.store(i, v));
    });
    await launch(kernel, 1, [out, 10]);
    expect([...out]).toEqual([55, 89, 89, 55]);
  });
});
