import { buffer, control, defineKernel, defineProgram, fd, i32, kernel, Registry, session, u32, u64, vector, verify } from '@sluice/core';
import type { Program, ProgramParams, Storage } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { plugin } from './plugin.ts';
import { failure } from './testing/launching.ts';

const registry = new Registry().with(plugin);

async function run<P extends ProgramParams, R>(program: Program<P, R>, args: Record<string, unknown> = {}) {
  expect(verify(program, registry).map((d) => d.message)).toEqual([]);
  await using s = await session({ registry, backends: ['cpu-ref'] });
  const executable = await s.compile(program);
  const { results, report } = await executable.run(args as never);
  return { results: results as Record<string, unknown>, report };
}

const put = defineKernel('put', { params: { out: 'buffer<u32, write>', n: 'u32' }, workgroup: 1 }, ({ out, n }, { global, workgroup }) => out.store(global.x, n.add(workgroup.y.mul(100)).add(workgroup.z.mul(1000))));
const square = defineKernel('square', { params: { data: 'buffer<u32, read_write>' }, workgroup: 4 }, ({ data }, { global }) => data.store(global.x, data.load(global.x).mul(data.load(global.x))));

describe('buffer.read', () => {
  test('sees what launches before it wrote, and the program branches on it', async () => {
    const program = defineProgram('p', { n: 'u32' }, ({ n }) => {
      const data = buffer.alloc('u32', 4);
      kernel.launch(put, 4, { out: data, n });
      const rounds = control.while(u32(0), (i) => i.lt(3).and(buffer.read(data, 2, { element: 'u32' }).lt(1000)), (i) => {
        kernel.launch(square, 4, { data });
        return i.add(1);
      });
      return { rounds, last: buffer.read(data, 3, { element: 'u32' }) };
    });
    expect((await run(program, { n: 3 })).results).toEqual({ rounds: 3, last: 6561 });
    expect((await run(program, { n: 40 })).results).toEqual({ rounds: 1, last: 1600 });
  });

  test.each<[Storage, unknown]>([['u8', 0xfe], ['i8', -2], ['u16', 0xfffe], ['i16', -2], ['u32', 0xfffffffe], ['i32', -2], ['u64', 2n ** 64n - 2n], ['i64', -2n], ['f32', NaN], ['bf16', NaN]])('converts a %s as a load does', async (element, expected) => {
    const program = defineProgram('p', {}, () => {
      const data = buffer.alloc('i64', 2);
      buffer.fill(data, control.if(u32(1).eq(1), () => u64(0xfffffffffffffffen), () => u64(0)));
      return { value: buffer.read(data, 0, { element: element as 'u32' }) };
    });
    expect((await run(program)).results).toEqual({ value: expected });
  });

  test('past the end is zero; an element that reaches past it reads zero there; slices are seen from their start', async () => {
    const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => ({
      partial: buffer.read(data, 1, { element: 'u32' }), beyond: buffer.read(data, 2, { element: 'u32' }), far: buffer.read(data, 2n ** 63n, { element: 'u64' }),
      sliced: buffer.read(buffer.slice(data, 3, 2), 0, { element: 'u16' }),
    }));
    expect((await run(program, { data: new Uint8Array([1, 2, 3, 4, 5, 6]) })).results).toEqual({ partial: 0x0605, beyond: 0, far: 0n, sliced: 0x0504 });
  });

  test('of a freed handle is refused before and when it runs', async () => {
    const program = defineProgram('p', {}, () => {
      const data = buffer.alloc('u32', 1);
      buffer.free(data);
      return { x: buffer.read(data, 0, { element: 'u32' }) };
    });
    expect(verify(program, registry).map((d) => d.code)).toEqual(['verify/use-after-free']);
  });

  test('of a vector is a type error and a coded one', () => {
    expect(() => defineProgram('p', {}, () => {
      // @ts-expect-error one scalar at a time
      buffer.read(buffer.alloc('f32', 3), 0, { element: 'vec3<f32>' });
    })).toThrow(expect.objectContaining({ code: 'build/types' }) as Error);
  });
});

