import { join } from 'node:path';
import { API_VERSION, Registry, SluiceError, buffer, defineDialect, defineOp, definePlugin, defineProgram, fd, functionsOf, grant, io, u32 } from '@sluice/core';
import type { Allocator, Backend, Compute, Device, Hooks, Op, OpenFile, Outcome, Pass, Plugin, Probe, StorageDevice, Transfer, TransferContext } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { describe, expect, onTestFinished, test } from 'vitest';
import { privateDevice } from './private-device.ts';
import { copyFile, incrementBuffer, readRange, writeAt } from './programs.ts';
import { leaksNothing } from './resources.ts';
import { failure, file, folder, gate, memoryUsed, open, pattern } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

// Plugins are JavaScript of other people: TypeScript keeps none of what follows from them.

const thrown = new TypeError('not as agreed');
const fail = () => {
  throw thrown;
};

function hooked(plugin: Plugin, change: (hooks: Hooks) => Partial<Hooks>): Plugin {
  return definePlugin({ name: plugin.name, version: plugin.version, api: API_VERSION, register: (hooks) => plugin.register({ ...hooks, ...change(hooks) }) });
}

function backends(plugin: Plugin, change: (backend: Backend) => Backend): Plugin {
  return hooked(plugin, (hooks) => ({ backend: (b) => hooks.backend(change(b)) }));
}

function opening(plugin: Plugin, change: (device: Device) => unknown): Plugin {
  return backends(plugin, (b) => ({ ...b, open: async (options) => change(await b.open(options)) as Device }));
}

const storageOf = (d: Device) => d.storage as StorageDevice;
const computeOf = (d: Device) => d.compute as Compute;

/** fs with files that were changed after they had been opened. */
function files(change: (opened: OpenFile) => unknown): Plugin {
  return opening(fs, (d) => ({ ...d, storage: { ...storageOf(d), open: async (...args: Parameters<StorageDevice['open']>) => await change(await storageOf(d).open(...args)) as OpenFile } }));
}

async function watched(durability: 'run' | 'op' | 'none' = 'none') {
  const { plugin, watch } = watchedStorage();
  const s = await open({ registry: new Registry().with(plugin).with(cpuRef), backends: ['watched', 'cpu-ref'], durability });
  return { s, watch, dir: folder() };
}

const ok: Outcome = { ok: true, direct: 0, buffered: 10, bounced: 0 };
const problem = new SluiceError({ code: 'io/read-failed', message: 'bad block', fix: 'buy a disk' });

const OUTCOMES: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined], ['null', null], ['a word', 'done'], ['an empty object', {}], ['a promise', Promise.resolve(ok)],
  ['a failure without `error`', { ok: false, transferred: 0 }],
  ['a failure with an error of its own', { ok: false, transferred: 0, error: new Error('bad block') }],
  ['a failure that moved more than there is', { ok: false, transferred: 11, error: problem }],
  ['a failure that moved no number of bytes', { ok: false, transferred: NaN, error: problem }],
  ['success without counters', { ok: true }],
  ['counters that fall short', { ...ok, buffered: 9 }], ['counters that go over', { ...ok, direct: 10 }],
  ['a negative counter', { ...ok, direct: -1, buffered: 11 }], ['a fractional counter', { ...ok, direct: 0.5, buffered: 9.5 }],
  ['a counter that is a bigint', { ...ok, buffered: 10n }],
  ['bytes that the CPU copied, where the placement promises none', { ok: true, direct: 0, buffered: 0, bounced: 10 }],
];

