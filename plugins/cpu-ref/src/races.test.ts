import { fileURLToPath } from 'node:url';
import { buffer, control, defineKernel, isSluiceError, optimize, Registry, u32 } from '@sluice/core';
import type { KernelIr } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { CpuRefOptions } from './backend.ts';
import { compileKernel } from './compile.ts';
import { cpuRef } from './plugin.ts';
import { failure, launch } from './testing/launching.ts';
import { randomKernel } from './testing/random-kernel.ts';

const RACES: CpuRefOptions = { detect: ['races'] };
const SIZE = 64;

type Args = Parameters<typeof launch>[2];
const found = (kernel: KernelIr, groups: number | readonly [number, number, number], args: Args, options: CpuRefOptions = RACES) => failure(launch(kernel, groups, args, options)) as Promise<Found>;

interface Found extends Error {
  readonly code: string;
  readonly problems: readonly Found[];
  readonly details: { readonly element: number; readonly buffer: string; readonly accesses: readonly { readonly op: string; readonly path: string; readonly span?: object; readonly access: string; readonly invocation?: readonly number[]; readonly workgroup: readonly number[] }[] };
}

const file = fileURLToPath(import.meta.url);

/** The kernel as the passes of a session leave it. */
function optimized(kernel: KernelIr): KernelIr {
  const body = { opNames: ['control.return'], valueTypes: [], region: { args: [], ops: [{ name: 0, operands: [], results: [], attrs: {}, regions: [] }] }, debug: { names: new Map(), spans: new Map(), origins: new Map() } };
  const [made] = optimize({ kind: 'program', name: 'p', params: [], results: [], kernels: [kernel], body, span: undefined }, { registry: new Registry() }).kernels;
  return made ?? kernel;
}

const DATA = { params: { data: 'buffer<u32, read_write>', out: 'buffer<u32, read_write>' }, workgroup: 4, spans: 'op' } as const;

