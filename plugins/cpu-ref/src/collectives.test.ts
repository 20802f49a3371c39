import { buffer, control, defineKernel, defineProgram, kernel, Registry, session, u32 } from '@sluice/core';
import type { KernelIr } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { plugin } from './plugin.ts';
import { failure, launch } from './testing/launching.ts';
import { problemsOf } from './testing/problems.ts';

const OUT = { out: 'buffer<u32, read_write>' } as const;
const registry = new Registry().with(plugin);

const problems = (of: KernelIr) => problemsOf(of, registry);

describe('uniform_load', () => {
  test('gives every invocation what the element is when all have come', async () => {
    const k = defineKernel('broadcast', { params: OUT, workgroup: 4 }, ({ out }, { local }) => {
      const shared = buffer.workgroup('u32', 1);
      // The last invocation to run writes last; without a barrier the first would see 0.
      control.if(local.x.eq(3), () => shared.store(0, 7));
      const n = control.uniform_load(shared, 0);
      const doubled = control.for({ to: n }, u32(0), (_, sum) => {
        control.barrier();
        return sum.add(2);
      });
      // At once changed: the loaded value is not.
      shared.store(0, local.x);
      out.store(local.x, doubled.add(control.uniform_load(shared, 5)).add(n));
    });
    expect(problems(k)).toEqual([]);
    const out = new Uint32Array(4);
    await launch(k, 1, [out]);
    expect([...out]).toEqual([21, 21, 21, 21]);
  });

  test('loads vectors, and from buffers', async () => {
    const k = defineKernel('vectors', { params: { ...OUT, data: 'buffer<vec3<u32>, read>' }, workgroup: 2 }, ({ out, data }, { local }) => {
      const v = control.uniform_load(data, 1);
      out.store(local.x, v.reduce('add').add(control.uniform_load(data, 9).x));
    });
    const out = new Uint32Array(2);
    await launch(k, 1, [out, { kind: 'buffer', memory: { space: 'host', byteLength: 24, bytes: new Uint8Array(new Uint32Array([1, 2, 3, 4, 5, 6]).buffer) }, count: 2 }]);
    expect([...out]).toEqual([15, 15]);
  });

  test('asks for one element, in uniform control flow: the divergent source is named', () => {
    const index = defineKernel('index', { params: OUT, workgroup: 4 }, ({ out }, { local }) => out.store(0, control.uniform_load(out, local.x)));
    expect(problems(index)).toEqual([expect.stringMatching(/^verify\/divergent-barrier: `control.uniform_load`: operand \S+ is not uniform over the workgroup: it depends on `kernel.local_id` \(kernel\.local_id\[0\] at \S+collectives\.test\.ts:\d+:\d+\)$/)]);
    const branch = defineKernel('branch', { params: OUT, workgroup: 4 }, ({ out }, { local }) => control.if(local.x.eq(0), () => out.store(0, control.uniform_load(out, 1))));
    expect(problems(branch)[0]).toMatch(/^verify\/divergent-barrier: `control.uniform_load` stands in control flow that is not uniform over the workgroup: `control.if` .* depends on `kernel.local_id`/);
  });
});