describe('what a transfer completes with', () => {
  test.each(OUTCOMES)('%s: of a read', async (_, outcome) => {
    const { s, watch, dir } = await watched();
    const exe = await s.compile(readRange);
    const path = file(dir, 'in', 100);
    await leaksNothing(s, async () => {
      const input = await s.grant(path);
      watch.after = () => outcome as Outcome;
      // Called straight away: `after` would wait for the promise.
      if (outcome instanceof Promise) watch.submit = (_batch, complete) => complete(0, outcome as never);
      const error = await failure(exe.run({ input, offset: 0, length: 10 }), 'backend/fault');
      expect(error.message).toMatch(/^backend `watched` completed a read of 10 bytes of .*in with /);
      expect(error.where).toMatchObject({ program: 'read-range', op: 'io.dma_from_nvme' });
      expect(memoryUsed(s)).toBe(0);
      watch.submit = undefined;
      watch.after = (_t, told) => told;
      const { results, report } = await exe.run({ input, offset: 0, length: 10 });
      expect([await results.data.read(), report.bytes.buffered]).toEqual([pattern(10), 10n]);
      await Promise.all([results.data.close(), input.close()]);
    });
  });

  test.each(OUTCOMES)('%s: of a write: nothing is said to be written', async (_, outcome) => {
    const { s, watch, dir } = await watched('run');
    const output = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
    watch.submit = (_batch, complete) => complete(0, outcome as Outcome);
    const error = await failure((await s.compile(writeAt)).run({ output, data: new Uint8Array(10), offset: 0 }), 'backend/fault');
    expect(error.details).toMatchObject({ written: 0, durable: 0 });
    expect(memoryUsed(s)).toBe(0);
    await output.close();
  });

  test.each([undefined, {}, { ok: true }, { ok: false, transferred: 0 }, { ...ok }])('a sync that completes with %j fails the run', async (outcome) => {
    const { s, watch, dir } = await watched('run');
    const output = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
    watch.after = (t, told) => (t.kind === 'sync' ? (outcome as Outcome) : told);
    const error = await failure((await s.compile(writeAt)).run({ output, data: new Uint8Array(10), offset: 0 }), 'backend/fault');
    expect(error.details).toMatchObject({ written: 10, durable: 0 });
    await output.close();
  });

  test('bytes that the CPU copied are counted where the backend promises that', async () => {
    const copying = backends(watchedStorage().plugin, (b) => ({
      ...b,
      probe: async () => {
        const probe = await b.probe();
        return probe.available ? { ...probe, capabilities: { ...probe.capabilities, ops: { ...probe.capabilities.ops, 'io.dma_from_nvme': { how: 'copied', via: 'buffered', reason: 'a test' } } } } : probe;
      },
      open: async (options) => {
        const device = await b.open(options);
        return { ...device, storage: { ...storageOf(device), submit: (batch: readonly Transfer[], complete: (i: number, o: Outcome) => void) => batch.forEach((_, i) => complete(i, { ok: true, direct: 0, buffered: 4, bounced: 6 })) } };
      },
    }));
    const s = await open({ registry: new Registry().with(copying), backends: ['watched'] });
    const input = await s.grant(file(folder(), 'in', 100));
    const { results, report } = await (await s.compile(readRange)).run({ input, offset: 0, length: 10 });
    expect(report.bytes).toMatchObject({ direct: 0n, buffered: 4n, bounced: 6n, read: 10n });
    await Promise.all([results.data.close(), input.close()]);
  });
});

describe('how often a transfer is completed', () => {
  const two = defineProgram('two', { input: fd('r') }, ({ input }) => ({ a: io.dma_from_nvme(input, 0, 10), b: io.dma_from_nvme(input, 50, 10) }));

  async function running(submit: StorageDevice['submit']) {
    const { s, watch, dir } = await watched();
    const input = await s.grant(file(dir, 'in', 100));
    watch.submit = (batch, complete, signal) => {
      expect(batch.length).toBe(2);
      return submit(batch, complete, signal);
    };
    onTestFinished(() => expect(memoryUsed(s)).toBe(0));
    return { run: (await s.compile(two)).run({ input }), input };
  }

  test.each<readonly [string, StorageDevice['submit']]>([
    ['submit throws before it completes any', fail],
    ['submit throws when it has completed one', (_, complete) => {
      complete(1, ok);
      throw thrown;
    }],
    ['submit throws when it has completed one, and completes the other later', (_, complete) => {
      complete(0, ok);
      setImmediate(() => complete(1, ok));
      throw thrown;
    }],
    ['submit gives a promise that rejects', (_, complete) => {
      complete(0, ok);
      return Promise.reject(thrown);
    }],
    ['submit throws something that is no error', () => {
      throw Object.create(null);
    }],
  ])('%s: the run fails, and does not wait for what will not come', async (_, submit) => {
    const { run, input } = await running(submit);
    const error = await failure(run, 'backend/fault');
    expect(error.message).toContain('threw from submit');
    expect(error.where).toMatchObject({ op: 'io.dma_from_nvme' });
    await input.close();
  });

  test.each<readonly [string, StorageDevice['submit']]>([
    ['twice with the same', (batch, complete) => batch.forEach((_, i) => [complete(i, ok), complete(i, ok)])],
    ['with success and then with a failure', (batch, complete) => batch.forEach((_, i) => [complete(i, ok), complete(i, { ok: false, transferred: 0, error: problem })])],
    ['with success and then with garbage, later', (batch, complete) => batch.forEach((_, i) => {
      complete(i, ok);
      setImmediate(() => complete(i, undefined as never));
    })],
    ['and so are transfers that there are none of', (batch, complete) => {
      for (const i of [-1, 2, 0.5, NaN, '0', 'length', undefined]) complete(i as number, ok);
      batch.forEach((_, i) => complete(i, ok));
    }],
  ])('%s: the first counts, once', async (_, submit) => {
    const { run, input } = await running(submit);
    const { results, report } = await run;
    expect([report.bytes.buffered, report.bytes.read, report.transfers]).toEqual([20n, 20n, 2]);
    await Promise.all([results.a.close(), results.b.close(), input.close()]);
  });
});

