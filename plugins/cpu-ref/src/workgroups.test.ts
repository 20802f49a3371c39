import { buffer, control, defineKernel, u32 } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { failure, launch } from './testing/launching.ts';

describe('ids', () => {
  test('are those of the whole launch, along all axes', async () => {
    const [groups, size] = [[2, 3, 2], [4, 1, 2]] as const;
    const total = 2 * 3 * 2 * 8;
    const out = new Uint32Array(total * 12);
    const kernel = defineKernel('ids', { params: { out: 'buffer<u32, write>', next: 'buffer<u32, read_write>' }, workgroup: size }, ({ out, next }, { global, local, workgroup, count }) => {
      const at = next.atomicAdd(0, 1).mul(12);
      [global, local, workgroup, count].flatMap((v) => [v.x, v.y, v.z]).forEach((v, i) => out.store(at.add(i), v));
    });
    await launch(kernel, groups, [out, new Uint32Array(1)]);
    const expected: number[] = [];
    for (let wz = 0; wz < 2; wz++) for (let wy = 0; wy < 3; wy++) for (let wx = 0; wx < 2; wx++)
      for (let lz = 0; lz < 2; lz++) for (let lx = 0; lx < 4; lx++) expected.push(wx * 4 + lx, wy, wz * 2 + lz, lx, 0, lz, wx, wy, wz, 2, 3, 2);
    expect([...out]).toEqual(expected);
  });

  test('are the same in a kernel with barriers', async () => {
    const out = new Uint32Array(2 * 2 * 6 * 2);
    const kernel = defineKernel('ids', { params: { out: 'buffer<u32, write>' }, workgroup: [3, 2] }, ({ out }, { global }) => {
      control.barrier();
      const at = global.y.mul(6).add(global.x).mul(2);
      out.store(at, global.x);
      out.store(at.add(1), global.y);
    });
    await launch(kernel, [2, 2, 1], [out]);
    expect([...out]).toEqual(Array.from({ length: 24 }, (_, i) => [i % 6, Math.floor(i / 6)]).flat());
  });
});

describe('workgroup memory', () => {
  test('is zero when a workgroup starts, for every element type', async () => {
    const out = new Uint32Array(3);
    const kernel = defineKernel('fresh', { params: { out: 'buffer<u32, read_write>' }, workgroup: 2 }, ({ out }, { workgroup }) => {
      const [a, b, c] = [buffer.workgroup('u32', 1), buffer.workgroup('u64', 1), buffer.workgroup('f32', 1)];
      const sum = a.load(0).add(b.load(0).to('u32')).add(c.load(0).to('u32'));
      out.store(workgroup.x, out.load(workgroup.x).mul(10).add(sum));
      a.store(0, 1);
      b.store(0, 1n);
      c.store(0, 1);
    });
    await launch(kernel, 3, [out]);
    // The first invocation finds 0, the second 3 that the first one left.
    expect([...out]).toEqual([3, 3, 3]);
  });

  test('is not shared by two launches that run at the same time', async () => {
    const kernel = defineKernel('slow', { params: { out: 'buffer<u32, write>', n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
      const shared = buffer.workgroup('u32', 1);
      control.for({ from: u32(0), to: n }, () => shared.store(0, shared.load(0).add(1)));
      out.store(0, shared.load(0));
    });
    const [a, b] = [new Uint32Array(1), new Uint32Array(1)];
    await Promise.all([launch(kernel, 1, [a, 20_000_000]), launch(kernel, 1, [b, 30_000_000])]);
    expect([a[0], b[0]]).toEqual([20_000_000, 30_000_000]);
  });
});

describe('barriers', () => {
  const SIZE = 64;
  /** Sums each workgroup's elements in a tree. */
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

  test('a tree reduction', async () => {
    const data = Uint32Array.from({ length: SIZE * 5 - 3 }, (_, i) => i * i);
    const sums = new Uint32Array(5);
    await launch(reduce, 5, [data, sums]);
    expect([...sums]).toEqual(Array.from({ length: 5 }, (_, g) => data.subarray(g * SIZE, (g + 1) * SIZE).reduce((a, b) => a + b)));
  });

  test('hold while other invocations of the workgroup run long loops', async () => {
    const out = new Uint32Array(4);
    const kernel = defineKernel('uneven', { params: { out: 'buffer<u32, write>' }, workgroup: 4 }, ({ out }, { local }) => {
      const shared = buffer.workgroup('u32', 4);
      const spin = control.for({ from: u32(0), to: local.x.mul(500_000) }, u32(0), (_, n) => n.add(1));
      shared.store(local.x, spin);
      control.barrier();
      out.store(local.x, shared.load(u32(3).sub(local.x)));
    });
    await launch(kernel, 1, [out]);
    expect([...out]).toEqual([1_500_000, 1_000_000, 500_000, 0]);
  });

  test('that some invocations do not reach fail the run, and say where', async () => {
    const kernel = defineKernel('torn', { params: {}, workgroup: 4 }, (_, { local }) => control.if(local.x.lt(2), () => control.barrier()));
    const error = await failure(launch(kernel, 1, []));
    expect(error).toMatchObject({ code: 'run/kernel-failed', where: { kernel: 'torn', op: 'control.barrier' } });
    expect(error.message).toMatch(/^invocation 2 of a workgroup of `torn` has ended, invocation 0 waits at control\.if\[\d+\]\/then\/control\.barrier\[0\]$/);
  });
});