describe('a race is found', () => {
  test('between two stores, with both ops, where they stand and who ran them', async () => {
    const kernel = defineKernel('clash', DATA, ({ data }, { global }) => data.store(global.x.div(2), global.x));
    const error = await found(kernel, 1, [new Uint32Array(8), new Uint32Array(8)]);
    expect(error).toMatchObject({
      code: 'cpu-ref/race', family: 'run', where: { kernel: 'clash', op: 'buffer.store', span: { line: expect.any(Number) as number } },
      details: { buffer: '`data`', element: 0, accesses: [{ op: 'buffer.store', access: 'store', invocation: [0, 0, 0], workgroup: [0, 0, 0] }, { op: 'buffer.store', access: 'store', invocation: [1, 0, 0], workgroup: [0, 0, 0] }] },
    });
    expect(error.message).toMatch(/^a race on element 0 of `data`: `buffer\.store` \(buffer\.store\[\d+\], .*races\.test\.ts:\d+:\d+\) by invocation \(0, 0, 0\), and `buffer\.store` \(.*\) by invocation \(1, 0, 0\), with no barrier between them$/);
  });

  test('with the line of each op, also where the kernel keeps none', async () => {
    const racy = { ...DATA, spans: 'coarse' } as const;
    const kernel = defineKernel('plain', racy, ({ data, out }, { global }) => {
      out.store(global.x, data.load(global.x.add(1)));
      data.store(global.x, 1);
    });
    const passed = optimized(kernel);
    expect(passed.body).not.toBe(kernel.body);
    for (const k of [kernel, passed]) {
      const error = await found(k, 1, [new Uint32Array(8), new Uint32Array(8)]);
      const { line } = kernel.span ?? { line: NaN };
      expect(error.details.accesses.map((a) => a.span)).toEqual([{ file, line: line + 1, column: 32 }, { file, line: line + 2, column: 12 }]);
      expect(error).toMatchObject({ where: { span: { file, line: line + 2, column: 12 } } });
    }
  });

  test('between a load and a later store, and a store and a later load', async () => {
    const kernel = defineKernel('neighbours', DATA, ({ data, out }, { global }) => {
      out.store(global.x, data.load(global.x.add(1)));
      data.store(global.x, 1);
    });
    const error = await found(kernel, 1, [new Uint32Array(8), new Uint32Array(8)]);
    const [a, b] = error.details.accesses;
    expect([a?.access, b?.access, a?.invocation, b?.invocation]).toEqual(['load', 'store', [0, 0, 0], [1, 0, 0]]);
    expect(a?.span).not.toEqual(b?.span);
    const other = defineKernel('neighbours', DATA, ({ data, out }, { global }) => {
      data.store(global.x, 1);
      out.store(global.x, data.load(global.x.sub(1)));
    });
    expect((await found(other, 1, [new Uint32Array(8), new Uint32Array(8)])).details.accesses.map((x) => [x.access, x.invocation])).toEqual([['store', [0, 0, 0]], ['load', [1, 0, 0]]]);
  });

  test('between the second of two loads and a store by the first', async () => {
    const kernel = defineKernel('third', DATA, ({ data, out }, { global }) => {
      out.store(global.x, data.load(0));
      control.barrier('workgroup');
      control.if(global.x.eq(0), () => data.store(0, 1));
    });
    expect((await found(kernel, 1, [new Uint32Array(8), new Uint32Array(8)])).details.accesses.map((x) => x.invocation)).toEqual([[1, 0, 0], [0, 0, 0]]);
  });

  test('between an atomic and a load, and an atomic and a store', async () => {
    const kernel = defineKernel('mixed', DATA, ({ data, out }, { global }) => {
      data.atomicAdd(0, 1);
      control.if(global.x.eq(3), () => out.store(global.x, data.load(0)));
      control.if(global.x.eq(2), () => data.store(0, 7));
    });
    const error = await found(kernel, 1, [new Uint32Array(8), new Uint32Array(8)]);
    expect(error.problems.map((p) => p.details.accesses.map((x) => x.access).join(' '))).toEqual(['atomic store', 'store load', 'atomic load']);
    expect(error.message).toBe('the detectors found 3 faults in kernel `mixed`');
  });

  test('in workgroup memory without a barrier', async () => {
    const kernel = defineKernel('unfenced', DATA, ({ out }, { global, local }) => {
      const shared = buffer.workgroup('u32', 4);
      shared.store(local.x, 1);
      out.store(global.x, shared.load(u32(3).sub(local.x)));
    });
    const error = await found(kernel, 2, [new Uint32Array(8), new Uint32Array(8)]);
    expect(error.details).toMatchObject({ buffer: expect.stringMatching(/^workgroup memory `buffer\.workgroup\[\d+\]`$/) as string, element: 2, accesses: [{ access: 'load', invocation: [1, 0, 0] }, { access: 'store', invocation: [2, 0, 0] }] });
    expect(error).toMatchObject({ fix: expect.stringContaining('a barrier for workgroup memory') as string });
  });

  test('in a buffer, where the barrier is for workgroup memory alone', async () => {
    const kernel = (memory: 'workgroup' | 'storage') => defineKernel('fenced', DATA, ({ data, out }, { global }) => {
      data.store(global.x, 1);
      control.barrier(memory);
      out.store(global.x, data.load(u32(3).sub(global.x)));
    });
    expect(await found(kernel('workgroup'), 1, [new Uint32Array(4), new Uint32Array(4)])).toMatchObject({ code: 'cpu-ref/race', fix: expect.stringContaining('a barrier for storage') as string });
    await launch(kernel('storage'), 1, [new Uint32Array(4), new Uint32Array(4)], RACES);
  });

  test('across workgroups, whatever barriers stand between', async () => {
    const kernel = defineKernel('across', DATA, ({ data, out }, { global }) => {
      data.store(global.x, 1);
      control.barrier('storage');
      out.store(global.x, data.load(u32(11).sub(global.x)));
    });
    const error = await found(kernel, 3, [new Uint32Array(12), new Uint32Array(12)]);
    expect(error.message).toMatch(/with nothing between them, for workgroups of one launch are not ordered$/);
    expect(error.problems.length === 0 ? [error] : error.problems).toHaveLength(1);
    for (const access of error.details.accesses) expect(access.workgroup).toEqual([Math.floor((access.invocation?.[0] ?? 0) / 4), 0, 0]);
  });

  test('between a load of one workgroup and a store of another that loaded it too', async () => {
    const kernel = defineKernel('readers', DATA, ({ data, out }, { global, workgroup }) => {
      out.store(global.x, data.load(0));
      control.barrier('storage');
      control.if(global.x.eq(4), () => data.store(0, 1));
      out.store(global.x, workgroup.x);
    });
    expect((await found(kernel, 2, [new Uint32Array(8), new Uint32Array(8)])).details.accesses.map((x) => x.workgroup)).toEqual([[0, 0, 0], [1, 0, 0]]);
  });

  test.each(['store', 'load'] as const)('where an async copy is touched before the wait: a %s', async (touch) => {
    const kernel = defineKernel('early', DATA, ({ data, out }, { global, local }) => {
      const shared = buffer.workgroup('u32', 4);
      buffer.async_copy(shared, 0, data, 0, 4);
      if (touch === 'load') control.if(local.x.eq(1), () => out.store(global.x, shared.load(2)));
      else control.if(local.x.eq(1), () => data.store(2, 1));
      buffer.async_wait();
      out.store(global.x, shared.load(local.x));
    });
    const error = await found(kernel, 1, [new Uint32Array(4), new Uint32Array(4)]);
    expect(error).toMatchObject({ code: 'cpu-ref/race', where: { op: 'buffer.async_copy' }, details: { element: 2, accesses: [{ access: touch, invocation: [1, 0, 0] }, { op: 'buffer.async_copy', workgroup: [0, 0, 0] }] } });
    expect(error.message).toContain('by workgroup (0, 0, 0) as one');
  });

  test('where an async copy is touched behind a barrier that is not its wait', async () => {
    const kernel = defineKernel('fenced', DATA, ({ data, out }, { local }) => {
      buffer.async_copy(out, 0, data, 0, 4);
      control.barrier('storage');
      out.store(local.x, 1);
      control.barrier('storage');
      buffer.async_wait();
    });
    expect(await found(kernel, 1, [new Uint32Array(4), new Uint32Array(4)])).toMatchObject({ code: 'cpu-ref/race', details: { accesses: [{ access: 'store' }, { op: 'buffer.async_copy' }] } });
  });

  test('where an async copy is never waited for', async () => {
    const kernel = defineKernel('forgotten', DATA, ({ data, out }, { local }) => {
      buffer.async_copy(out, 0, data, 0, 2);
      control.if(local.x.eq(3), () => out.store(1, 1));
    });
    for (const seed of [undefined, 3]) {
      expect(await found(kernel, 1, [new Uint32Array(4), new Uint32Array(4)], seed === undefined ? RACES : { ...RACES, seed })).toMatchObject({ details: { element: 1, accesses: [{ access: 'store', invocation: [3, 0, 0] }, { op: 'buffer.async_copy' }] } });
    }
  });

  test('between two copies of a workgroup to the same place', async () => {
    const kernel = defineKernel('twice', DATA, ({ data, out }) => {
      buffer.async_copy(out, 0, data, 0, 4);
      buffer.async_copy(out, 3, data, 0, 4);
      buffer.async_wait();
    });
    expect(await found(kernel, 1, [new Uint32Array(4), new Uint32Array(8)])).toMatchObject({ details: { element: 3, accesses: [{ op: 'buffer.async_copy' }, { op: 'buffer.async_copy' }] } });
  });

  test('by a uniform load of what another workgroup stores', async () => {
    const kernel = defineKernel('uniform', DATA, ({ data, out }, { global, local, workgroup }) => {
      out.store(global.x, control.uniform_load(data, 0));
      control.if(workgroup.x.eq(1).and(local.x.eq(0)), () => data.store(0, 1));
    });
    expect(await found(kernel, 2, [new Uint32Array(1), new Uint32Array(8)])).toMatchObject({ details: { accesses: [{ op: 'control.uniform_load', workgroup: [0, 0, 0] }, { access: 'store', workgroup: [1, 0, 0] }] } });
  });

  test('on elements that are vectors and arrays', async () => {
    const kernel = defineKernel('vectors', { params: { data: 'buffer<vec3<f32>, read_write>' }, workgroup: 2 }, ({ data }) => data.store(1, data.load(0)));
    expect(await found(kernel, 1, [new Float32Array(6)].map((v) => ({ kind: 'buffer', memory: { space: 'host', byteLength: 24, bytes: new Uint8Array(v.buffer) }, count: 2 }) as const))).toMatchObject({ details: { element: 1 } });
  });

  test('in two and three dimensions, with the ids of the invocations', async () => {
    const kernel = defineKernel('cube', { params: { data: 'buffer<u32, write>' }, workgroup: [2, 3, 1] }, ({ data }, { global }) => {
      control.if(global.z.eq(1).and(global.y.ge(4)).and(global.x.eq(3)), () => data.store(0, 1));
    });
    expect((await found(kernel, [2, 2, 2], [new Uint32Array(1)])).details.accesses).toMatchObject([{ invocation: [3, 4, 1], workgroup: [1, 1, 1] }, { invocation: [3, 5, 1], workgroup: [1, 1, 1] }]);
  });
});