describe('what a probe gives', () => {
  const cell = { how: 'native' };
  const capabilities = { default: cell, ops: {}, types: {}, limits: {}, spaces: ['host'], floats: { subnormals: 'kept', nonFinite: 'ieee' } };
  test.each<readonly [string, () => unknown]>([
    ['nothing', () => undefined], ['null', async () => null], ['a word', () => 'yes'], ['an empty object', async () => ({})],
    ['a word for `available`', () => ({ available: 'yes', capabilities, description: '' })],
    ['no reason', () => ({ available: false })],
    ['no capabilities', () => ({ available: true, description: '' })],
    ['no description', () => ({ available: true, capabilities })],
    ['capabilities without cells', () => ({ available: true, description: '', capabilities: {} })],
    ['a default that is no cell', () => ({ available: true, description: '', capabilities: { ...capabilities, default: {} } })],
    ['an op without a cell', () => ({ available: true, description: '', capabilities: { ...capabilities, ops: { 'io.dma_from_nvme': null } } })],
    ['a cell that says how it is not', () => ({ available: true, description: '', capabilities: { ...capabilities, types: { u32: { how: 'somehow' } } } })],
    ['a cell for what is no type', () => ({ available: true, description: '', capabilities: { ...capabilities, types: { 'vec2<i8>': { how: 'unavailable' } } } })],
    ['a limit in words', () => ({ available: true, description: '', capabilities: { ...capabilities, limits: { buffers: 'many' } } })],
    ['spaces that are no list', () => ({ available: true, description: '', capabilities: { ...capabilities, spaces: 'host' } })],
    ['an error', fail], ['a rejection', () => Promise.reject(thrown)], ['a rejection with nothing', () => Promise.reject(undefined)],
  ])('%s: the backend is unavailable, and that is why', async (_, probe) => {
    const s = await open({ registry: new Registry().with(backends(fs, (b) => ({ ...b, probe: probe as () => Promise<Probe> }))).with(backends(cpuRef, (b) => ({ ...b, probe: probe as () => Promise<Probe> }))) });
    expect((await failure(s.grant('x'), 'session/no-storage')).message).toMatch(/fs: its probe (gave|threw)/);
    const error = await failure(s.compile(incrementBuffer), 'plan/not-runnable');
    expect(error.problems[0]?.message).toMatch(/cpu-ref: its probe (gave|threw)/);
  });
});

