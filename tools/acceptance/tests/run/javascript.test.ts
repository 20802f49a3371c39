import { inspect, isDeepStrictEqual } from 'node:util';
import { Registry, defineProgram, isSluiceError, session } from '@sluice/core';
import type { DeviceBuffer, Executable, Grant, Program, Session } from '@sluice/core';
import { plugin as fs } from '@sluice/fs/plugin';
import { describe, expect, test } from 'vitest';
import { incrementBuffer, readRange, writeAt } from './programs.ts';
import { leaksNothing } from './resources.ts';
import { failure, file, folder, memoryUsed, open, pattern, registry } from './sessions.ts';

// Plain JavaScript hands anything to anything: what is wrong has a code, and is never an error of the engine.

/** Values that are no option of any kind, some of which no string can be made of. */
const ODD: readonly unknown[] = [null, -1, NaN, 0.5, 'x', 1n, Symbol('s'), Object.create(null), [1], () => {}];
/** Values that are no record of options. */
const NO_RECORD: readonly unknown[] = [null, 5, 'fs', true, 1n, Symbol('s'), () => {}];

interface Anything {
  session(options?: unknown): Promise<Session>;
  grant(source?: unknown, options?: unknown): Promise<Grant>;
  buffer(data?: unknown, options?: unknown): Promise<DeviceBuffer>;
  compile(program?: unknown, options?: unknown): Promise<Executable>;
  run(args?: unknown, options?: unknown): Promise<unknown>;
  bind(args?: unknown): Promise<unknown>;
}

async function refused(work: Promise<unknown>, code: string, given: unknown): Promise<void> {
  const error: unknown = await work.then(() => 'it was taken', (reason: unknown) => reason);
  expect([inspect(given), isSluiceError(error) ? error.code : error]).toEqual([inspect(given), code]);
}

test('session()', async () => {
  const make: Anything['session'] = session;
  for (const options of NO_RECORD) await refused(make(options), 'session/option', options);
  for (const name of ['backends', 'registry', 'space', 'strict', 'memory', 'window', 'durability', 'masks', 'passes', 'signal']) {
    // An empty record is one of no masks.
    for (const value of ODD.filter((v) => name !== 'masks' || !isDeepStrictEqual(v, Object.create(null)))) await refused(make({ registry, [name]: value }), 'session/option', { [name]: value });
  }
  const more = [{ backends: 'fs' }, { backends: ['fs', 'fs'] }, { memory: 0 }, { memory: 2 ** 53 }, { window: Infinity }, { durability: 'nope' }, { strict: 'false' }, { signal: {} }, { signal: new AbortController() },
    { passes: ['acme.pass'] }, { space: 'cuda' }, { masks: { fs: null } }, { masks: { fs: { ops: 'io.dma_from_nvme' } } }, { masks: { fs: { limits: { handleBytes: 'x' } } } }, { masks: { gds: {} } }, { registry: new Map() }];
  for (const options of more) await refused(make({ registry, ...options }), 'session/option', options);
  await refused(make({ registry, backends: ['gds'] }), 'plan/unknown-backend', 'gds');
});

test('an option that there is not is refused, and the message names those that there are', async () => {
  const make: Anything['session'] = session;
  const error = await failure(make({ backend: ['fs'] }), 'session/option');
  expect(error.message).toBe('session() has no option `backend`');
  expect(error.fix).toContain('backends');
  // What is undefined is absent.
  await (await make({ registry, backends: undefined, memory: undefined, signal: undefined })).close();
});

test('session.grant()', async () => {
  const s = await open();
  const grant: Anything['grant'] = s.grant.bind(s);
  const path = file(folder(), 'data', 100);
  await (await s.grant(path)).close();
  await leaksNothing(s, async () => {
    for (const source of [undefined, null, 5, 1n, true, Symbol('s'), () => {}, {}, [], Object.create(null)]) await refused(grant(source), 'io/source', source);
    for (const options of NO_RECORD) await refused(grant(path, options), 'session/option', options);
    for (const name of ['rights', 'create', 'signal']) for (const value of ODD) await refused(grant(path, { [name]: value }), 'session/option', { [name]: value });
    for (const name of ['offset', 'length']) for (const value of ODD.filter((v) => v !== 1n)) await refused(grant(path, { [name]: value }), 'grant/range', { [name]: value });
    for (const options of [{ right: 'w' }, { rights: 'wr' }, { rights: '' }, { create: true }, { signal: 'now' }]) await refused(grant(path, options), 'session/option', options);
  });
});

test('session.buffer()', async () => {
  const s = await open();
  const make: Anything['buffer'] = s.buffer.bind(s);
  for (const data of [undefined, ...ODD, {}, new Map()]) await refused(make(data), 'run/argument', data);
  for (const options of NO_RECORD) await refused(make(new Uint8Array(4), options), 'session/option', options);
  for (const space of ODD.filter((v) => v !== 'x')) await refused(make(new Uint8Array(4), { space }), 'session/option', { space });
  await refused(make(new Uint8Array(4), { space: 'x' }), 'plan/no-path', 'x');
  const detached = new Uint8Array(16);
  structuredClone(detached, { transfer: [detached.buffer] });
  for (const data of [detached, detached.buffer]) await refused(make(data), 'run/argument', data);
  expect(memoryUsed(s)).toBe(0);
});