test('of many races ten are told, and all pairs of ops counted', async () => {
  const kernel = defineKernel('many', DATA, ({ data }, { global }) => {
    for (let i = 0; i < 12; i++) data.store(i, global.x);
  });
  const error = await found(kernel, 3, [new Uint32Array(12), new Uint32Array(1)]);
  expect(error.problems.map((p) => p.details.element)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(error).toMatchObject({ code: 'cpu-ref/race', where: { kernel: 'many' }, message: 'the detectors found 12 faults in kernel `many`, of which the first 10 are told' });
});

test('a race at the end of a kernel that is several functions is found', async () => {
  const kernel = defineKernel('long', DATA, ({ data, out }, { global }) => {
    for (let i = 0; i < 1500; i++) out.store(global.x, data.load(global.x).add(i));
    out.store(global.x.div(2).add(4), 1);
  });
  const watched = compileKernel(kernel, new Registry().with(cpuRef(RACES)), 65_536, 32, { races: true, uninitialised: false, shadowBytes: 1e6 });
  expect(watched.text.match(/^function c\d+\(/gm)?.length).toBeGreaterThan(1);
  expect((await found(kernel, 1, [new Uint32Array(4), new Uint32Array(8)])).details.accesses.map((a) => a.invocation)).toEqual([[0, 0, 0], [1, 0, 0]]);
});

test('kernels compute what they compute in the plain mode', async () => {
  for (let seed = 0; seed < 60; seed++) {
    const kernel = randomKernel(seed);
    const [plain, watched] = [new Uint32Array(20), new Uint32Array(20)];
    await launch(kernel, 3, [plain, 5]);
    await launch(kernel, 3, [watched, 5], { detect: ['races', 'uninitialised'] }).catch((error: unknown) => {
      if (!isSluiceError(error) || error.code !== 'cpu-ref/race') throw error;
    });
    expect({ seed, data: watched }).toEqual({ seed, data: plain });
  }
});

describe('nothing is said of', () => {
  test('a histogram by atomics', async () => {
    const bins = new Uint32Array(16);
    const kernel = defineKernel('histogram', { params: { data: 'buffer<u32, read>', bins: 'buffer<u32, read_write>' }, workgroup: SIZE }, ({ data, bins }, { global }) => void bins.atomicAdd(data.load(global.x).rem(16), 1));
    await launch(kernel, 4, [Uint32Array.from({ length: 256 }, (_, i) => i * i), bins], RACES);
    expect(bins.reduce((a, b) => a + b)).toBe(256);
  });

  test('a reduction in a tree, in any order', async () => {
    const reduce = defineKernel('reduce', { params: { data: 'buffer<u32, read>', sums: 'buffer<u32, write>' }, workgroup: SIZE }, ({ data, sums }, { global, local, workgroup }) => {
      const shared = buffer.workgroup('u32', SIZE);
      shared.store(local.x, data.load(global.x));
      control.barrier();
      control.while({ width: u32(SIZE / 2) }, ({ width }) => width.ne(0), ({ width }) => {
        control.if(local.x.lt(width), () => shared.store(local.x, shared.load(local.x).add(shared.load(local.x.add(width)))));
        control.barrier();
        return { width: width.shr(1) };
      });
      control.if(local.x.eq(0), () => sums.store(workgroup.x, shared.load(0)));
    });
    for (const seed of [1, 2, 3]) {
      const sums = new Uint32Array(5);
      await launch(reduce, 5, [Uint32Array.from({ length: SIZE * 5 }, (_, i) => i), sums], { ...RACES, seed });
      expect([...sums]).toEqual([0, 1, 2, 3, 4].map((g) => SIZE * SIZE * g + (SIZE * (SIZE - 1)) / 2));
    }
  });

  test('a copy that is waited for, and accesses out of bounds', async () => {
    const kernel = defineKernel('copied', DATA, ({ data, out }, { global, local }) => {
      const shared = buffer.workgroup('u32', 4);
      buffer.async_copy(shared, 0, data, 0, 9);
      buffer.async_wait();
      out.store(global.x, shared.load(u32(3).sub(local.x)));
      data.store(100, 1);
      data.atomicAdd(100, 1);
      out.store(global.x, data.load(100));
    });
    const out = new Uint32Array(4);
    await launch(kernel, 1, [new Uint32Array(4), out], RACES);
  });

  test('two launches', async () => {
    const kernel = defineKernel('reverse', { params: { data: 'buffer<u32, write>', n: 'u32' }, workgroup: 4 }, ({ data, n }, { global }) => data.store(n.sub(global.x), 1));
    const data = new Uint32Array(4);
    await launch(kernel, 1, [data, 3], RACES);
    await launch(kernel, 1, [data, 2], RACES);
  });
});

/*
 * What the detector says of random accesses, against every pair compared with every other: steps of loads, stores and
 * atomics at random places by each invocation, with barriers of either kind between some.
 */
describe('against all pairs', () => {
  const STEPS = 4, GROUPS = 3, WORKGROUP = 3, ELEMENTS = 12;
  const KINDS = ['none', 'load', 'store', 'atomic'] as const;
  const kernelOf = (shared: boolean, barriers: readonly (undefined | 'workgroup' | 'storage')[]) => defineKernel('random', { params: { plan: 'buffer<u32, read>', data: 'buffer<u32, read_write>', out: 'buffer<u32, write>' }, workgroup: WORKGROUP }, ({ plan, data, out }, { global }) => {
    const memory = shared ? buffer.workgroup('u32', ELEMENTS) : data;
    barriers.forEach((barrier, step) => {
      const code = plan.load(global.x.mul(STEPS).add(step));
      const at = code.shr(2);
      control.if(code.and(3).eq(1), () => out.store(global.x, memory.load(at)));
      control.if(code.and(3).eq(2), () => memory.store(at, 1));
      control.if(code.and(3).eq(3), () => void memory.atomicAdd(at, 1));
      if (barrier !== undefined) control.barrier(barrier);
    });
  });

  test.each([false, true])('shared memory: %s', async (shared) => {
    let state = 7;
    const below = (n: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) % n;
    };
    const seen = { racy: 0, free: 0 };
    for (let round = 0; round < 400; round++) {
      const barriers = Array.from({ length: STEPS }, () => ([undefined, 'workgroup', 'storage'] as const)[below(3)]);
      const density = 1 + below(8);
      const plan = Uint32Array.from({ length: GROUPS * WORKGROUP * STEPS }, () => (below(density) === 0 ? below(ELEMENTS) * 4 + 1 + below(3) : 0));
      const epochs = barriers.map((_, step) => barriers.slice(0, step).filter((b) => b !== undefined && (shared || b === 'storage')).length);
      const accesses = [...plan].map((code, i) => ({ kind: KINDS[code & 3], element: code >> 2, invocation: Math.floor(i / STEPS), workgroup: Math.floor(i / STEPS / WORKGROUP), epoch: epochs[i % STEPS] })).filter((a) => a.kind !== 'none');
      const conflict = (a: string | undefined, b: string | undefined) => a === 'store' || b === 'store' || a !== b;
      const races = accesses.flatMap((a, i) => accesses.slice(i + 1).filter((b) =>
        a.element === b.element && a.invocation !== b.invocation && conflict(a.kind, b.kind) && (a.workgroup === b.workgroup ? a.epoch === b.epoch : !shared)).map((b) => `${a.element}: ${[`${a.kind} ${a.invocation}`, `${b.kind} ${b.invocation}`].sort().join()}`));
      const options = { ...RACES, ...(round % 2 === 0 ? {} : { seed: round }) };
      const error: unknown = await launch(kernelOf(shared, barriers), GROUPS, [plan, new Uint32Array(ELEMENTS), new Uint32Array(GROUPS * WORKGROUP)], options).then(() => undefined, (e: unknown) => e);
      if (error !== undefined && !isSluiceError(error)) throw error;
      const told = ((error?.problems.length ?? 0) > 0 ? error?.problems ?? [] : error === undefined ? [] : [error]) as unknown as readonly Found[];
      expect({ round, found: told.length > 0 }).toEqual({ round, found: races.length > 0 });
      for (const { details } of told) expect(races).toContain(`${details.element}: ${details.accesses.map((x) => `${x.access} ${x.invocation?.[0]}`).sort().join()}`);
      seen[races.length > 0 ? 'racy' : 'free'] += 1;
    }
    expect(Math.min(seen.racy, seen.free)).toBeGreaterThan(50);
  });
});
