import { buffer, control, defineKernel, defineProgram, kernel, Registry, session, u32 } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { cpuRefBackend } from './backend.ts';
import type { CpuRefOptions } from './backend.ts';
import { cpuRef } from './plugin.ts';
import { failure, launch } from './testing/launching.ts';

const UNINITIALISED: CpuRefOptions = { detect: ['uninitialised'] };

describe('a load of what nothing wrote', () => {
  const OUT = { params: { out: 'buffer<u32, write>' }, workgroup: 4, spans: 'op' } as const;

  test('is found in workgroup memory, with the op and the memory', async () => {
    const holes = defineKernel('holes', OUT, ({ out }, { global, local }) => {
      const shared = buffer.workgroup('u32', 4);
      control.if(local.x.lt(3), () => shared.store(local.x, 1));
      control.barrier();
      out.store(global.x, shared.load(local.x));
    });
    const error = await failure(launch(holes, 2, [new Uint32Array(8)], UNINITIALISED));
    expect(error).toMatchObject({
      code: 'cpu-ref/uninitialised', family: 'run', where: { kernel: 'holes', op: 'buffer.load', span: { line: expect.any(Number) as number } },
      details: { element: 3, accesses: [{ op: 'buffer.load', invocation: [3, 0, 0], workgroup: [0, 0, 0] }], declared: { op: 'buffer.workgroup', span: { line: expect.any(Number) as number } } },
    });
    expect(error.message).toMatch(/^`buffer\.load` \(.*\) by invocation \(3, 0, 0\) reads element 3 of workgroup memory `buffer\.workgroup\[\d+\]`, which nothing wrote$/);
  });

  test('is found though another workgroup stored there', async () => {
    const stale = defineKernel('stale', OUT, ({ out }, { global, local, workgroup }) => {
      const shared = buffer.workgroup('u32', 4);
      control.if(workgroup.x.eq(0), () => shared.store(local.x, 1));
      out.store(global.x, shared.load(local.x));
    });
    expect(await failure(launch(stale, 2, [new Uint32Array(8)], UNINITIALISED))).toMatchObject({ details: { accesses: [{ workgroup: [1, 0, 0] }] } });
  });

  test('is none where atomics or a copy wrote, and in buffers of the caller', async () => {
    const fine = defineKernel('fine', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: 4 }, ({ data, out }, { global, local }) => {
      const [shared, counts] = [buffer.workgroup('u32', 4), buffer.workgroup('u32', 1)];
      buffer.async_copy(shared, 0, data, 0, 4);
      counts.atomicAdd(0, 1);
      buffer.async_wait();
      out.store(global.x, shared.load(local.x).add(counts.load(0)));
    });
    await launch(fine, 2, [new Uint32Array(4), new Uint32Array(8)], { detect: ['races', 'uninitialised'] });
  });

  const sum = defineKernel('sum', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 1 }, ({ data, out, n }) => out.store(0, control.for({ to: n }, u32(0), (i, s) => s.add(data.load(i)))));
  const write = defineKernel('write', { params: { data: 'buffer<u32, write>' }, workgroup: 1 }, ({ data }, { global }) => data.store(global.x, global.x));
  const allocated = (init: 'zero' | 'none', prepare: (data: ReturnType<typeof buffer.alloc>) => void = () => {}) => defineProgram('p', { n: 'u32' }, ({ n }) => {
    const [data, out] = [buffer.alloc('u32', 4, { init }), buffer.alloc('u32', 1)];
    prepare(data);
    kernel.launch(sum, 1, { data, out, n });
    return { out };
  });
  const run = async (program: ReturnType<typeof allocated>, n: number, options = UNINITIALISED) => {
    const open = await session({ registry: new Registry().with(cpuRef(options)), backends: ['cpu-ref'], passes: [] });
    try {
      await (await open.compile(program)).run({ n });
    } finally {
      await open.close();
    }
  };

  test('is found in a buffer that was allocated with `init: none`', async () => {
    expect(await failure(run(allocated('none'), 1))).toMatchObject({ code: 'cpu-ref/uninitialised', message: expect.stringContaining('reads element 0 of `data`, which nothing wrote') as string, where: { kernel: 'sum', op: 'buffer.load' } });
    await run(allocated('zero'), 4);
    await run(allocated('none'), 4, {});
  });

  test('knows what earlier launches wrote, and through slices', async () => {
    const some = allocated('none', (data) => kernel.launch(write, 3, { data }));
    await run(some, 3);
    expect(await failure(run(some, 4))).toMatchObject({ details: { element: 3 } });
    const half = allocated('none', (data) => kernel.launch(write, 2, { data: buffer.slice(data, 8, 8) }));
    expect(await failure(run(half, 1))).toMatchObject({ details: { element: 0 } });
  });

  test('is none where the host filled it', async () => {
    await run(allocated('none', (data) => buffer.fill(data, u32(7))), 4);
  });
});