describe('async_copy', () => {
  const COPY = { ...OUT, data: 'buffer<u32, read>' } as const;
  test('is done behind the wait, and no sooner', async () => {
    const k = defineKernel('copy', { params: COPY, workgroup: 4 }, ({ out, data }, { local, workgroup }) => {
      const shared = buffer.workgroup('u32', 8);
      buffer.async_copy(shared, 1, data, workgroup.x.mul(4), 4);
      control.barrier();
      const before = shared.load(local.x.add(1));
      buffer.async_wait();
      const at = workgroup.x.mul(4).add(local.x);
      out.store(at, shared.load(local.x.add(1)).add(before).add(shared.load(0)).add(shared.load(5)));
    });
    expect(problems(k)).toEqual([]);
    const out = new Uint32Array(8);
    await launch(k, 2, [out, Uint32Array.from({ length: 8 }, (_, i) => i + 10)]);
    expect([...out]).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
  });

  test('reads zero and writes nothing out of bounds; a copy that nothing waits for is done at the end', async () => {
    const k = defineKernel('bounds', { params: COPY, workgroup: 2 }, ({ out, data }) => {
      buffer.async_copy(out, 0, data, 2, 3);
      buffer.async_copy(out, 4, data, 0, 0xffffffff);
    });
    expect(problems(k)).toEqual([]);
    const out = new Uint32Array(6).fill(9);
    await launch(k, 1, [out, new Uint32Array([1, 2, 3])]);
    expect([...out]).toEqual([3, 0, 0, 9, 1, 2]);
  });

  test('that a loop starts at its end is waited for at its start', async () => {
    const k = defineKernel('ahead', { params: COPY, workgroup: 2 }, ({ out, data }, { local }) => {
      const shared = buffer.workgroup('u32', 2);
      control.for({ to: 3 }, (i) => {
        buffer.async_wait();
        out.store(i.mul(2).add(local.x), shared.load(local.x));
        control.barrier();
        buffer.async_copy(shared, 0, data, i.mul(2), 2);
      });
    });
    expect(problems(k)).toEqual([]);
    const out = new Uint32Array(6);
    await launch(k, 1, [out, new Uint32Array([1, 2, 3, 4, 5, 6])]);
    expect([...out]).toEqual([0, 0, 1, 2, 3, 4]);
  });

  test('of vectors counts elements, and every invocation gives the same operands', async () => {
    const k = defineKernel('vectors', { params: { out: 'buffer<vec3<f32>, write>', data: 'buffer<vec3<f32>, read>' }, workgroup: 2 }, ({ out, data }) => {
      buffer.async_copy(out, 1, data, 0, 1);
      buffer.async_wait();
    });
    const view = (of: Float32Array<ArrayBuffer>) => ({ kind: 'buffer' as const, memory: { space: 'host', byteLength: of.byteLength, bytes: new Uint8Array(of.buffer) }, count: of.length / 3 });
    const out = new Float32Array(6);
    await launch(k, 1, [view(out), view(new Float32Array([1, 2, 3, 4, 5, 6]))]);
    expect([...out]).toEqual([0, 0, 0, 1, 2, 3]);
    const own = defineKernel('own', { params: COPY, workgroup: 2 }, ({ out, data }, { local }) => buffer.async_copy(out, 0, data, local.x, 1));
    expect(problems(own)[0]).toMatch(/^verify\/divergent-collective: `buffer.async_copy`: operand \S+ is not uniform over the workgroup: it depends on `kernel.local_id`/);
    expect(() => defineKernel('mixed', { params: { out: 'buffer<u32, write>', data: 'buffer<f32, read>' }, workgroup: 1 }, ({ out, data }) => buffer.async_copy(out, 0, data as never, 0, 1))).toThrow(expect.objectContaining({ code: 'build/types', message: expect.stringContaining('expected elements like those of buffer<u32, write>') as string }) as Error);
  });
});