test('session.compile()', async () => {
  const s = await open();
  const compile: Anything['compile'] = s.compile.bind(s);
  for (const program of [undefined, ...ODD, {}, { '~program': 1 }]) {
    const error: unknown = await compile(program).then(() => 'it was taken', (reason: unknown) => reason);
    expect(isSluiceError(error) && error.code.startsWith('verify/'), inspect([program, error])).toBe(true);
  }
  for (const options of NO_RECORD) await refused(compile(readRange, options), 'session/option', options);
  for (const signal of ODD) await refused(compile(readRange, { signal }), 'session/option', { signal });
  await refused(compile(readRange, { strict: true }), 'session/option', 'strict');
});

describe('executable.run() and bind()', () => {
  test('arguments', async () => {
    const s = await open();
    const { run, bind } = (await s.compile(readRange)) as unknown as Anything;
    const input = await s.grant(file(folder(), 'in', 100));
    const good = { input, offset: 0, length: 1 };
    for (const args of [undefined, ...NO_RECORD, [], {}, { ...good, more: 1 }, { ...good, toString: 1 }, { input }, ...ODD.filter((v) => v !== 1n).flatMap((v) => [{ ...good, offset: v }, { ...good, length: v }])]) {
      await refused(run(args), 'run/argument', args);
      await refused(bind(args), 'run/argument', args);
    }
    for (const value of [...ODD, {}, { '~grant': 1, fd: input.fd }, Object.create(input), { ...input }]) await refused(run({ ...good, input: value }), 'grant/unknown', value);
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('buffers', async () => {
    const s = await open();
    const { run } = (await s.compile(incrementBuffer)) as unknown as Anything;
    const other = await open();
    const [own, foreign] = [await s.buffer(new Uint8Array(4)), await other.buffer(new Uint8Array(4))];
    for (const data of [...ODD, {}]) await refused(run({ data, by: 1, times: 1 }), 'run/argument', data);
    for (const data of [foreign, { '~buffer': 1 }, { ...own }, Object.create(own)]) await refused(run({ data, by: 1, times: 1 }), 'mem/foreign-handle', data);
    const detached = new Uint8Array(16);
    structuredClone(detached, { transfer: [detached.buffer] });
    await refused(run({ data: detached, by: 1, times: 1 }), 'run/argument', detached);
    await own.close();
    await refused(run({ data: own, by: 1, times: 1 }), 'mem/stale-handle', own);
    await refused(own.read(), 'mem/stale-handle', own);
    await own.close();
    expect(memoryUsed(s)).toBe(0);
    await other.close();
    await refused(foreign.read(), 'mem/stale-handle', foreign);
  });

  test('bytes that are detached when the run has been called', async () => {
    const s = await open();
    const exe = await s.compile(incrementBuffer);
    const data = new Uint8Array(16);
    const running = exe.run({ data, by: 1, times: 1 });
    structuredClone(data, { transfer: [data.buffer] });
    await refused(running, 'run/argument', data);
    expect(memoryUsed(s)).toBe(0);
  });

  test('options', async () => {
    const s = await open();
    const { run } = (await s.compile(defineProgram('empty', {}, () => {}))) as unknown as Anything;
    for (const options of NO_RECORD) await refused(run({}, options), 'session/option', options);
    for (const signal of [...ODD, {}, { aborted: true }, { throwIfAborted: () => {} }]) await refused(run({}, { signal }), 'session/option', { signal });
    for (const onProgress of ODD.filter((v) => typeof v !== 'function')) await refused(run({}, { onProgress }), 'session/option', { onProgress });
    await refused(run({}, { progress: () => {} }), 'session/option', 'progress');
    await run({}, {});
    await run({}, { signal: undefined, onProgress: undefined });
  });
});

test('a device buffer cannot be made to show the bytes of another', async () => {
  const s = await open();
  const [mine, other] = [await s.buffer(pattern(8)), await s.buffer(pattern(8, 2))];
  expect(() => Object.assign(mine, { slot: (other as unknown as { slot: number }).slot })).toThrow(TypeError);
  expect(await mine.read()).toEqual(pattern(8));
  await Promise.all([mine.close(), other.close()]);
});

test('what is closed', async () => {
  const s = await session({ registry: new Registry().with(fs), backends: ['fs'] });
  const exe = await s.compile(writeAt);
  const output = await s.grant(file(folder(), 'out', 4), { rights: 'w' });
  const data = await s.buffer(new Uint8Array(4));
  await exe.close();
  await refused(exe.run({ output, data, offset: 0 }), 'session/closed', 'run');
  await refused(exe.bind({ output, data, offset: 0 }), 'session/closed', 'bind');
  await s.close();
  for (const work of [s.grant('x'), s.buffer(new Uint8Array(4)), s.compile(writeAt as Program<never>)]) await refused(work, 'session/closed', 'session');
  await refused(data.read(), 'mem/stale-handle', data);
  await Promise.all([data.close(), output.close(), output.revoke(), exe.close(), s.close()]);
});