describe('what opening gives', () => {
  test.each<readonly [string, (device: Device) => unknown, 'closed' | 'left']>([
    ['nothing', () => undefined, 'left'], ['null', () => null, 'left'], ['a word', () => 'device', 'left'], ['an empty object', () => ({}), 'left'], ['an array', () => [], 'left'],
    ['a device that does not close', (d) => ({ ...d, close: undefined }), 'left'],
    ['a compute that prepares nothing', (d) => ({ ...d, compute: {} }), 'closed'],
    ['a null for compute', (d) => ({ ...d, compute: null }), 'closed'],
    ['an allocator that gives nothing back', (d) => ({ ...d, allocators: [{ space: 'host', limit: 1, allocate: fail }] }), 'closed'],
  ])('a device: %s', async (_, change, end) => {
    let closed = 0;
    const counted = opening(opening(cpuRef, (d) => ({ ...d, close: async () => {
      await d.close();
      closed++;
    } })), change);
    const s = await open({ registry: new Registry().with(fs).with(counted) });
    const error = await failure(s.compile(incrementBuffer), 'backend/fault');
    expect(error.message).toMatch(/^backend `cpu-ref` opened a device that is /);
    await failure(s.buffer(new Uint8Array(4)), 'backend/fault');
    // What can be closed is: once for each time that it was opened.
    expect(closed).toBe(end === 'closed' ? 2 : 0);
    expect(memoryUsed(s)).toBe(0);
  });

  test('a storage that does not submit', async () => {
    const s = await open({ registry: new Registry().with(opening(fs, (d) => ({ ...d, storage: { ...storageOf(d), submit: undefined } }))), backends: ['fs'] });
    await failure(s.grant('x'), 'backend/fault');
    await failure(s.compile(copyFile), 'backend/fault');
  });

  const FILES: readonly (readonly [string, (f: OpenFile) => unknown])[] = [
    ['nothing', () => undefined], ['null', () => null], ['a number', () => 7], ['an empty object', () => ({})],
    ['a file without a size', (f) => Object.assign(f, { size: undefined })],
    ['a file without an identity', (f) => Object.assign(f, { identity: undefined })],
    ['a file that does not say its way', (f) => Object.assign(f, { via: null })],
  ];
  test.each(FILES)('a file to grant: %s', async (_, change) => {
    const path = file(folder(), 'in', 10);
    const s = await open({ registry: new Registry().with(files(async (f) => {
      const opened = change(f);
      if (opened !== f) await f.close();
      return opened;
    })), backends: ['fs'] });
    await s.grant(path).catch(() => {});
    await leaksNothing(s, async () => {
      const error = await failure(s.grant(path), 'backend/fault');
      expect(error.message).toMatch(/^backend `fs` opened a file that is /);
    });
  });

  test('a file that does not close: nothing can close it', async () => {
    const path = file(folder(), 'in', 10);
    const opened: OpenFile[] = [];
    const s = await open({ registry: new Registry().with(files((f) => {
      opened.push(f);
      return { ...f, close: undefined };
    })), backends: ['fs'] });
    await failure(s.grant(path), 'backend/fault');
    await Promise.all(opened.map((f) => f.close()));
  });

  test.each([...FILES, ['an error', fail] as const])('a file for a run, on a second backend: %s', async (_, change) => {
    const s = await open({ registry: new Registry().with(files(change)).with(watchedStorage().plugin), backends: ['watched', 'fs'], masks: { watched: { ops: ['io.dma_from_nvme'] } } });
    const input = await s.grant(file(folder(), 'in', 10));
    const exe = await s.compile(readRange);
    await failure(exe.run({ input, offset: 0, length: 1 }), 'backend/fault');
    await failure(exe.bind({ input, offset: 0, length: 1 }), 'backend/fault');
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test.each<readonly [string, () => unknown]>([['undefined', () => undefined], ['null', () => null], ['a number', async () => 10], ['negative', async () => -1n], ['a word', () => '10'], ['a rejection', () => Promise.reject(thrown)], ['an error', fail]])('a size that is %s', async (_, size) => {
    const path = file(folder(), 'in', 10);
    let asked = 0;
    // The first size is right, so that a run can ask for the next.
    const s = await open({ registry: new Registry().with(files((f) => Object.assign(f, { size: () => (asked++ === 0 ? Promise.resolve(10n) : size()) }))), backends: ['fs'] });
    const input = await s.grant(path);
    const sizes = defineProgram('sizes', { input: fd('r') }, ({ input }) => ({ size: grant.size(input) }));
    const error = await failure((await s.compile(sizes)).run({ input }), 'backend/fault');
    expect(error.where).toMatchObject({ op: 'grant.size' });
    await failure(s.grant(path), 'backend/fault');
    await input.close();
  });

  test('a file that throws when it is closed, and one that gives no promise for it', async () => {
    const path = file(folder(), 'in', 10);
    const s = await open({ registry: new Registry().with(files((f) => {
      const close = f.close.bind(f);
      return Object.assign(f, { size: () => Promise.reject(thrown), close: () => {
        void close();
        throw thrown;
      } });
    })), backends: ['fs'] });
    const error = await failure(s.grant(path), 'backend/fault');
    expect(error.message).toContain('threw from size');
  });

  test.each([undefined, null, {}, 'kernel'])('a kernel prepared as %j', async (prepared) => {
    const s = await open({ registry: new Registry().with(opening(cpuRef, (d) => ({ ...d, compute: { ...computeOf(d), prepare: async () => prepared } }))), backends: ['cpu-ref'] });
    expect((await failure(s.compile(incrementBuffer), 'backend/fault')).message).toContain('prepared kernel `increment` as ');
  });

  test.each<readonly [string, () => unknown]>([
    ['nothing', () => undefined], ['an empty object', () => ({})], ['less than was asked for', () => ({ space: 'private', byteLength: 3 })],
    ['bytes that are none', () => ({ space: 'private', byteLength: 16, bytes: [1, 2] })], ['fewer bytes than it says', () => ({ space: 'private', byteLength: 16, bytes: new Uint8Array(8) })],
    ['an error', fail],
  ])('memory: %s', async (_, allocate) => {
    const broken = opening(privateDevice().plugin, (d) => ({ ...d, allocators: [{ ...(d.allocators?.[0] as Allocator), allocate }] }));
    const s = await open({ registry: new Registry().with(fs).with(broken), backends: ['fs', 'private'] });
    await failure(s.buffer(new Uint8Array(16)), 'backend/fault');
    await failure((await s.compile(incrementBuffer)).run({ data: new Uint8Array(16), by: 1, times: 1 }), 'backend/fault');
    expect(memoryUsed(s)).toBe(0);
  });

  test('an allocator that throws when it is closed: the devices are closed all the same', async () => {
    let closed = 0;
    const broken = opening(privateDevice().plugin, (d) => ({ ...d, allocators: [{ ...(d.allocators?.[0] as Allocator), close: fail }], close: async () => void closed++ }));
    const { session } = await import('@sluice/core');
    const s = await session({ registry: new Registry().with(broken), backends: ['private'] });
    await s.compile(incrementBuffer);
    expect((await failure(s.close(), 'session/close-failed')).cause).toBe(thrown);
    expect(closed).toBe(1);
  });
});

describe('what a lowering builds', () => {
  test.each<readonly [string, (good: Transfer & { kind: 'read' }) => unknown]>([
    ['nothing', () => undefined], ['null', () => null], ['a promise', (t) => Promise.resolve(t)], ['a promise that rejects', () => Promise.reject(thrown)], ['a word', () => 'read'], ['an array', (t) => [t]],
    ['an empty object', () => ({})], ['another kind', (t) => ({ ...t, kind: 'map' })], ['a kind that objects have', (t) => ({ ...t, kind: 'toString' })],
    ['no file', (t) => ({ ...t, file: undefined })], ['another file', (t) => ({ ...t, file: { ...t.file } })], ['a sync of another file', (t) => ({ kind: 'sync', file: { ...t.file } })], ['a write', (t) => ({ ...t, kind: 'write' })],
    ['an offset that is a number', (t) => ({ ...t, offset: 0 })], ['an offset before the grant', (t) => ({ ...t, offset: -1n })], ['no offset', (t) => ({ ...t, offset: undefined })],
    ['no memory', (t) => ({ ...t, memory: undefined })], ['memory of no length', (t) => ({ ...t, memory: {} })], ['memory of half a byte', (t) => ({ ...t, memory: { space: 'host', byteLength: 0.5 } })],
    ['more memory than the op reads', (t) => ({ ...t, memory: { space: 'host', byteLength: 11, bytes: new Uint8Array(16) } })],
    ['pieces that are null', (t) => ({ ...t, pieces: null })], ['pieces without lengths', (t) => ({ ...t, pieces: { offsets: t.memory } })],
    ['pieces that start before the grant', (t) => ({ ...t, offset: -5n, pieces: { offsets: t.memory, lengths: t.memory } })],
    ['an error', fail],
  ])('%s: plan/bad-lowering, before any byte moves', async (_, change) => {
    const { plugin, watch } = watchedStorage();
    const build = hooked(plugin, (hooks) => ({ lowering: (id, l) => hooks.lowering(id, l.slot === 'nativeModule' ? { ...l, build: (op: Op, c: TransferContext) => change(l.build(op, c) as Transfer & { kind: 'read' }) as Transfer } : l) }));
    const s = await open({ registry: new Registry().with(build), backends: ['watched'] });
    const input = await s.grant(file(folder(), 'in', 100), { offset: 10, length: 50 });
    const error = await failure((await s.compile(readRange)).run({ input, offset: 0, length: 10 }), 'plan/bad-lowering');
    expect(error.message).toMatch(/^the lowering of `io.dma_from_nvme` /);
    expect(error.where).toMatchObject({ program: 'read-range', op: 'io.dma_from_nvme' });
    expect([watch.begun, memoryUsed(s)]).toEqual([[], 0]);
    await input.close();
  });

  test('a `cpuRef` of somebody else that throws in a host body', async () => {
    const odd = defineOp({ id: 'acme.odd', dialect: 'acme', version: '1.0.0', summary: 'Throws.', category: 'extension', level: 'host', operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'r', type: 'u32' }], traits: ['pure'], cpuRef: () => fail });
    const acme = defineDialect({ id: 'acme', version: '1.0.0', ops: [odd] });
    const s = await open({ registry: new Registry().with(definePlugin({ name: '@acme/odd', version: '1.0.0', api: API_VERSION, register: ({ dialect }) => dialect(acme) })), backends: [] });
    const program = defineProgram('program', {}, () => ({ r: functionsOf(acme).odd(u32(1)) }));
    const error = await failure((await s.compile(program)).run({}), 'plan/bad-lowering');
    expect([error.cause, error.where?.op]).toEqual([thrown, 'acme.odd']);
  });

  test.each<readonly [string, () => unknown]>([['nothing', () => undefined], ['a promise', () => Promise.resolve(readRange)], ['an error', fail]])('a pass that gives %s', async (_, run) => {
    const pass = { id: 'acme.pass', summary: '', run } as Pass;
    const s = await open({ registry: new Registry().with(fs).with(definePlugin({ name: '@acme/pass', version: '1.0.0', api: API_VERSION, register: (hooks) => hooks.pass(pass) })), backends: ['fs'], passes: ['acme.pass'] });
    const error = await failure(s.compile(readRange), 'plan/bad-lowering');
    expect(error.message).toMatch(/^pass `acme.pass` /);
  });
});