describe('the order', () => {
  /** Each invocation puts its id where the next free place is. */
  const order = (barrier: boolean) => defineKernel('order', { params: { next: 'buffer<u32, read_write>', out: 'buffer<u32, write>' }, workgroup: [4, 2] }, ({ next, out }, { global }) => {
    out.store(next.atomicAdd(0, 1), global.y.mul(100).add(global.x));
    if (barrier) control.barrier();
  });
  const ran = async (barrier: boolean, options: CpuRefOptions) => {
    const out = new Uint32Array(16 * 6);
    await launch(order(barrier), [4, 3, 1], [new Uint32Array(1), out], options);
    return [...out];
  };

  test.each([false, true])('is that of the seed; barriers: %s', async (barrier) => {
    const plain = await ran(barrier, {});
    const [a, again, b] = [await ran(barrier, { seed: 1 }), await ran(barrier, { seed: 1 }), await ran(barrier, { seed: 2 })];
    expect(again).toEqual(a);
    expect(a).not.toEqual(plain);
    expect(b).not.toEqual(a);
    const sorted = (ids: readonly number[]) => ids.toSorted((x, y) => x - y);
    for (const ids of [a, b]) expect(sorted(ids)).toEqual(sorted(plain));
    // Workgroups come in another order too, not their invocations alone.
    const workgroups = (ids: readonly number[]) => ids.filter((_, i) => i % 8 === 0).map((id) => `${Math.floor((id % 100) / 4)} ${Math.floor(id / 200)}`);
    expect(workgroups(a)).not.toEqual(workgroups(plain));
  });

  test('is told with what was found in it', async () => {
    const last = defineKernel('last', { params: { out: 'buffer<u32, write>' }, workgroup: 4 }, ({ out }, { global }) => out.store(0, global.x));
    expect(await failure(launch(last, 1, [new Uint32Array(1)], { detect: ['races'], seed: 5 }))).toMatchObject({ code: 'cpu-ref/race', details: { seed: 5 } });
  });

  test('names the invocations that part at a barrier as they are', async () => {
    const torn = defineKernel('torn', { params: {}, workgroup: 4 }, (_, { local }) => control.if(local.x.lt(2), () => control.barrier()));
    expect((await failure(launch(torn, 1, [], { seed: 1 }))).message).toMatch(/^invocation (\d) of a workgroup of `torn` (has ended, invocation [01] waits at|waits at \S+ invocation [23] has ended)/);
  });
});

describe('the shadow', () => {
  const inc = defineKernel('inc', { params: { data: 'buffer<u32, read_write>' }, workgroup: 4 }, ({ data }, { global }) => data.store(global.x, data.load(global.x).add(1)));

  test('is refused where it is over the limit, before anything runs', async () => {
    const data = new Uint32Array(1000);
    const error = await failure(launch(inc, 1, [data], { detect: ['races'], shadowBytes: 10_000 }));
    expect(error).toMatchObject({ code: 'cpu-ref/shadow-limit', where: { kernel: 'inc' }, fix: expect.stringContaining('shadowBytes') as string });
    expect(error.message).toBe('the shadow of a launch of `inc` takes 24000 bytes or more, the limit is 10000');
    expect(data.every((x) => x === 0)).toBe(true);
    await launch(inc, 1, [data], { detect: ['races'], shadowBytes: 24_000 });
  });

  test('has none for a buffer that the kernel only reads', async () => {
    const copy = defineKernel('copy', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: 4 }, ({ data, out }, { global }) => out.store(global.x, data.load(global.x)));
    await launch(copy, 1, [new Uint32Array(100_000), new Uint32Array(4)], { detect: ['races'], shadowBytes: 32 });
  });
});

test('options that are none are refused', () => {
  for (const options of [{ detect: ['race'] }, { seed: 0.5 }, { shadowBytes: -1 }, { shadowBytes: NaN }] as unknown as CpuRefOptions[]) {
    expect(() => cpuRefBackend(options)).toThrow(expect.objectContaining({ code: 'session/option' }) as Error);
  }
});

test('the probe says what is detected', async () => {
  expect(await cpuRefBackend({ detect: ['races'] }).probe()).toMatchObject({ description: expect.stringMatching(/; detects races$/) as string });
});
