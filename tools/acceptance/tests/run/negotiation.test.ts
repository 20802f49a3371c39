import { join } from 'node:path';
import { API_VERSION, Registry, buffer, defineKernel, defineProgram, definePlugin, fd, grant, io, kernel, session, u32 } from '@sluice/core';
import type { Backend, Plugin } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { describe, expect, test } from 'vitest';
import { privateDevice } from './private-device.ts';
import { copyFile, increment } from './programs.ts';
import { bytesOf, failure, file, folder, memoryUsed, open, pattern } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

/** Reads a file, adds one to each word, writes it back, and does a bit of everything on the way. */
const bump = defineProgram('bump', { input: fd('r'), output: fd('w'), seed: 'GpuBufferHandle' }, ({ input, output, seed }) => {
  const data = io.dma_from_nvme(input, 0, grant.size(input));
  kernel.launch(increment, data.byteLength.div(4), { data, by: 1 });
  const ones = buffer.alloc('u32', 4);
  buffer.fill(ones, u32(5));
  kernel.launch(increment, 2, { data: ones.slice(8, 8), by: 2 });
  buffer.copy(ones, data.slice(16, 16));
  buffer.copy(seed, data.slice(0, 8));
  io.write_back_to_nvme(data, output, 0);
  io.write_back_to_nvme(data.slice(4, 12), output, 64);
  return { data };
});

function bumped(input: Uint8Array<ArrayBuffer>, seed: Uint8Array): Uint8Array {
  const words = new Uint32Array(input.slice().buffer).map((x) => x + 1);
  words.set([5, 5, 7, 7], 4);
  const data = new Uint8Array(words.buffer);
  data.set(seed);
  const out = new Uint8Array(76);
  out.set(data);
  out.set(data.subarray(4, 16), 64);
  return out;
}

