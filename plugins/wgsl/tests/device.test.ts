import { Registry, buffer, control, defineKernel, definePlugin, defineProgram, dialects, kernel, session, u32 } from '@sluice/core';
import type { SluiceError, Value } from '@sluice/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { deviceRegistration } from '../src/device/register.ts';
import { ADAPTERS, whyNotOn } from './adapters.ts';
import { byHand } from './by-hand.ts';

const CODES = {
  add: '@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {\n  if (id.x < record.count0) { b0[record.offset0 + id.x] += record.scalar1; }\n}',
  wide: '@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {\n  let at = id.x + record.base.x;\n  if (at < record.count0) { b0[at] = record.groups.x; }\n}',
  broken: '@compute @workgroup_size(1) fn main() {\n  let x: u32 = 1.5f;\n}',
  stop: '@compute @workgroup_size(1) fn main() {\n  if (b0[record.offset0] == 3u) { status[0] = 1u; status[1] = 1u; status[2] = 99u; status[3] = 4u; status[4] = 5u; status[5] = 6u; }\n}',
  which: '@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {\n  if (id.x < record.count0) { b0[record.offset0 + id.x] = select(1u, 2u, UNGUARDED) + select(0u, 10u, UNSHIFTED); }\n}',
};

const add = defineKernel('add', { params: { data: 'buffer<u32, read_write>', by: 'u32' }, workgroup: 64 }, ({ data, by }, { global: { x } }) => data.store(x, data.load(x).add(by)));
const wide = defineKernel('wide', { params: { data: 'buffer<u32, write>' }, workgroup: 1 }, ({ data }, { global: { x } }) => data.store(x, 0));
const broken = defineKernel('broken', { params: { data: 'buffer<u32, write>' }, workgroup: 1 }, ({ data }, { global: { x } }) => data.store(x, 0));
const stop = defineKernel('stop', { params: { data: 'buffer<u32, read>' }, workgroup: 1 }, ({ data }) => control.if(data.load(0).eq(3), () => control.trap(99, { tag: 7 })));
const which = defineKernel('which', { params: { data: 'buffer<u32, write>' }, workgroup: 1 }, ({ data }, { global: { x } }) => data.store(x, 0));

function registryOn(adapter: string): Registry {
  const register = deviceRegistration({ adapter }, byHand(CODES));
  return new Registry().with(definePlugin({
    name: '@sluice/wgsl', version: '0.0.0-by-hand', api: 1,
    register(hooks) {
      register(hooks);
      for (const op of dialects.flatMap((d) => d.ops).filter((o) => o.level !== 'host')) hooks.lowering(op.id, { slot: 'primaryText', backend: 'wgsl', build: () => [] });
    },
  }));
}

/** Nothing, but that the program's buffers lie where kernels compute. */
const onDevice = (data: Value<'GpuBufferHandle'>) => kernel.launch(add, { groups: 0 }, { data, by: 0 });
const words = (bytes: Uint8Array<ArrayBuffer>) => [...new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)];

