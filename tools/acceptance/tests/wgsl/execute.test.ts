import { buffer, control, defineKernel, defineProgram, i32, kernel, Registry, session, subgroup, u32 } from '@sluice/core';
import type { Program, Value } from '@sluice/core';
import { cpuRef } from '@sluice/cpu-ref/plugin';
import { wgsl } from '@sluice/wgsl/plugin';
import { describe, expect, inject, test } from 'vitest';

/* What generated programs do not hold, run on WebGPU and on the reference: the same bytes. */

declare module 'vitest' {
  interface ProvidedContext {
    readonly adapters: readonly string[];
  }
}
const adapters = inject('adapters');
const WAYS = { 'with subgroups': [], 'without subgroups': ['subgroups'] } as const;

type Bytes = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

async function run(registry: Registry, backend: string, program: Program, args: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): Promise<Bytes> {
  await using s = await session({ registry, backends: [backend] });
  await using executable = await s.compile(program);
  const copies = Object.fromEntries(Object.entries(args).map(([name, bytes]) => [name, bytes.slice()]));
  const { results } = await executable.run(copies);
  const read: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const [name, handle] of Object.entries(results as unknown as Readonly<Record<string, { read(): Promise<Uint8Array<ArrayBuffer>> }>>)) read[name] = (await handle.read()).slice();
  return read;
}

const words = (bytes: Uint8Array<ArrayBuffer> | undefined) => (bytes === undefined ? [] : [...new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)]);

/** Each workgroup of 10: with lanes of 4, the last subgroup is not full. */
const GROUPS = 2;
const SIZE = 10;

function lanesProgram(of: (word: Value<'u32'>, x: Value<'u32'>) => readonly Value<'u32'>[], count: number) {
  const lanes = defineKernel('lanes', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: SIZE }, ({ data, out }, { global: { x } }) => {
    of(data.load(x), x).forEach((value, i) => out.store(x.mul(count).add(i), value));
  });
  return defineProgram('lanes', { data: 'GpuBufferHandle' }, ({ data }) => {
    const out = buffer.alloc('u32', SIZE * GROUPS * count);
    kernel.launch(lanes, { groups: GROUPS }, { data, out });
    return { out };
  });
}

const data = Uint32Array.from({ length: SIZE * GROUPS }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> (i % 3 === 0 ? 28 : 0));
const COMBINES = ['add', 'mul', 'min', 'max', 'and', 'or', 'xor'] as const;
const ORDERED = ['add', 'mul', 'min', 'max'] as const;
const bool = (b: Value<'bool'>) => b.to('u32');

const PROGRAMS = {
  'votes and ballots': lanesProgram((word) => {
    const ballot = subgroup.ballot(word.lt(16));
    return [ballot.x, ballot.y, ballot.z, ballot.w, bool(subgroup.all(word.lt(16))), bool(subgroup.any(word.lt(16))), bool(subgroup.all(word.ge(0))), subgroup.lane(), subgroup.size()];
  }, 9),
  'shuffles': lanesProgram((word) => [
    subgroup.shuffle(word, word), subgroup.shuffle(word, 1), subgroup.shuffle_xor(word, 1), subgroup.shuffle_xor(word, 0xffffffff), subgroup.shuffle_up(word, 1), subgroup.shuffle_up(word, 0xffffffff),
    subgroup.shuffle_down(word, 2), subgroup.shuffle_down(word, 0xffffffff), subgroup.broadcast(word, { lane: 3 }), subgroup.broadcast(word, { lane: 77 }),
    subgroup.shuffle(word.to('i32'), subgroup.lane().xor(1)).to('u32'), subgroup.shuffle(word.bitcast('f32'), 2).bitcast('u32'),
  ], 12),
  'reductions and scans of u32': lanesProgram((word) => COMBINES.flatMap((combine) => [subgroup.reduce(word, { combine }), subgroup.inclusive_scan(word, { combine }), subgroup.exclusive_scan(word, { combine })]), 21),
  'reductions and scans of i32': lanesProgram((word) => COMBINES.flatMap((combine) => [subgroup.reduce(word.to('i32'), { combine }), subgroup.inclusive_scan(word.to('i32'), { combine }), subgroup.exclusive_scan(word.to('i32'), { combine })].map((v) => v.to('u32'))), 21),
  // Small whole numbers, so that the order does not matter, and none of them 0, which has a sign.
  'reductions and scans of f32': lanesProgram((word) => ORDERED.flatMap((combine) => {
    const value = word.and(3).to('f32').mul(2).sub(3);
    return [subgroup.reduce(value, { combine }), subgroup.inclusive_scan(value, { combine }), subgroup.exclusive_scan(value, { combine })].map((v) => v.bitcast('u32'));
  }), 12),
};