describe('kernel.launch_indirect', () => {
  const counted = defineProgram('p', { offset: 'u64', x: 'u32' }, ({ offset, x }) => {
    const counts = buffer.alloc('u32', 6), out = buffer.alloc('u32', 8);
    kernel.launch(put, 6, { out: counts, n: x });
    kernel.launch_indirect(put, counts, offset, { out, n: 7 });
    return { out };
  });
  const outOf = async (args: Record<string, unknown>) => {
    await using s = await session({ registry, backends: ['cpu-ref'] });
    const { results, report } = await (await s.compile(counted)).run(args as never);
    return { out: [...new Uint32Array((await results.out.read()).buffer)], launches: report.launches };
  };

  test('takes its counts from what was written before', async () => {
    // x, y and z are 2: the last row and slice of each element wins.
    expect(await outOf({ offset: 4, x: 2 })).toEqual({ out: [1107, 1107, 0, 0, 0, 0, 0, 0], launches: 2 });
    expect(await outOf({ offset: 12, x: 0 })).toEqual({ out: [0, 0, 0, 0, 0, 0, 0, 0], launches: 1 });
  });

  test.each([[2, 'launch/misaligned'], [16, 'mem/range'], [2n ** 64n - 4n, 'mem/range']])('refuses counts at byte %s: %s', async (offset, code) => {
    expect(await failure(outOf({ offset, x: 1 }))).toMatchObject({ code });
  });

  test('does not let the launch write its own counts', async () => {
    const alias = (indirect: boolean) => defineProgram('p', { data: 'GpuBufferHandle', n: 'u32' }, ({ data, n }) => {
      const same = indirect ? control.if(n.eq(1), () => data, () => data) : data;
      kernel.launch_indirect(put, data, 0, { out: same, n: 1 });
    });
    expect(verify(alias(false), registry).map((d) => d.message)).toEqual(['the launch of `put` binds %data for reading and for writing, as `counts` and as `out`']);
    expect(await failure(run(alias(true), { data: new Uint32Array([1, 1, 1]), n: 1 }))).toMatchObject({ code: 'launch/alias' });
  });

  test('is checked like a launch', () => {
    const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => kernel.launch_indirect(put, data, 0, { out: buffer.alloc('u32', 1), n: 1 }));
    const ops = program.body.region.ops.map((op) => ('kernel' in op.attrs ? { ...op, operands: op.operands.slice(0, -1) } : op));
    expect(verify({ ...program, body: { ...program.body, region: { ...program.body.region, ops } } }, registry).map((d) => d.code)).toEqual(['verify/operand-count']);
  });
});

describe('assert', () => {
  const program = defineProgram('p', { n: 'u32' }, ({ n }) => {
    const data = buffer.alloc('u32', 1);
    kernel.launch(put, 1, { out: data, n });
    control.assert(buffer.read(data, 0, { element: 'u32' }).ne(13), 'thirteen is not allowed');
    return { n: n.add(1) };
  });

  test('fails the run with its message and line, or does nothing', async () => {
    expect((await run(program, { n: 12 })).results).toEqual({ n: 13 });
    expect(await failure(run(program, { n: 13 }))).toMatchObject({
      code: 'run/assert', family: 'run', message: 'an assertion does not hold: thirteen is not allowed',
      where: { program: 'p', op: 'control.assert', span: { file: expect.stringMatching(/host\.test\.ts$/) as string } },
    });
  });
});

test('vectors and arrays are computed in a program as in a kernel', async () => {
  const program = defineProgram('p', { n: 'u32' }, ({ n }) => {
    const last = control.for({ to: n }, vector.construct('vec3<u64>', 1, 2, n.to('u64')), (i, v) => v.swizzle('yzx').add(i.to('u64')));
    const table = control.for({ to: 4 }, vector.construct('array<u32, 4>'), (i, t) => t.with(i, i.mul(n)));
    return { x: last.x, sum: last.reduce('add'), at: table.at(n), beyond: table.at(4), less: last.lt(5).reduce('and') };
  });
  expect((await run(program, { n: 3 })).results).toEqual({ x: 4n, sum: 15n, at: 9, beyond: 0, less: false });
});

