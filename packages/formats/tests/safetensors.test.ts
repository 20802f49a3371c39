import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openModel } from '../src/index.ts';
import { openSafetensors } from '../src/safetensors.ts';
import { codeOf, file, folder, held, loadAll, open, pattern, safetensors, safetensorsOf } from './fixture.ts';

const f32 = (shape: readonly number[], seed = 1) => ({ dtype: 'F32', shape, data: pattern(4 * shape.reduce((a, b) => a * b, 1), seed) });

describe('a file', () => {
  const tensors = {
    'b.weight': f32([3, 5]), empty: { dtype: 'F16', shape: [0, 7], data: new Uint8Array() }, scalar: { dtype: 'I64', shape: [], data: pattern(8, 2) },
    odd: { dtype: 'BF16', shape: [3], data: pattern(6, 3) }, packed: { dtype: 'F4', shape: [2, 3], data: pattern(3, 4) }, 'a "quoted": {name}': { dtype: 'U8', shape: [1], data: pattern(1, 5) },
    __proto__x: f32([1], 6),
  };

  test('says what its tensors are, in the order of their bytes, and gives those bytes', async () => {
    const s = await open();
    const written = safetensors(tensors, { format: 'pt', 'a:b': '{"c":"d"}' });
    await using model = await openSafetensors(s, file('model.safetensors', written));
    expect(model.format).toBe('safetensors');
    expect(Object.fromEntries(model.metadata)).toEqual({ format: 'pt', 'a:b': '{"c":"d"}' });
    // An empty tensor stands where the next one starts: nothing says which is first.
    expect(model.tensors.map((t) => t.name)).toEqual(['b.weight', 'empty', 'scalar', 'odd', 'packed', 'a "quoted": {name}', '__proto__x']);
    expect(model.tensor('b.weight')).toMatchObject({ dtype: 'F32', shape: [3, 5], elements: 15, file: 0, byteLength: 60n });
    expect(model.tensor('scalar')).toMatchObject({ shape: [], elements: 1, byteLength: 8n });
    for (const t of model.tensors) expect(written.subarray(Number(t.offset), Number(t.offset + t.byteLength)), t.name).toEqual(tensors[t.name as keyof typeof tensors].data);
    expect((await loadAll(model)).map(({ name, bytes }) => [name, bytes])).toEqual(Object.entries(tensors).map(([name, { data }]) => [name, data]));
    expect(await codeOf(() => model.tensor('none'))).toBe('formats/tensor');
  });

  test('may have a header that is padded, or longer than what is read first', async () => {
    const s = await open();
    for (const padding of [7, 60_000, 200_000]) {
      await using model = await openModel(s, file('padded.safetensors', safetensors({ t: f32([4]) }, undefined, padding)));
      expect((await loadAll(model))[0]?.bytes).toEqual(f32([4]).data);
    }
  });

  test('may have no tensors', async () => {
    const s = await open();
    await using model = await openModel(s, pathToFileURL(file('none.safetensors', safetensorsOf('{}'))));
    expect([model.tensors, await loadAll(model)]).toEqual([[], []]);
  });

  test('is closed with the model, and where it is refused', async () => {
    const s = await open();
    const model = await openSafetensors(s, file('model.safetensors', safetensors({ t: f32([4]) })));
    expect(held(s).grants).toBe(1);
    await model.close();
    expect(await codeOf(loadAll(model))).toBe('grant/revoked');
    expect(await codeOf(openSafetensors(s, file('bad.safetensors', 'no such thing')))).toBe('formats/header');
    expect(held(s).grants).toBe(0);
  });
});