describe.each(adapters.flatMap((adapter) => Object.entries(WAYS).map(([way, without]) => [adapter, way, without] as const)))('on %s, %s', (adapter, _, without) => {
  const registry = new Registry().with(wgsl({ adapter, without }));
  const lanes = async () => words((await run(registry, 'wgsl', lanesProgram(() => [subgroup.size()], 1), { data: new Uint8Array(data.buffer) }))['out'])[0] ?? 0;

  test.each(Object.entries(PROGRAMS))('%s', async (__, program) => {
    const reference = new Registry().with(cpuRef({ subgroupSize: await lanes() }));
    const args = { data: new Uint8Array(data.buffer) };
    expect(words((await run(registry, 'wgsl', program, args))['out'])).toEqual(words((await run(reference, 'cpu-ref', program, args))['out']));
  });
});

/** Counted loops of every kind, near the ends of their types; what they visit, mixed into one word. */
function loopsProgram() {
  const mix = (range: { from: Value<'u32'>; to: Value<'u32'>; step: number | Value<'u32'> }) => control.for({ ...range, step: typeof range.step === 'number' ? u32(range.step) : range.step }, u32(17), (i, acc) => acc.mul(31).add(i));
  const mixSigned = (range: { from: Value<'i32'>; to: Value<'i32'>; step: number | Value<'i32'> }) => control.for({ ...range, step: typeof range.step === 'number' ? i32(range.step) : range.step }, u32(17), (i, acc) => acc.mul(31).add(i.to('u32')));
  const unsigned = defineKernel('unsigned', { params: { bounds: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ bounds, out }, { global: { x } }) => {
    const [from, to, step] = [0, 1, 2].map((i) => bounds.load(x.mul(3).add(i))) as [Value<'u32'>, Value<'u32'>, Value<'u32'>];
    const all = [mix({ from, to, step }), mix({ from, to, step: 1 }), mix({ from, to, step: 7 }), mix({ from, to, step: 0x80000001 }), mix({ from, to: u32(40), step: 9 }), mix({ from, to: u32(0xffffffff), step: 0x40000000 })];
    all.forEach((value, i) => out.store(x.mul(6).add(i), value));
  });
  const signed = defineKernel('signed', { params: { bounds: 'buffer<i32, read>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ bounds, out }, { global: { x } }) => {
    const [from, to, step] = [0, 1, 2].map((i) => bounds.load(x.mul(3).add(i))) as [Value<'i32'>, Value<'i32'>, Value<'i32'>];
    const all = [mixSigned({ from, to, step }), mixSigned({ from, to, step: 3 }), mixSigned({ from, to, step: -3 }), mixSigned({ from, to, step: -1 }), mixSigned({ from, to: i32(-20), step: -0x30000000 }), mixSigned({ from, to: i32(0x7fffffff), step: 0x40000000 })];
    all.forEach((value, i) => out.store(x.mul(6).add(i), value));
  });
  return defineProgram('loops', { a: 'GpuBufferHandle', b: 'GpuBufferHandle' }, ({ a, b }) => {
    const [u, s] = [buffer.alloc('u32', 6 * 8), buffer.alloc('u32', 6 * 8)];
    kernel.launch(unsigned, { groups: 8 }, { bounds: a, out: u });
    kernel.launch(signed, { groups: 8 }, { bounds: b, out: s });
    return { u, s };
  });
}
const MAX = 0x7fffffff;
const unsignedBounds = [[0, 10, 3], [5, 5, 1], [9, 2, 1], [0xfffffff0, 0xffffffff, 4], [0xfffffffe, 0xffffffff, 0xffffffff], [0, 1, 0xffffffff], [0xffffffe0, 0xfffffffb, 7], [1, 30, 29]].flat();
const signedBounds = [[0, 10, 3], [-5, -25, -4], [MAX - 20, MAX, 9], [-MAX - 1, -MAX + 20, 6], [-MAX + 20, -MAX - 1, -7], [5, 5, -1], [MAX - 2, MAX, MAX], [2 - MAX, -MAX - 1, -MAX - 1]].flat();

/** Copies, broadcasts and atomics of a workgroup, on elements of several words. */
function workgroupProgram() {
  const gather = defineKernel('gather', { params: { rows: 'buffer<vec3<f32>, read>', starts: 'buffer<u32, read_write>', out: 'buffer<vec3<f32>, write>', found: 'buffer<i32, read_write>' }, workgroup: 8 }, ({ rows, starts, out, found }, { global, local, workgroup }) => {
    const tile = buffer.workgroup('vec3<f32>', 12);
    const most = buffer.workgroup('i32', 1);
    const start = control.uniform_load(starts, workgroup.x);
    control.for({ from: u32(0), to: start.rem(4).add(1) }, (turn) => {
      buffer.async_copy(tile, turn, rows, start.add(turn), 20);
      buffer.async_wait();
      most.atomicMax(0, tile.load(local.x).y.to('i32'));
      control.barrier('storage');
    });
    out.store(global.x, tile.load(local.x.add(start.rem(5))));
    control.if(local.x.eq(0), () => {
      found.atomicAdd(workgroup.x, most.load(0));
      found.atomicCompareExchange(workgroup.x.add(3), 0, 5);
    });
  });
  return defineProgram('workgroups', { rows: 'GpuBufferHandle', starts: 'GpuBufferHandle' }, ({ rows, starts }) => {
    const [out, found] = [buffer.alloc('vec3<f32>', 24), buffer.alloc('i32', 6)];
    kernel.launch(gather, { groups: 3 }, { rows, starts, out, found });
    return { out, found };
  });
}

describe.each(adapters)('on %s', (adapter) => {
  const registry = new Registry().with(wgsl({ adapter }));
  const reference = new Registry().with(cpuRef());
  const both = async (program: Program, args: Readonly<Record<string, Uint8Array<ArrayBuffer>>>) => {
    const [found, wanted] = [await run(registry, 'wgsl', program, args), await run(reference, 'cpu-ref', program, args)];
    for (const [name, bytes] of Object.entries(wanted)) expect({ [name]: words(found[name]) }).toEqual({ [name]: words(bytes) });
  };

  test('counted loops', async () => {
    await both(loopsProgram(), { a: new Uint8Array(Uint32Array.from(unsignedBounds).buffer), b: new Uint8Array(Int32Array.from(signedBounds).buffer) });
  });

  test('copies, broadcasts and atomics', async () => {
    await both(workgroupProgram(), { rows: new Uint8Array(Float32Array.from({ length: 3 * 24 }, (_, i) => i * 3 - 50).buffer), starts: new Uint8Array(Uint32Array.from([1, 15, 0xffffffff]).buffer) });
  });

  test('f16 without shader-f16 is computed in f32, rounded after each op, and the placement says so', async () => {
    const half = defineKernel('half', { params: { a: 'buffer<f16, read>', out: 'buffer<f16, write>', by: 'f16' }, workgroup: 8 }, ({ a, out, by }, { global: { x } }) => {
      const [v, w] = [a.load(x), a.load(x.add(1))];
      out.store(x, control.if(v.lt(w), () => v.mul(by).add(w), () => v.sub(w).div(by).to('f32').to('f16')));
    });
    const program = defineProgram('p', { a: 'GpuBufferHandle', by: 'f16' }, ({ a, by }) => {
      const out = buffer.alloc('f16', 15);
      kernel.launch(half, 15, { a, out, by });
      return { out };
    });
    // Normal numbers, whose results are: subnormals may be flushed. Some sums are ties, some overflow.
    const a = Uint16Array.from([0x3c00, 0x3c01, 0x4001, 0xc001, 0x5bff, 0x6400, 0x6401, 0xe3ff, 0x7b00, 0x7bff, 0x3555, 0x3aab, 0xb266, 0x2e66, 0x4248, 0x4170]);
    const got: (readonly number[])[] = [];
    for (const [on, id] of [[new Registry().with(wgsl({ adapter, without: ['shader-f16'] })), 'wgsl'], [reference, 'cpu-ref']] as const) {
      await using s = await session({ registry: on, backends: [id] });
      await using executable = await s.compile(program);
      const { results, report } = await executable.run({ a: new Uint8Array(a.buffer).slice(), by: 3 });
      const bytes = (await results.out.read()).slice();
      got.push([...new Uint16Array(bytes.buffer, bytes.byteOffset, 15)]);
      expect(report.placement.ops.find((o) => o.op === 'kernel half')).toMatchObject(id === 'wgsl' ? { backend: 'wgsl', how: 'emulated', reason: expect.stringContaining('f16') } : { backend: 'cpu-ref', how: 'native' });
    }
    expect(got[0]).toEqual(got[1]);
    expect(new Set(got[1]).size).toBeGreaterThan(12);
  });

  test('a step of 0 and a trap fail the run, with the first that was met', async () => {
    const stuck = defineKernel('stuck', { params: { out: 'buffer<u32, write>', step: 'i32' }, workgroup: 1 }, ({ out, step }) => out.store(0, control.for({ from: i32(0), to: i32(5), step }, u32(0), (_, n) => n.add(1))));
    const program = defineProgram('p', { step: 'i32' }, ({ step }) => {
      const out = buffer.alloc('u32', 1);
      kernel.launch(stuck, 1, { out, step });
      return { out };
    });
    await using s = await session({ registry, backends: ['wgsl'] });
    await using executable = await s.compile(program);
    await expect(executable.run({ step: 0 })).rejects.toMatchObject({ code: 'run/zero-step' });
    const { results } = await executable.run({ step: 2 });
    expect(words((await results.out.read()).slice())).toEqual([3]);
  });
});