describe.each(ADAPTERS)('on %s', (adapter) => {
  beforeEach(async ({ skip }) => {
    const reason = await whyNotOn(adapter);
    skip(reason !== undefined, reason);
  });
  const registry = registryOn(adapter);
  const open = (options = {}) => session({ registry, backends: ['wgsl'], ...options });

  test('the probe says which adapter there is, and what it can do', async () => {
    const probe = await registry.backends.get('wgsl')!.probe();
    expect(probe).toMatchObject({ available: true, description: expect.stringMatching(/^WebGPU of Dawn on /), capabilities: { spaces: ['webgpu'] } });
    expect(probe.available && probe.capabilities.limits.buffers).toBeGreaterThanOrEqual(7);
  });

  test('a launch reads and writes arrays that the program is given, and its results come back', async () => {
    const program = defineProgram('p', { data: 'GpuBufferHandle', by: 'u32' }, ({ data, by }) => {
      kernel.launch(add, 100, { data, by });
      kernel.launch(add, 100, { data, by });
      return { data };
    });
    await using s = await open();
    await using executable = await s.compile(program);
    for (const by of [1, 5]) {
      const { results, report } = await executable.run({ data: Uint32Array.from({ length: 100 }, (_, i) => i), by });
      expect(words(await results.data.read())).toEqual(Array.from({ length: 100 }, (_, i) => i + 2 * by));
      expect(report.bytes.bounced).toBe(0n);
      await results.data.close();
    }
  });

  test('a long chain of launches is in order, whatever is submitted together', async () => {
    const program = defineProgram('p', {}, () => {
      const data = buffer.alloc('u32', 3);
      control.for({ to: 1000 }, () => kernel.launch(add, 3, { data, by: 1 }));
      return { data };
    });
    await using s = await open();
    const { results } = await (await s.compile(program)).run({});
    expect(words(await results.data.read())).toEqual([1000, 1000, 1000]);
  });

  test('more workgroups than a dimension takes are split, and ids are those of the whole launch', async () => {
    const program = defineProgram('p', {}, () => {
      const data = buffer.alloc('u32', 70_000);
      kernel.launch(wide, { groups: [70_000, 1, 1] }, { data });
      return { data };
    });
    await using s = await open();
    const { results } = await (await s.compile(program)).run({});
    expect(words(await results.data.read()).every((n) => n === 70_000)).toBe(true);
  });

  test('a launch that is in bounds runs without guards, any other with; one of whole buffers adds no offsets either', async () => {
    const program = defineProgram('p', { data: 'GpuBufferHandle', from: 'u64', n: 'u32', rows: 'u32' }, ({ data, from, n, rows }) => {
      kernel.launch(which, { groups: [n, rows, 1] }, { data: data.slice(from, data.byteLength.sub(from)) });
      return { data };
    });
    await using s = await open();
    await using executable = await s.compile(program);
    const of = async (n: number, from = 0, rows = 1) => words(await (await executable.run({ data: new Uint32Array(4), from, n, rows })).results.data.read());
    expect(await of(4)).toEqual([12, 12, 12, 12]);
    expect(await of(5)).toEqual([1, 1, 1, 1]);
    expect(await of(2, 8)).toEqual([0, 0, 2, 2]);
    expect(await of(3, 8)).toEqual([0, 0, 1, 1]);
    expect(await of(4, 0, 70_000)).toEqual([2, 2, 2, 2]);
  });

  test('copies, fills and slices of any length and offset', async () => {
    const program = defineProgram('p', { from: 'GpuBufferHandle', at: 'u64', to: 'u64', length: 'u64' }, ({ from, at, to, length }) => {
      const made = buffer.alloc('u8', 64);
      buffer.fill(made, u32(0x07070707));
      buffer.copy(buffer.slice(from, at, length), buffer.slice(made, to, length));
      const self = buffer.alloc('u8', 64);
      buffer.copy(from, buffer.slice(self, 0, from.byteLength));
      buffer.copy(buffer.slice(self, at, length), buffer.slice(self, to, length));
      onDevice(made);
      return { made, self };
    });
    await using s = await open();
    await using executable = await s.compile(program);
    const source = Uint8Array.from({ length: 61 }, (_, i) => i + 100);
    for (const [at, to, length] of [[0, 0, 61], [1, 2, 5], [3, 0, 4], [4, 8, 12], [4, 8, 7], [60, 63, 1], [5, 5, 0], [2, 1, 50]] as const) {
      const { results } = await executable.run({ from: source, at, to, length });
      const made = new Uint8Array(64).fill(7);
      made.set(source.subarray(at, at + length), to);
      expect(results.made.space).toBe('webgpu');
      expect(await results.made.read(), `${at} ${to} ${length}`).toEqual(made);
      const self = new Uint8Array(64);
      self.set(source);
      self.copyWithin(to, at, at + length);
      expect(await results.self.read(), `${at} ${to} ${length}`).toEqual(self);
    }
  });

  test('recycled memory is zero, padding too', async () => {
    const program = defineProgram('p', { n: 'u64' }, ({ n }) => {
      const made = buffer.alloc('u8', n);
      onDevice(made);
      return { made };
    });
    const dirty = defineProgram('p', { n: 'u64' }, ({ n }) => {
      const made = buffer.alloc('u8', n);
      buffer.fill(made, u32(0xffffffff));
      onDevice(made);
      return { made };
    });
    await using s = await open();
    const [clean, dirtied] = [await s.compile(program), await s.compile(dirty)];
    for (const n of [1, 15, 16, 17, 1000]) {
      const { results } = await dirtied.run({ n });
      expect((await results.made.read()).every((b) => b === 255)).toBe(true);
      await results.made.close();
      const again = await clean.run({ n: n + 3 });
      expect((await again.results.made.read()).every((b) => b === 0), String(n)).toBe(true);
      await again.results.made.close();
    }
  });

  test('a program reads elements, and counts for a launch, from memory of the device', async () => {
    const program = defineProgram('p', { counts: 'GpuBufferHandle' }, ({ counts }) => {
      const data = buffer.alloc('u32', 2);
      kernel.launch_indirect(add, counts, 4, { data, by: 3 });
      return { data, read: buffer.read(counts, 1, { element: 'u32' }) };
    });
    await using s = await open({ strict: true });
    const { results } = await (await s.compile(program)).run({ counts: Uint32Array.of(9, 1, 1, 1) });
    expect([words(await results.data.read()), results.read]).toEqual([[3, 3], 1]);
  });

  test('a trap fails its run, with what the kernel says, and no other', async () => {
    const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => kernel.launch(stop, 1, { data }));
    await using s = await open();
    await using executable = await s.compile(program);
    const runs = await Promise.allSettled([1, 3, 2].map((n) => executable.run({ data: Uint32Array.of(n) })));
    expect(runs.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((runs[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'run/trap', message: 'invocation (4, 5, 6) of kernel `stop` trapped with tag 7 at 99: by hand', where: { kernel: 'stop', op: 'control.trap' } });
  });

  test('what the shader compiler refuses is an error at the op', async () => {
    const program = defineProgram('p', {}, () => kernel.launch(broken, 1, { data: buffer.alloc('u32', 1) }));
    await using s = await open();
    const error = await s.compile(program).then(() => undefined, (e: unknown) => e as SluiceError);
    expect(error).toMatchObject({ code: 'wgsl/rejected-code', family: 'unsupported', where: { kernel: 'broken', op: 'arith.add' } });
    expect(error?.message).toMatch(/^the shader compiler refuses kernel `broken`: .*u32.*f32.*, at line \d+ of its WGSL, `let x: u32 = 1.5f;`$/);
  });

  test('a buffer over the limit of the adapter is refused', async () => {
    const program = defineProgram('p', {}, () => onDevice(buffer.alloc('u8', 1n << 40n)));
    await using s = await open({ memory: 2 ** 45 });
    await expect((await s.compile(program)).run({})).rejects.toMatchObject({ code: 'mem/too-large' });
  });

  test('an abort acts between launches', async () => {
    const program = defineProgram('p', {}, () => {
      const data = buffer.alloc('u32', 3);
      control.for({ to: 1_000_000_000 }, () => kernel.launch(add, 3, { data, by: 1 }));
    });
    await using s = await open();
    const executable = await s.compile(program);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 100);
    await expect(executable.run({}, { signal: controller.signal })).rejects.toThrow('enough');
  });
});