describe('a call of another program', () => {
  const inner = defineProgram('inner', { data: 'GpuBufferHandle', times: 'u32' }, ({ data, times }) => {
    control.for({ to: times }, () => kernel.launch(square, 4, { data }));
    return { first: buffer.read(data, 0, { element: 'u32' }), data, times };
  });

  test('is built in: its results are values, its kernels are kernels of the caller', async () => {
    const outer = defineProgram('outer', { n: 'u32' }, ({ n }) => {
      const data = buffer.alloc('u32', 4);
      kernel.launch(put, 4, { out: data, n });
      const once = control.call(inner, { data, times: 1 });
      const twice = control.if(once.first.gt(10), () => control.call(inner, { data: once.data, times: once.times.add(1) }).first, () => u32(0));
      return { once: once.first, twice };
    });
    expect(outer.kernels.map((k) => k.name)).toEqual(['put', 'square']);
    expect((await run(outer, { n: 5 })).results).toEqual({ once: 25, twice: 390625 });
    expect((await run(outer, { n: 3 })).results).toEqual({ once: 9, twice: 0 });
  });

  test('keeps where its ops come from', () => {
    const middle = defineProgram('middle', { data: 'GpuBufferHandle' }, ({ data }) => ({ first: control.call(inner, { data, times: 2 }).first }));
    const outer = defineProgram('outer', { data: 'GpuBufferHandle' }, ({ data }) => ({ first: control.call(middle, { data }).first }));
    const origins = new Map(outer.body.region.ops.map((op) => [outer.body.opNames[op.name], outer.body.debug.origins.get(op)]));
    expect(origins.get('buffer.read')).toBe('call middle/call inner');
    expect(origins.get('control.return')).toBeUndefined();
    const launched = outer.body.region.ops.flatMap((op) => op.regions.flatMap((r) => r.ops)).find((op) => 'kernel' in op.attrs);
    expect(launched && outer.body.debug.origins.get(launched)).toBe('call middle/call inner');
    // The launch keeps its own line, in `inner`.
    const lines = [inner, outer].map((p) => p.body.region.ops.flatMap((op) => op.regions.flatMap((r) => r.ops)).filter((op) => 'kernel' in op.attrs).map((op) => p.body.debug.spans.get(op)?.line)[0]);
    expect(lines[0]).toBeGreaterThan(0);
    expect(lines[1]).toBe(lines[0]);
  });

  test('gives a kernel another name where its own is taken', async () => {
    const other = defineKernel('square', { params: { data: 'buffer<u32, write>' }, workgroup: 1 }, ({ data }, { global }) => data.store(global.x, 4));
    const outer = defineProgram('outer', {}, () => {
      const data = buffer.alloc('u32', 4);
      kernel.launch(other, 4, { data });
      control.call(inner, { data, times: 1 });
      return { first: control.call(inner, { data, times: 1 }).first };
    });
    expect(outer.kernels.map((k) => k.name)).toEqual(['square', 'inner_square']);
    expect((await run(outer)).results).toEqual({ first: 256 });
  });

  test('passes grants on', () => {
    const sizes = defineProgram('sizes', { file: fd('r') }, ({ file }) => ({ file }));
    const outer = defineProgram('outer', { input: fd('r') }, ({ input }) => void control.call(sizes, { file: input }));
    expect(verify(outer, registry)).toEqual([]);
  });

  test('takes every parameter, of its type', () => {
    const data = 'GpuBufferHandle' as const;
    const wrong = (call: (data: never) => unknown) => () => defineProgram('p', { data }, ({ data: d }) => void call(d as never));
    const error = (message: string) => expect.objectContaining({ code: 'build/call', message }) as Error;
    expect(wrong((d) => control.call(inner, { data: d } as never))).toThrow(error('call of `inner`: no argument is given for `times`'));
    expect(wrong((d) => control.call(inner, { data: d, times: 1, more: 1 } as never))).toThrow(error('call of `inner`: no parameter is called `more`'));
    expect(wrong((d) => control.call(inner, { data: d, times: i32(1) } as never))).toThrow(error('call of `inner`: `times` is i32, expected u32'));
    expect(() => defineKernel('k', { params: {}, workgroup: 1 }, () => {
      control.call(defineProgram('none', {}, () => {}), {});
    })).toThrow(expect.objectContaining({ code: 'build/level' }) as Error);
  });
});