describe('memory spaces', () => {
  test.each(['cpu', 'device'] as const)('a device with memory of its own, reached by a %s transfer', async (how) => {
    const device = privateDevice({ how });
    const s = await open({ registry: new Registry().with(fs).with(device.plugin), backends: ['fs', 'private'] });
    const dir = folder();
    const path = file(dir, 'in', 64);
    const [input, output] = [await s.grant(path), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const exe = await s.compile(bump);
    const [toDevice, toHost] = [exe.placement.ops.find((o) => o.op === 'io.dma_from_nvme'), exe.placement.ops.find((o) => o.op === 'io.write_back_to_nvme')];
    expect(toDevice?.path).toEqual({ via: 'buffered', spaces: ['host', 'private'], bounces: how === 'cpu' ? 1 : 0 });
    expect(toHost?.path?.spaces).toEqual(['private', 'host']);
    expect([toDevice?.how, toHost?.how]).toEqual(how === 'cpu' ? ['copied', 'copied'] : ['native', 'native']);
    expect(String(exe.placement).includes('1 copy by the CPU')).toBe(how === 'cpu');

    const seed = await s.buffer(pattern(8, 3));
    expect(seed.space).toBe('private');
    const { results, report } = await exe.run({ input, output, seed });
    const expected = bumped(pattern(64), pattern(8, 3));
    expect(bytesOf(join(dir, 'out'))).toEqual(expected);
    expect(await results.data.read()).toEqual(expected.slice(0, 64));
    expect(await seed.read()).toEqual(pattern(8, 3));

    // Two writes of 64 and 12 bytes and a read of 64 by way of the host; the fill takes 16 more from there.
    expect(report.bytes).toEqual(how === 'cpu' ? { direct: 0n, buffered: 0n, bounced: 156n, read: 64n, written: 76n } : { direct: 0n, buffered: 140n, bounced: 0n, read: 64n, written: 76n });
    expect(device.copies.slice(0, -1).sort()).toEqual(['host > private 16', 'host > private 64', 'host > private 8', 'private > host 12', 'private > host 64', 'private > host 64', 'private > private 16', 'private > private 8'].sort());
    await Promise.all([results.data.close(), seed.close(), input.close(), output.close()]);
    expect([memoryUsed(s), device.live]).toEqual([0, 0]);
  });

  test('strict: a copy by the CPU is refused before anything runs; one by a device is not', async () => {
    const strict = { strict: true, backends: ['fs', 'private'] };
    const s = await open({ registry: new Registry().with(fs).with(privateDevice().plugin), ...strict });
    const error = await failure(s.compile(bump), 'plan/not-runnable');
    expect(error.problems.map((p) => [p.code, p.where?.op])).toEqual([['plan/bounce', 'io.dma_from_nvme'], ['plan/bounce', 'buffer.fill'], ['plan/bounce', 'io.write_back_to_nvme']]);
    expect(error.family).toBe('unsupported');
    const other = await open({ registry: new Registry().with(fs).with(privateDevice({ how: 'device' }).plugin), ...strict });
    await other.compile(bump);
    const host = await open({ strict: true });
    await host.compile(bump);
  });

  test.each([
    [['private > host', 'private > private'], ['io.dma_from_nvme', 'buffer.fill']],
    [['host > private', 'private > private'], ['io.write_back_to_nvme']],
    [['host > private', 'private > host'], ['buffer.copy']],
    [[], ['io.dma_from_nvme', 'buffer.fill', 'buffer.copy', 'io.write_back_to_nvme']],
  ])('no path: with the transfers %j, what lacks one is %j', async (transfers, ops) => {
    const s = await open({ registry: new Registry().with(fs).with(privateDevice({ transfers }).plugin), backends: ['fs', 'private'] });
    const error = await failure(s.compile(bump), 'plan/not-runnable');
    expect(error.problems.map((p) => [p.code, p.where?.op])).toEqual(ops.map((op) => ['plan/no-path', op]));
  });

  test('the ladder: a backend that needs no copy by the CPU comes before one that was preferred and does', async () => {
    const filling = fillingStorage();
    const registry = new Registry().with(fs).with(privateDevice().plugin).with(filling);
    for (const backends of [['fs', 'filling', 'private'], ['filling', 'fs', 'private']]) {
      const s = await open({ registry, backends });
      const placed = (await s.compile(copyThrough)).placement;
      expect(placed.ops.filter((o) => o.path !== undefined).map((o) => [o.backend, o.path?.bounces])).toEqual([['filling', 0], ['filling', 0]]);
      expect(placed.passedOver).toEqual(backends[0] === 'fs' ? [{ backend: 'fs', reason: 'the CPU would copy between host and private' }] : []);
    }
  });

  test('a device that allows handles of a size, and no larger ones', async () => {
    const device = privateDevice({ handleBytes: 100 });
    const s = await open({ registry: new Registry().with(device.plugin), backends: ['private'] });
    const alloc = defineProgram('alloc', { n: 'u64' }, ({ n }) => {
      const data = buffer.alloc('u8', n);
      kernel.launch(increment, 1, { data, by: 1 });
    });
    const exe = await s.compile(alloc);
    await exe.run({ n: 100 });
    expect((await failure(exe.run({ n: 101 }), 'mem/too-large')).details).toEqual({ byteLength: '101', limit: 100 });
  });

  test('a program with no kernels lives where storage reaches, without a compute backend', async () => {
    const s = await open({ backends: ['fs'] });
    expect((await s.compile(copyFile)).placement.space).toBe('host');
  });
});

const copyThrough = defineProgram('copy-through', { input: fd('r'), output: fd('w') }, ({ input, output }) => {
  const data = io.dma_from_nvme(input, 0, 16);
  kernel.launch(increment, 4, { data, by: 1 });
  io.write_back_to_nvme(data, output, 0);
});

/** A storage backend that fills the memory of the private device itself; for planning: it moves nothing. */
function fillingStorage(): Plugin {
  const inner = new Registry().with(fs).backends.get('fs') as Backend;
  const backend: Backend = { ...inner, id: 'filling', rank: 5, probe: async () => {
    const probe = await inner.probe();
    return probe.available ? { ...probe, capabilities: { ...probe.capabilities, spaces: ['private'] } } : probe;
  } };
  return definePlugin({ name: '@acme/filling', version: '1.0.0', api: API_VERSION, register(hooks) {
    hooks.backend(backend);
    for (const [op, kind] of [['io.dma_from_nvme', 'read'], ['io.write_back_to_nvme', 'write']] as const) {
      hooks.lowering(op, { slot: 'nativeModule', backend: 'filling', build: (_, c) => ({ kind, file: c.file('fd'), offset: c.u64('offset'), memory: c.memory('handle') }) });
    }
  } });
}

describe('what serves', () => {
  test('all gaps at once, each with where it stands and who would close it', async () => {
    const s = await open({ registry: new Registry(), backends: [] });
    const error = await failure(s.compile(bump), 'plan/not-runnable');
    expect(error.family).toBe('unsupported');
    expect(error.problems.map((p) => [p.code, p.where?.op ?? p.where?.kernel])).toEqual([['plan/no-backend', 'increment'], ['plan/no-lowering', 'io.dma_from_nvme'], ['plan/no-lowering', 'io.write_back_to_nvme']]);
    for (const p of error.problems.slice(1)) {
      expect(p.fix).toBe("import '@sluice/io-uring' (Linux), '@sluice/fs' (anywhere) or '@sluice/gds' (NVIDIA), or any plugin that lowers the io dialect");
      expect(p.where).toMatchObject({ program: 'bump' });
    }
    expect(error.problems[0]?.fix).toMatch(/@sluice\/wgsl.*@sluice\/cuda.*@sluice\/cpu-ref/);
    expect(error.message).toBe('program `bump` cannot run here: 3 things are missing');
  });

  test('the allow-list: a backend that is not on it is never used, though it is imported', async () => {
    const { plugin, watch } = watchedStorage();
    const s = await open({ registry: new Registry().with(fs).with(plugin).with(cpuRef), backends: ['fs', 'cpu-ref'] });
    const dir = folder();
    const exe = await s.compile(bump);
    expect(exe.placement.backends.map((b) => b.id).sort()).toEqual(['cpu-ref', 'fs']);
    const [input, output] = [await s.grant(file(dir, 'in', 64)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const { results } = await exe.run({ input, output, seed: pattern(8) });
    expect(watch.begun).toEqual([]);
    await Promise.all([results.data.close(), input.close(), output.close()]);
    const none = await open({ registry: new Registry().with(fs).with(cpuRef), backends: ['fs'] });
    const error = await failure(none.compile(bump), 'plan/not-runnable');
    expect(error.problems.map((p) => p.code)).toEqual(['plan/no-backend']);
    expect(error.problems[0]?.fix).toMatch(/^add 'cpu-ref', which is imported, to `backends`/);
  });

  test('the reference runs only where it is named', async () => {
    const s = await open({ registry: new Registry().with(fs).with(cpuRef), backends: undefined as never });
    const error = await failure(s.compile(bump), 'plan/not-runnable');
    expect(error.problems[0]).toMatchObject({ code: 'plan/no-backend', available: ['cpu-ref'] });
  });

  test('by rank where there is no list, in the order of the list where there is one', async () => {
    const { plugin } = watchedStorage();
    const registry = new Registry().with(fs).with(plugin);
    const served = async (backends?: readonly string[]) => (await (await open({ registry, ...(backends === undefined ? { backends: undefined as never } : { backends }) })).compile(copyFile)).placement.backends.map((b) => b.id);
    expect(await served()).toEqual(['watched']);
    expect(await served(['fs', 'watched'])).toEqual(['fs']);
    expect(await served(['watched', 'fs'])).toEqual(['watched']);
  });

  test('a better one that cannot run here is passed over, with the reason, and shown', async () => {
    const broken = (id: string, probe: Backend['probe']): Plugin => definePlugin({ name: `@acme/${id}`, version: '1.0.0', api: API_VERSION, register: (hooks) => hooks.backend({ id, slot: 'nativeModule', role: 'storage', rank: 90, probe, open: () => Promise.reject(new Error('never')) }) });
    const registry = new Registry().with(fs).with(cpuRef)
      .with(broken('absent', async () => ({ available: false, reason: 'the kernel denies it', fix: 'ask your administrator' })))
      .with(broken('throwing', () => Promise.reject(new Error('boom'))));
    const s = await open({ registry, backends: ['absent', 'throwing', 'fs', 'cpu-ref'] });
    const { placement } = await s.compile(bump);
    expect(placement.passedOver).toEqual([
      { backend: 'absent', reason: 'the kernel denies it', fix: 'ask your administrator' },
      { backend: 'throwing', reason: 'its probe threw: boom', fix: 'report it to the author of the backend' },
    ]);
    expect(String(placement)).toContain('passed over absent: the kernel denies it');
    const alone = await open({ registry, backends: ['absent'] });
    await failure(alone.grant('x'), 'session/no-storage');
  });

  test('a compute backend that cannot run here: the program does not compile, and the reason and remedy are said', async () => {
    const away = definePlugin({ name: 'away', version: '1.0.0', api: 1, register: (hooks) => hooks.backend({
      id: 'away', slot: 'primaryText', role: 'compute', rank: 1,
      probe: async () => ({ available: false, reason: 'no adapter', fix: 'plug one in' }),
      open: () => Promise.reject(new Error('unreachable')),
    }) });
    const s = await open({ registry: new Registry().with(fs).with(away), backends: ['fs', 'away'] });
    const { problems } = await failure(s.compile(bump), 'plan/not-runnable');
    expect(problems.map((p) => [p.code, p.message, p.details['tried']])).toEqual([['plan/backend-unavailable', 'no compute backend that is linked can run on this machine: away: no adapter', [{ backend: 'away', reason: 'no adapter' }]]]);
  });

  test('masks switch cells off', async () => {
    const kernelMasked = await open({ masks: { 'cpu-ref': { ops: ['buffer.store'], types: ['u32'], limits: { workgroupInvocations: 32 } } } });
    const error = await failure(kernelMasked.compile(bump), 'plan/not-runnable');
    expect(error.problems.map((p) => p.code).sort()).toEqual(['plan/limit', 'plan/no-capability', 'plan/type']);
    expect(error.problems.map((p) => p.message)).toContain('`buffer.store` on u32 is unavailable on cpu-ref');
    const storageMasked = await open({ masks: { fs: { ops: ['io.write_back_to_nvme'] } } });
    const io = await failure(storageMasked.compile(bump), 'plan/not-runnable');
    expect(io.problems.map((p) => [p.where?.op, p.details['tried']])).toEqual([['io.write_back_to_nvme', [{ backend: 'fs', reason: 'masked off' }, { backend: 'cpu-ref', reason: 'never runs io ops' }]]]);
  });

  test('gaps of several backends are told apart', async () => {
    const registry = new Registry().with(cpuRef).with(privateDevice().plugin);
    const s = await open({ registry, backends: ['private', 'cpu-ref'], masks: { private: { types: ['f32'] }, 'cpu-ref': { ops: ['arith.mul'] } } });
    const scale = defineKernel('scale', { params: { x: 'buffer<f32, read_write>' }, workgroup: 1 }, ({ x }, { global }) => x.store(global.x, x.load(global.x).mul(2)));
    const error = await failure(s.compile(defineProgram('scale', {}, () => kernel.launch(scale, 1, { x: buffer.alloc('f32', 1) }))), 'plan/not-runnable');
    expect(error.problems.map((p) => [p.code, p.message])).toEqual([
      ['plan/type', 'kernel `scale` uses f32, which is unavailable on private'],
      ['plan/no-capability', '`arith.mul` on f32 is unavailable on cpu-ref'],
    ]);
  });

  test('options that mean nothing are refused', async () => {
    for (const options of [{ memory: 0 }, { memory: -1 }, { memory: 1.5 }, { window: 0 }, { window: NaN }, { durability: 'maybe' as 'run' }, { passes: ['none'] }, { masks: { wgls: {} } }, { backends: ['fs', 'fs'] }]) {
      await failure(session({ registry: new Registry().with(fs), ...options }), 'session/option');
    }
    const error = await failure(session({ registry: new Registry().with(fs), backends: ['io-uring'] }), 'plan/unknown-backend');
    expect(error.available).toEqual(['fs']);
    expect(error.fix).toContain('@sluice/io-uring');
  });
});

describe('placements', () => {
  test('as text and as JSON, with each transfer\'s path and each kernel', async () => {
    const s = await open();
    const { placement } = await s.compile(bump);
    expect(String(placement)).toBe([
      'program bump, memory in host; backends: cpu-ref (every kernel op as it is defined, in JavaScript compiled for each kernel, on one thread; subgroups of 32), fs (Node\'s fs on its thread pool)',
      'op                     count  backend  how     via       path  note',
      'io.dma_from_nvme       1      fs       native  buffered  host  Node\'s fs goes through the page cache',
      'io.write_back_to_nvme  2      fs       native  buffered  host  Node\'s fs goes through the page cache',
      'kernel increment       2      cpu-ref  native',
      `in the session itself: ${placement.ops.filter((o) => o.backend === 'session').map((o) => o.op).join(', ')}`,
    ].join('\n'));
    const json = JSON.parse(JSON.stringify(placement)) as { ops: { op: string; backend: string; path?: unknown }[] };
    expect(json.ops.find((o) => o.op === 'io.dma_from_nvme')).toEqual({ op: 'io.dma_from_nvme', count: 1, backend: 'fs', how: 'native', path: { via: 'buffered', spaces: ['host'], bounces: 0 }, reason: "Node's fs goes through the page cache" });
  });

  test('`bind` opens the files and fixes their paths, before any byte moves', async () => {
    const { plugin, watch } = watchedStorage();
    const s = await open({ registry: new Registry().with(plugin).with(cpuRef), backends: ['watched', 'cpu-ref'] });
    const dir = folder();
    const exe = await s.compile(bump);
    const [input, output] = [await s.grant(file(dir, 'in', 64)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const bound = await exe.bind({ input, output, seed: pattern(8) });
    expect(bound.files).toEqual([
      { param: 'input', file: join(dir, 'in'), backend: 'watched', via: 'buffered', reason: "Node's fs goes through the page cache" },
      { param: 'output', file: join(dir, 'out'), backend: 'watched', via: 'buffered', reason: "Node's fs goes through the page cache" },
    ]);
    expect(String(bound)).toContain(join(dir, 'in'));
    expect(watch.begun).toEqual([]);
    await failure(exe.bind({ input, output, seed: 3 as never }), 'run/argument');
    expect(memoryUsed(s)).toBe(0);
    await Promise.all([input.close(), output.close()]);
  });

  test('two storage backends in one program: each opens the file for itself', async () => {
    const { plugin, watch } = watchedStorage();
    const s = await open({ registry: new Registry().with(fs).with(plugin), backends: ['watched', 'fs'], masks: { watched: { ops: ['io.write_back_to_nvme'] } } });
    const dir = folder();
    const exe = await s.compile(copyFile);
    const [input, output] = [await s.grant(file(dir, 'in', 100)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const { report } = await exe.run({ input, output });
    expect(report.placement.files.map((f) => [f.param, f.backend])).toEqual([['input', 'watched'], ['input', 'fs'], ['output', 'watched'], ['output', 'fs']]);
    expect(watch.begun.map((t) => t.kind)).toEqual(['read']);
    expect(bytesOf(join(dir, 'out'))).toEqual(pattern(100));
    await Promise.all([input.close(), output.close()]);
  });
});
