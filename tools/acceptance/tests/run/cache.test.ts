import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { API_VERSION, Registry, buffer, control, defineKernel, defineProgram, definePlugin, encode, kernel, u32 } from '@sluice/core';
import type { CompileCache, Executable, SessionOptions } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { diskCache } from '@sluice/fs/cache';
import { plugin as fs } from '@sluice/fs/plugin';
import { describe, expect, test } from 'vitest';
import { incrementBuffer } from './programs.ts';
import { failure, folder, open, registry } from './sessions.ts';

async function compiled(options: SessionOptions, program = incrementBuffer): Promise<Executable<{ data: 'GpuBufferHandle'; by: 'u32'; times: 'u32' }>> {
  return (await open(options)).compile(program);
}

async function ran(executable: Awaited<ReturnType<typeof compiled>>): Promise<readonly number[]> {
  const { results } = await executable.run({ data: Uint32Array.of(1, 2, 3), by: 5, times: 2 });
  const { data } = results as unknown as { data: { read(): Promise<Uint8Array<ArrayBuffer>>; close(): Promise<void> } };
  const words = [...new Uint32Array((await data.read()).buffer)];
  await data.close();
  return words;
}

const entriesOf = (dir: string) => readdirSync(dir).map((name) => join(dir, name));

test('without a cache nothing is said of one', async () => {
  expect((await compiled({})).cache).toBeUndefined();
});

test('what one session compiled the next one recalls, with the same results and placement', async () => {
  const cache = diskCache(folder());
  const first = await compiled({ cache });
  const second = await compiled({ cache });
  expect([first.cache, second.cache]).toEqual([{ hits: 0, misses: 1, problems: [] }, { hits: 1, misses: 0, problems: [] }]);
  const placed = ({ placement: { ops, ...rest } }: typeof first) => ({ ...JSON.parse(JSON.stringify(rest)) as object, ops: [...ops].sort((a, b) => (a.op < b.op ? -1 : 1)) });
  expect(placed(second)).toEqual(placed(first));
  expect(await ran(first)).toEqual([11, 12, 13]);
  expect(await ran(second)).toEqual([11, 12, 13]);
});

describe('what an entry depends on makes it another one', () => {
  const changed = definePlugin({ name: '@acme/passes', version: '1.0.0', api: API_VERSION, register: () => {} });
  const later = definePlugin({ ...changed, version: '1.0.1' });
  const plain = { registry: registry.with(changed) };
  const other = defineProgram('increment-buffer', { data: 'GpuBufferHandle', by: 'u32', times: 'u32' }, ({ data, by, times }) => {
    const add = defineKernel('increment', { params: { data: 'buffer<u32, read_write>', by: 'u32' }, workgroup: 32 }, (p, { global: { x } }) => p.data.store(x, p.data.load(x).add(p.by)));
    control.for({ to: times }, () => kernel.launch(add, data.byteLength.div(4), { data, by }));
    return { data };
  });
  const changes: readonly (readonly [what: string, options: SessionOptions & { readonly program?: typeof incrementBuffer }])[] = [
    ['the version of a plugin', { registry: registry.with(later) }],
    ['a plugin', { registry }],
    ['passes', { ...plain, passes: [] }],
    ['strictness', { ...plain, strict: true }],
    ['backends', { ...plain, backends: ['cpu-ref'] }],
    ['what a backend can do', { ...plain, masks: { 'cpu-ref': { limits: { workgroupInvocations: 64 } } } }],
    ['the program', { ...plain, program: other }],
  ];
  test.each(changes)('%s', async (_, { program, ...options }) => {
    const cache = diskCache(folder());
    await compiled({ ...plain, cache });
    const hit = await compiled({ ...plain, cache });
    const miss = await compiled({ ...options, cache }, program);
    expect([hit.cache?.hits, miss.cache?.hits]).toEqual([1, 0]);
    expect(await ran(miss)).toEqual([11, 12, 13]);
  });
});

test('an entry that is damaged is made again', async () => {
  const dir = folder();
  await compiled({ cache: diskCache(dir) });
  const [path = ''] = entriesOf(dir);
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const again = await compiled({ cache: diskCache(dir) });
  expect(again.cache).toEqual({ hits: 0, misses: 1, problems: [] });
  expect(await ran(again)).toEqual([11, 12, 13]);
  expect((await compiled({ cache: diskCache(dir) })).cache?.hits).toBe(1);
});

/** Throws with `message` where the reference runs it: its author's line is the next one but one. */
const trapping = () => {
  const stop = defineKernel('stop', { params: { data: 'buffer<u32, read_write>' }, workgroup: 1 }, ({ data }) => {
    const first = data.load(0).add(0);
    control.if(first.eq(7), () => control.trap(99, { tag: 3 }));
    data.store(0, first.mul(1).add(1));
  });
  return defineProgram('traps', {}, () => {
    const data = buffer.alloc('u32', 4);
    buffer.fill(data, u32(7));
    kernel.launch(stop, 1, { data });
  });
};

test('an error of a recalled program stands at its author\'s line, as that of a program that was compiled', async () => {
  const cache = diskCache(folder());
  const wheres = [];
  for (const hits of [0, 1]) {
    const s = await open({ cache });
    const executable = await s.compile(trapping());
    expect(executable.cache?.hits).toBe(hits);
    const { where } = await failure(executable.run({}), 'run/trap');
    wheres.push({ program: where?.program, kernel: where?.kernel, op: where?.op, path: where?.path, span: where?.span });
  }
  expect(wheres[0]).toEqual(wheres[1]);
  expect(wheres[1]).toMatchObject({ kernel: 'stop', span: { file: expect.stringContaining('cache.test') as string } });
});

test('a program that does not verify is refused as without a cache', async () => {
  const bad = { ...incrementBuffer, kernels: [] };
  const s = await open({ cache: diskCache(folder()) });
  await failure(s.compile(bad), 'verify/invalid');
});

test('a cache that fails is told of, and fails nothing', async () => {
  const broken: CompileCache = { get: () => Promise.reject(new TypeError('no disk')), put: () => Promise.reject(new TypeError('still none')) };
  const executable = await compiled({ cache: broken });
  expect(executable.cache).toMatchObject({ hits: 0, misses: 1, problems: [{ code: 'cache/failed', message: expect.stringContaining('no disk') as string }, { code: 'cache/failed', message: expect.stringContaining('still none') as string }] });
  expect(await ran(executable)).toEqual([11, 12, 13]);
  const nonsense: CompileCache = { get: () => Promise.resolve(encode(incrementBuffer).subarray(0, 50)), put: () => Promise.resolve() };
  const other = await compiled({ cache: nonsense });
  expect(other.cache).toMatchObject({ hits: 0, misses: 1, problems: [{ code: expect.stringMatching(/^wire\//) as string }] });
  expect(await ran(other)).toEqual([11, 12, 13]);
});

test('an option that is no cache', async () => {
  await failure(open({ registry: new Registry().with(fs).with(cpuRef), cache: {} as CompileCache }), 'session/option');
});