describe('a hostile header', () => {
  const t = (entry: string) => safetensorsOf(`{"t":${entry}}`, pattern(16));
  const good = '"dtype":"F32","shape":[4],"data_offsets":[0,16]';
  const FILES: Readonly<Record<string, readonly [string, Uint8Array | string]>> = {
    'nothing at all': ['formats/header', ''],
    'seven bytes': ['formats/header', '1234567'],
    'a length over the file': ['formats/header', Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 0x7b)],
    'no object': ['formats/header', safetensorsOf('[]')],
    'white space in front': ['formats/header', safetensorsOf(' {}')],
    'no JSON': ['formats/header', safetensorsOf('{"t":')],
    'no UTF-8': ['formats/header', Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d)],
    'a tensor that is none': ['formats/header', t('null')],
    'a tensor that is a list': ['formats/header', t('[1,2]')],
    'no dtype': ['formats/header', t('{"shape":[4],"data_offsets":[0,16]}')],
    'an unknown dtype': ['formats/version', t('{"dtype":"F33","shape":[4],"data_offsets":[0,16]}')],
    'a negative dimension': ['formats/header', t('{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}')],
    'a fraction': ['formats/header', t('{"dtype":"F32","shape":[4.5],"data_offsets":[0,18]}')],
    'a shape whose product is no integer any more': ['formats/header', t('{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}')],
    'three offsets': ['formats/header', t('{"dtype":"F32","shape":[4],"data_offsets":[0,8,16]}')],
    'offsets in the wrong order': ['formats/header', t('{"dtype":"F32","shape":[4],"data_offsets":[16,0]}')],
    'offsets that are no integers': ['formats/header', t('{"dtype":"F32","shape":[4],"data_offsets":[1e300,1e300]}')],
    'a shape that does not fit its bytes': ['formats/header', t('{"dtype":"F32","shape":[3],"data_offsets":[0,16]}')],
    'half a byte': ['formats/header', safetensorsOf('{"t":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}', pattern(1))],
    'more in a tensor': ['formats/header', t(`{${good},"more":{}}`)],
    'metadata that are no text': ['formats/header', safetensorsOf(`{"__metadata__":{"a":1},"t":{${good}}}`, pattern(16))],
    'a tensor twice': ['formats/header', safetensorsOf(`{"t":{${good}},"t":{${good}}}`, pattern(16))],
    'a dtype twice': ['formats/header', t(`{"dtype":"I32",${good}}`)],
    'metadata twice': ['formats/header', safetensorsOf('{"__metadata__":{"a":"1","a":"2"}}')],
    'a hole in front': ['formats/range', t('{"dtype":"F32","shape":[3],"data_offsets":[4,16]}')],
    'bytes behind': ['formats/range', t('{"dtype":"F32","shape":[3],"data_offsets":[0,12]}')],
    'a tensor behind the end': ['formats/range', t('{"dtype":"F32","shape":[5],"data_offsets":[0,20]}')],
    'tensors that overlap': ['formats/range', safetensorsOf(`{"s":{${good}},"t":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}`, pattern(16))],
  };

  test.each(Object.entries(FILES))('%s', async (_, [code, content]) => {
    const s = await open();
    expect(await codeOf(openSafetensors(s, file('hostile.safetensors', content)))).toBe(code);
    expect(held(s)).toMatchObject({ grants: 0, memory: { used: 0 } });
  });

  test('a header of more than 100 MB is refused before it is read', async () => {
    const { parseSafetensors } = await import('../src/safetensors-header.ts');
    const start = Uint8Array.of(1, 0xe1, 0xf5, 5, 0, 0, 0, 0, 0x7b); // 100,000,001
    expect(await codeOf(() => parseSafetensors(start, 2n ** 40n, 'large'))).toBe('formats/limit');
  });
});

describe('a sharded model', () => {
  const index = (map: Readonly<Record<string, string>>, more: object = {}) => JSON.stringify({ metadata: { total_size: 32, nested: {} }, weight_map: map, ...more });
  const [one, two] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const shards = (dir: string) => {
    file(one, safetensors({ a: f32([2], 1), b: f32([1], 2) }), dir);
    file(two, safetensors({ c: f32([3], 3) }), dir);
    return dir;
  };

  test('is opened by its index, and loads file after file', async () => {
    const s = await open();
    const dir = shards(folder());
    const path = file('model.safetensors.index.json', index({ c: two, a: one, b: one }), dir);
    for (const source of [path, pathToFileURL(path)]) {
      await using model = await openModel(s, source);
      expect([...model.metadata]).toEqual([['total_size', 32]]);
      expect(model.files.map((f) => f.name.endsWith(one) || f.name.endsWith(two))).toEqual([true, true]);
      expect(model.tensors.map((t) => [t.name, t.file])).toEqual([['a', 0], ['b', 0], ['c', 1]]);
      expect((await loadAll(model)).map((l) => l.bytes)).toEqual([f32([2], 1).data, f32([1], 2).data, f32([3], 3).data]);
      expect((await loadAll(model, { names: ['c', 'a'] })).map((l) => l.name)).toEqual(['a', 'c']);
    }
    expect(held(s).grants).toBe(0);
  });

  test('finds its files where the caller says', async () => {
    const s = await open();
    const dir = shards(folder());
    const path = file('elsewhere.json', index({ c: two, a: one }));
    await using model = await openSafetensors(s, path, { shard: (name) => join(dir, name) });
    expect(model.tensors.map((t) => t.name)).toEqual(['a', 'b', 'c']);
  });

  const BAD: Readonly<Record<string, readonly [string, string]>> = {
    'no weight_map': ['formats/header', '{}'],
    'a list': ['formats/header', index([] as never, { weight_map: [] })],
    'no JSON': ['formats/header', '{"weight_map":'],
    'a file that is no name': ['formats/header', index({ a: 1 as never })],
    'a path that leaves the folder': ['formats/shards', index({ a: '../model.safetensors' })],
    'a path on Windows': ['formats/shards', index({ a: 'C:model.safetensors' })],
    'the folder itself': ['formats/shards', index({ a: '..' })],
    'a file that is not there': ['io/not-found', index({ a: 'missing.safetensors' })],
    'a tensor that no file has': ['formats/shards', index({ a: one, b: one, c: two, d: two })],
    'a tensor in another file': ['formats/shards', index({ a: one, b: two, c: two })],
    'two files with one tensor': ['formats/shards', index({ a: one, x: 'twin.safetensors' })],
  };
  test.each(Object.entries(BAD))('is refused with %s', async (_, [code, text]) => {
    const s = await open();
    const dir = shards(folder());
    file('twin.safetensors', safetensors({ x: f32([1]), a: f32([2]) }), dir);
    file('model.safetensors', safetensors({ a: f32([1]) }), dir);
    expect(await codeOf(openModel(s, file('index.json', text, dir)))).toBe(code);
    expect(held(s).grants).toBe(0);
  });
});
