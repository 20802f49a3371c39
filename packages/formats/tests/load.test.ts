import { writeFileSync } from 'node:fs';
import { Registry, buffer, control, defineKernel, defineProgram, fd, io, kernel, session } from '@sluice/core';
import type { DeviceBuffer } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as web } from '@sluice/wgsl/web/plugin';
import { describe, expect, test } from 'vitest';
import { openModel } from '../src/index.ts';
import type { LoadProgress } from '../src/index.ts';
import { codeOf, file, folder, held, loadAll, open, pattern, safetensors } from './fixture.ts';

const SIZES = [4000, 12, 0, 10_000, 7, 4096, 100_000];
const TENSORS = Object.fromEntries(SIZES.map((size, i) => [`t${i}`, { dtype: 'U8', shape: [size], data: pattern(size, i + 1) }]));
const TOTAL = SIZES.reduce((a, b) => a + b, 0);
const modelFile = () => file('model.safetensors', safetensors(TENSORS));

describe('loading', () => {
  test.each([undefined, 0, 1, 10_000])('hands tensors over in file order, with ahead %s', async (ahead) => {
    const s = await open();
    await using model = await openModel(s, modelFile());
    const seen: LoadProgress[] = [];
    expect((await loadAll(model, { ahead, onProgress: (p) => seen.push(p) })).map((l) => l.bytes)).toEqual(Object.values(TENSORS).map((t) => t.data));
    expect(seen.at(-1)).toMatchObject({ done: BigInt(TOTAL), total: BigInt(TOTAL) });
    expect(seen.every(({ done }, i) => done >= (seen[i - 1]?.done ?? 0n))).toBe(true);
    expect(new Set(seen.map((p) => p.tensor.name)).size).toBeGreaterThanOrEqual(SIZES.filter((size) => size > 0).length);
  });

  test('of many small tensors holds few at once', async () => {
    const s = await open();
    const tensors = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`t${i}`, { dtype: 'U8', shape: [i % 20], data: pattern(i % 20, i + 1) }]));
    await using model = await openModel(s, file('small.safetensors', safetensors(tensors)));
    let most = 0;
    let count = 0;
    for await (const { buffer } of model.load()) {
      most = Math.max(most, held(s).memory.used);
      await buffer.close();
      count++;
    }
    expect(count).toBe(300);
    expect(most).toBeLessThanOrEqual(33 * 19);
  });

  test('keeps to the memory of the session when it reads one tensor at a time', async () => {
    const memory = Math.max(...SIZES) + 1000;
    const s = await open({ memory });
    await using model = await openModel(s, modelFile());
    expect((await loadAll(model, { ahead: 0 })).length).toBe(SIZES.length);
    const tight = await open({ memory: 80_000 });
    await using larger = await openModel(tight, modelFile());
    expect(await codeOf(loadAll(larger, { ahead: 0 }))).toBe('mem/too-large');
  });

  test('leaves nothing behind where the caller stops, and buffers that were handed over are the caller\'s', async () => {
    const s = await open();
    const model = await openModel(s, modelFile());
    const kept: DeviceBuffer[] = [];
    for await (const { buffer } of model.load()) {
      kept.push(buffer);
      if (kept.length === 2) break;
    }
    await model.close();
    expect(held(s).memory.used).toBe(4012);
    expect(await kept[1]!.read()).toEqual(TENSORS['t1']!.data);
    for (const b of kept) await b.close();
    expect(held(s)).toMatchObject({ grants: 0, memory: { used: 0 } });
  });

  test('stops with the reason of the signal, before, while it waits and between tensors', async () => {
    const s = await open();
    await using model = await openModel(s, modelFile());
    const reason = new Error('enough');
    await expect(loadAll(model, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const waiting = new AbortController();
    await expect(loadAll(model, { signal: waiting.signal, onProgress: () => waiting.abort(reason) })).rejects.toBe(reason);
    const between = new AbortController();
    const loads = model.load({ signal: between.signal, ahead: 0 });
    const first = await loads.next();
    between.abort(reason);
    await expect(loads.next()).rejects.toBe(reason);
    await first.value?.buffer.close();
    await expect(openModel(s, modelFile(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(held(s).memory.used).toBe(0);
  });

  test('fails where a read fails, and closes what had arrived', async () => {
    const s = await open();
    const path = modelFile();
    await using model = await openModel(s, path);
    writeFileSync(path, safetensors(TENSORS).slice(0, -1));
    expect(await codeOf(loadAll(model))).toBe('io/short-read');
    expect(held(s).memory.used).toBe(0);
  });

  test('refuses options that it does not take', async () => {
    await using model = await openModel(await open(), modelFile());
    for (const options of [{ ahead: -1 }, { ahead: 0.5 }, { dtype: 'f64' as 'f32' }]) expect(await codeOf(() => model.load(options))).toBe('formats/option');
    expect(await codeOf(() => model.load({ names: ['t1', 'nope'] }))).toBe('formats/tensor');
  });

  test('a program of the caller reads a tensor by its place in the file', async () => {
    const s = await open();
    await using model = await openModel(s, modelFile());
    const sum = defineProgram('sum', { file: fd('r'), offset: 'u64', length: 'u64' }, ({ file: from, offset, length }) => {
      const total = buffer.alloc('u32', 1);
      kernel.launch(adding, length, { data: io.dma_from_nvme(from, offset, length), total });
      return { total };
    });
    const { offset, byteLength, file: at } = model.tensor('t3');
    const { results, report } = await (await s.compile(sum)).run({ file: model.files[at]!.grant, offset, length: byteLength });
    const [found] = new Uint32Array((await results.total.read()).buffer);
    await results.total.close();
    expect([found, report.bytes.read, report.bytes.bounced]).toEqual([TENSORS['t3']!.data.reduce((a, b) => a + b, 0), 10_000n, 0n]);
  });
});

const adding = defineKernel('adding', { params: { data: 'buffer<u8, read>', total: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ data, total }, { global: { x } }) => {
  control.if(x.lt(data.length), () => {
    total.atomicAdd(0, data.load(x));
  });
});

test('a page opens what it is given as files: shards are found by the caller', async () => {
  const s = await session({ registry: new Registry().with(web).with(cpuRef), backends: ['web', 'cpu-ref'] });
  const blob = (name: string, content: Uint8Array<ArrayBuffer> | string) => new File([content], name);
  await using whole = await openModel(s, blob('model.safetensors', safetensors(TENSORS)));
  expect((await loadAll(whole)).map((l) => l.bytes)).toEqual(Object.values(TENSORS).map((t) => t.data));
  const index = blob('index.json', JSON.stringify({ weight_map: { t1: 'one' } }));
  expect(await codeOf(openModel(s, index))).toBe('formats/shards');
  await using sharded = await openModel(s, index, { shard: (name) => blob(name, safetensors({ t1: TENSORS['t1']! })) });
  expect((await loadAll(sharded)).map((l) => l.name)).toEqual(['t1']);
  await s.close();
});

test('two models load at the same time', async () => {
  const s = await open();
  const dir = folder();
  const models = await Promise.all([1, 2].map((n) => openModel(s, file(`${n}.safetensors`, safetensors(TENSORS), dir))));
  for (const loaded of await Promise.all(models.map((m) => loadAll(m)))) expect(loaded.map((l) => l.bytes)).toEqual(Object.values(TENSORS).map((t) => t.data));
});