describe('trap', () => {
  const k = defineKernel('guarded', { params: OUT, workgroup: 4 }, ({ out }, { global, local }) => {
    control.if(local.x.ge(2), () => control.trap(global.x.mul(10), { tag: 42, message: 'a bin is out of range' }));
    out.store(global.x, 1);
  });

  test('records the first one, and the launch runs to its end', async () => {
    expect(problems(k)).toEqual([]);
    const out = new Uint32Array(8);
    expect(await failure(launch(k, 2, [out]))).toMatchObject({
      code: 'run/trap', message: 'invocation (2, 0, 0) of kernel `guarded` trapped with tag 42 at 20: a bin is out of range',
      where: { kernel: 'guarded', op: 'control.trap', span: { line: (k.span?.line ?? 0) + 1 } }, details: { tag: 42, address: 20, invocation: [2, 0, 0] },
    });
    expect([...out]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('fails the run; each launch starts anew', async () => {
    await using s = await session({ registry, backends: ['cpu-ref'] });
    const program = defineProgram('p', { out: 'GpuBufferHandle', n: 'u32' }, ({ out, n }) => kernel.launch(defineKernel('some', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, (a, { global }) => {
      control.if(a.n.eq(0), () => control.trap(0, { tag: 1 }));
      a.out.store(global.x, a.n);
    }), 1, { out, n }));
    const executable = await s.compile(program);
    const out = await s.buffer(new Uint32Array(1));
    expect(await failure(executable.run({ out, n: 0 }))).toMatchObject({ code: 'run/trap', family: 'run', where: { kernel: 'some' } });
    await executable.run({ out, n: 3 });
    expect([...new Uint32Array((await out.read()).buffer)]).toEqual([3]);
  });

  test('with barriers, and by an assertion', async () => {
    const late = defineKernel('late', { params: OUT, workgroup: 2 }, ({ out }, { local }) => {
      control.assert(local.x.lt(1), 'one invocation only');
      control.barrier();
      out.store(local.x, 5);
    });
    const out = new Uint32Array(2);
    expect(await failure(launch(late, 1, [out]))).toMatchObject({ code: 'run/trap', message: expect.stringMatching(/^invocation \(1, 0, 0\) .*: one invocation only$/) as string });
    expect([...out]).toEqual([5, 5]);
  });
});

describe('atomics', () => {
  test.each(['relaxed', 'acquire', 'release', 'acq_rel'] as const)('of 64 bits, %s', async (ordering) => {
    const k = defineKernel('wide', { params: { data: 'buffer<u64, read_write>', sums: 'buffer<i64, read_write>' }, workgroup: 8 }, ({ data, sums }, { local }) => {
      data.atomicAdd(0, 0xffffffffffffffffn, ordering);
      data.atomicMax(1, local.x.to('u64').shl(33), ordering);
      data.atomicXor(2, local.x.to('u64').shl(40), ordering);
      control.if(local.x.eq(0), () => {
        data.atomicCompareExchange(3, 7n, 9n, ordering);
        data.atomicCompareExchange(3, 8n, 10n, ordering);
        data.store(4, data.atomicExchange(9, 1n, ordering));
      });
      sums.atomicSub(0, local.x.to('i64'), ordering);
      sums.atomicMin(1, local.x.to('i64').neg(), ordering);
      sums.atomicAnd(2, local.x.to('i64').not(), ordering);
      sums.atomicOr(3, -(2n ** 63n), ordering);
    });
    expect(problems(k)).toEqual([]);
    const data = new BigUint64Array([3n, 0n, 0n, 7n, 5n]);
    const sums = new BigInt64Array([0n, 0n, -1n, 1n]);
    await launch(k, 1, [data, sums]);
    expect([...data]).toEqual([2n ** 64n - 5n, 7n << 33n, 0n, 9n, 0n]);
    expect([...sums]).toEqual([-28n, -7n, -8n, 1n - 2n ** 63n]);
  });

  test('what a backend lacks of them is a gap that says so', async () => {
    const k = defineKernel('ordered', { params: OUT, workgroup: 1 }, ({ out }) => void out.atomicAdd(0, 1, 'acquire'));
    const relaxed = defineKernel('relaxed', { params: OUT, workgroup: 1 }, ({ out }) => void out.atomicAdd(0, 1));
    const program = (of: typeof k) => defineProgram('p', { out: 'GpuBufferHandle' }, ({ out }) => kernel.launch(of, 1, { out }));
    const weak = plugin;
    const lacking = { ...weak, register: (hooks: Parameters<typeof weak.register>[0]) => weak.register({ ...hooks, backend: (b) => hooks.backend({ ...b, probe: async () => {
      const probe = await b.probe();
      if (!probe.available) return probe;
      return { ...probe, capabilities: { ...probe.capabilities, ops: { ...probe.capabilities.ops, 'buffer.atomic_add': { default: { how: 'native' as const }, 'ordering=acquire': { how: 'unavailable' as const, reason: 'relaxed atomics alone' } } } } };
    } }) }) };
    await using s = await session({ registry: new Registry().with(lacking), backends: ['cpu-ref'] });
    const error = await failure(s.compile(program(k)));
    expect(error.message).toContain('cannot run here');
    expect((error as unknown as { problems: readonly { message: string; code: string }[] }).problems.map((p) => `${p.code} ${p.message}`)).toEqual(['plan/no-capability `buffer.atomic_add` on u32 with ordering acquire is unavailable on cpu-ref']);
    await s.compile(program(relaxed));
  });
});

test('workgroup memory with vectors counts all its bytes', () => {
  const big = defineKernel('big', { params: OUT, workgroup: 1 }, ({ out }) => {
    const a = buffer.workgroup('vec4<f32>', 1 << 15);
    const b = buffer.workgroup('array<vec3<f32>, 4>', 10923);
    out.store(0, a.load(0).x.add(b.load(0).at(0).x).to('u32'));
  });
  expect(problems(big)).toEqual(['verify/workgroup-bytes: `buffer.workgroup` makes 524304 bytes of workgroup memory, 1048592 with what was made before: 1048576 is the most of a kernel']);
});