describe('what a plugin registers', () => {
  const plugin = (register: (hooks: Hooks) => unknown) => definePlugin({ name: '@acme/plugin', version: '1.0.0', api: API_VERSION, register });
  const bad = (register: (hooks: Hooks) => unknown) => {
    try {
      new Registry().with(plugin(register));
    } catch (error) {
      return error as SluiceError;
    }
    return expect.unreachable('it was accepted');
  };

  test.each<readonly [string, (hooks: Hooks) => unknown]>([['at once', async () => {}], ['later', async (hooks) => {
    await Promise.resolve();
    hooks.space({ id: 'late', summary: '' });
  }], ['never', () => Promise.reject(thrown)]])('a `register` that is async, and ends %s', async (_, register) => {
    const error = bad(register);
    expect([error.code, error.fix]).toEqual(['registry/bad-plugin', expect.stringContaining('plain function')]);
    // A rejection that nobody handled would fail this test.
    await new Promise((resolve) => setImmediate(resolve));
  });

  test.each(['dialect', 'op', 'backend', 'type', 'pass', 'space', 'transfer'] as const)('garbage for %s', (hook) => {
    for (const junk of [undefined, null, 'junk', 7, {}, [], Promise.resolve()]) {
      const error = bad((hooks) => (hooks[hook] as (value: unknown) => void)(junk));
      expect([hook, error.code, error.message]).toEqual([hook, 'registry/bad-plugin', expect.stringContaining(`@acme/plugin: ${hook} is `)]);
    }
  });

  test('a dialect with ops that are none, and a lowering of no slot, for no builder', () => {
    const lowering = (value: unknown) => (hooks: Hooks) => hooks.lowering('io.dma_from_nvme', value as never);
    for (const register of [(hooks: Hooks) => hooks.dialect({ id: 'acme', version: '1', ops: [null] } as never), (hooks: Hooks) => hooks.dialect({ id: 'acme', version: '1', ops: {} } as never), lowering(null), lowering({}), lowering({ slot: 'toString', build: fail }), lowering({ slot: 'nativeModule' })]) {
      expect(bad(register).code).toBe('registry/bad-plugin');
    }
  });
});

describe('the signal of a session, where a backend hangs', () => {
  const reason = { why: 'a reason that is no error' };
  const reasonOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => expect.unreachable('it resolved'), (given: unknown) => given);
  const never = new Promise<never>(() => {});

  test('in a probe: session() rejects with the reason itself', async () => {
    const { session } = await import('@sluice/core');
    const controller = new AbortController();
    const opened = session({ registry: new Registry().with(fs).with(backends(cpuRef, (b) => ({ ...b, probe: () => never }))), backends: ['fs', 'cpu-ref'], signal: controller.signal });
    controller.abort(reason);
    expect(await reasonOf(opened)).toBe(reason);
  });

  test('in `open`: what waits for it rejects with the reason, closing ends, and what opens later is closed', async () => {
    const [held, end] = [gate(), gate()];
    const events: string[] = [];
    const slow = backends(cpuRef, (b) => ({ ...b, open: async (options) => {
      events.push('open');
      await held.opened;
      const device = await b.open({ ...options, signal: undefined });
      return { ...device, close: async () => {
        await device.close();
        events.push('closed');
        end.open();
      } };
    } }));
    const controller = new AbortController();
    const s = await open({ registry: new Registry().with(fs).with(slow), signal: controller.signal });
    const waiting = [s.compile(incrementBuffer), s.buffer(new Uint8Array(4))].map(reasonOf);
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    expect(await Promise.all(waiting)).toEqual([reason, reason]);
    await s.close();
    expect(events).toEqual(['open']);
    held.open();
    await end.opened;
    expect(events).toEqual(['open', 'closed']);
  });

  test('in the preparation of a kernel', async () => {
    const controller = new AbortController();
    const s = await open({ registry: new Registry().with(fs).with(opening(cpuRef, (d) => ({ ...d, compute: { ...computeOf(d), prepare: () => never } }))), signal: controller.signal });
    const compiling = reasonOf(s.compile(incrementBuffer));
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    expect(await compiling).toBe(reason);
    await s.close();
  });

  test('in the opening of a file, which is closed when it comes', async () => {
    const [begun, held, end] = [gate(), gate(), gate()];
    const slow = opening(fs, (d) => ({ ...d, storage: { ...storageOf(d), open: async (...args: Parameters<StorageDevice['open']>) => {
      const opened = await storageOf(d).open(...args);
      begun.open();
      await held.opened;
      const close = opened.close.bind(opened);
      return Object.assign(opened, { close: () => {
        end.open();
        return close();
      } });
    } } }));
    const controller = new AbortController();
    const s = await open({ registry: new Registry().with(slow), backends: ['fs'], signal: controller.signal });
    const granting = reasonOf(s.grant(file(folder(), 'in', 10)));
    await begun.opened;
    controller.abort(reason);
    expect(await granting).toBe(reason);
    await s.close();
    held.open();
    // Would never come if nobody closed the file.
    await end.opened;
  });

  test('without one, closing waits for a device that opens, and closes it', async () => {
    const { session } = await import('@sluice/core');
    const held = gate();
    const events: string[] = [];
    const slow = backends(cpuRef, (b) => ({ ...b, open: async (options) => {
      await held.opened;
      const device = await b.open(options);
      return { ...device, close: async () => void events.push('closed') };
    } }));
    const s = await session({ registry: new Registry().with(slow), backends: ['cpu-ref'] });
    const compiling = failure(s.compile(incrementBuffer), 'session/closed');
    const closing = s.close().then(() => events.push('session'));
    held.open();
    await Promise.all([compiling, closing]);
    expect(events).toEqual(['closed', 'session']);
  });
});

test('what a run allocated before a backend failed it is given back, in a loop of failures', async () => {
  const { s, watch, dir } = await watched();
  const input = await s.grant(file(dir, 'in', 100));
  const program = defineProgram('program', { input: fd('r') }, ({ input }) => {
    const own = buffer.alloc('u8', 64);
    buffer.copy(io.dma_from_nvme(input, 0, 10), own);
    return { own };
  });
  const exe = await s.compile(program);
  watch.after = () => undefined as never;
  for (let i = 0; i < 20; i++) await failure(exe.run({ input }), 'backend/fault');
  expect(memoryUsed(s)).toBe(0);
  await input.close();
});
