import { pathToFileURL } from 'node:url';
import { gguf as readByOthers, GGMLQuantizationType } from '@huggingface/gguf';
import { describe, expect, test } from 'vitest';
import { openGguf } from '../src/gguf.ts';
import { GGUF_TYPES } from '../src/gguf-types.ts';
import { openModel } from '../src/index.ts';
import type { MetadataValue, Model } from '../src/index.ts';
import { bytes, codeOf, file, folder, gguf, ggufFile, held, loadAll, open, pattern, random, u32, u64 } from './fixture.ts';

const { string, pair, list, info, header } = gguf;

function number(method: 'setInt16' | 'setInt32' | 'setFloat32' | 'setFloat64', width: number, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(width));
  view[method](0, value, true);
  return new Uint8Array(view.buffer);
}

/** A pair of every type. */
const PAIRS = [
  pair('general.architecture', 8, string('llama')),
  pair('general.alignment', 4, u32(64)),
  pair('u8', 0, [200]), pair('i8', 1, [200]),
  pair('u16', 2, [0xff, 0xfe]), pair('i16', 3, number('setInt16', 2, -2)),
  pair('u32', 4, u32(4_000_000_000)), pair('i32', 5, number('setInt32', 4, -3)),
  pair('f32', 6, number('setFloat32', 4, 0.1)), pair('f64', 12, number('setFloat64', 8, -1e300)),
  pair('true', 7, [1]), pair('false', 7, [0]),
  pair('u64', 10, u64(2n ** 64n - 1n)), pair('i64', 11, u64(2n ** 64n - 5n)),
  pair('text', 8, string('grüße 🙂 "quoted"')), pair('nothing', 8, string('')),
  pair('tokens', 9, list(8, ['a', '▁b', '', '<0x0A>'].map(string))),
  pair('scores', 9, list(6, [0.5, -1.25].map((v) => number('setFloat32', 4, v)))),
  pair('flags', 9, list(7, [Uint8Array.of(1), Uint8Array.of(0)])), pair('none', 9, list(4, [])),
];

/** Every element type, with as many blocks as fit a small matrix. */
const TENSORS = [...GGUF_TYPES].map(([type, { name, elements, bytes: size }], i) => ({ name: `blk.${i}.${name}`, type, dimensions: [elements * 2, 3], data: pattern(size * 6, i + 1) }));

describe('a file', () => {
  test('is read as an independent reader reads it', async () => {
    const s = await open();
    const path = file('model.gguf', ggufFile(PAIRS, TENSORS, 64));
    await using model = await openGguf(s, path);
    const other = await readByOthers(path, { allowLocalFile: true });
    const { version, tensor_count: count, kv_count: pairs, ...metadata } = other.metadata as unknown as Record<string, unknown>;
    expect([version, count, pairs]).toEqual([3, BigInt(TENSORS.length), BigInt(PAIRS.length)]);
    expect(Object.fromEntries(model.metadata)).toEqual(metadata);
    expect(model.tensors.map((t) => ({ name: t.name, n_dims: t.shape.length, shape: t.shape.map(BigInt).toReversed(), dtype: t.dtype, offset: t.offset - other.tensorDataOffset })))
      .toEqual(other.tensorInfos.map((t) => ({ ...t, dtype: GGMLQuantizationType[t.dtype] })));
    expect((await loadAll(model)).map((l) => l.bytes)).toEqual(TENSORS.map((t) => t.data));
  });

  test('of random metadata and tensors is read as an independent reader reads it', async () => {
    const s = await open();
    for (let seed = 1; seed <= 20; seed++) {
      const path = file('random.gguf', randomFile(seed));
      await using model = await openModel(s, path);
      const other = await readByOthers(path, { allowLocalFile: true });
      const { version: _, tensor_count: __, kv_count: ___, ...metadata } = other.metadata as unknown as Record<string, unknown>;
      expect(Object.fromEntries(model.metadata), `seed ${seed}`).toEqual(metadata);
      expect(model.tensors.map((t) => [t.name, t.dtype, t.offset - other.tensorDataOffset]), `seed ${seed}`).toEqual(other.tensorInfos.map((t) => [t.name, GGMLQuantizationType[t.dtype], t.offset]));
    }
  });

  test('may have a header that is longer than what is read first', async () => {
    const s = await open();
    const tokens = Array.from({ length: 60_000 }, (_, i) => `token ${i}`);
    await using model = await openGguf(s, pathToFileURL(file('long.gguf', ggufFile([pair('tokens', 9, list(8, tokens.map(string)))], TENSORS.slice(0, 2)))));
    expect(model.metadata.get('tokens')).toEqual(tokens);
    expect((await loadAll(model)).map((l) => l.bytes)).toEqual(TENSORS.slice(0, 2).map((t) => t.data));
  });

  test('of version 2, with nothing in it, or with lists in lists', async () => {
    const s = await open();
    await using two = await openGguf(s, file('two.gguf', header([pair('a', 0, [7])], [], 2)));
    expect([two.metadata.get('a'), two.tensors]).toEqual([7, []]);
    await using nested = await openGguf(s, file('nested.gguf', header([pair('a', 9, list(9, [list(0, [Uint8Array.of(1)]), list(8, [string('x')])]))], [])));
    expect(nested.metadata.get('a')).toEqual([[1], ['x']]);
  });

  test('gives tensors in the order of their bytes, whatever that of the header', async () => {
    const s = await open();
    const infos = [info('second', [16], 24, 32), info('first', [], 0, 0), info('third', [4, 2], 24, 64)];
    const head = header([], infos);
    const data = pattern(72);
    await using model = await openGguf(s, file('model.gguf', bytes(head, new Uint8Array(32 - (head.length % 32)), data)));
    expect((await loadAll(model)).map(({ name, bytes }) => [name, bytes])).toEqual([['first', data.slice(0, 4)], ['second', data.slice(32, 48)], ['third', data.slice(64)]]);
    expect(model.tensors.map((t) => t.shape)).toEqual([[], [16], [2, 4]]);
  });
});

/** Pairs of random types and tensors that stand one after the other. */
function randomFile(seed: number): Uint8Array<ArrayBuffer> {
  const next = random(seed);
  const values: readonly (() => Uint8Array)[] = [() => u32(next(2 ** 32)), () => string('x'.repeat(next(40))), () => list(2, Array.from({ length: next(9) }, () => pattern(2, next(99)))), () => list(8, Array.from({ length: next(9) }, () => string(`t${next(99)}`))), () => u64(BigInt(next(2 ** 32)) << BigInt(next(32)))];
  const types = [4, 8, 9, 9, 10];
  const pairs = Array.from({ length: next(12) }, (_, i) => {
    const which = next(types.length);
    return pair(`key.${i}`, types[which]!, values[which]!());
  });
  const tensors = Array.from({ length: next(8) }, (_, i) => {
    const { type, data, dimensions } = TENSORS[next(TENSORS.length)]!;
    return { name: `t.${i}`, type, dimensions, data };
  });
  return ggufFile(pairs, tensors);
}

describe('a hostile header', () => {
  const tensor = info('t', [4], 0, 0);
  const HUGE = u64(2n ** 63n);
  const FILES: Readonly<Record<string, readonly [string, Uint8Array]>> = {
    'big-endian': ['formats/version', bytes('GGUF', [0, 0, 0, 3], new Uint8Array(16))],
    'version 1': ['formats/version', bytes('GGUF', u32(1), new Uint8Array(16))],
    'version 4': ['formats/version', bytes('GGUF', u32(4), new Uint8Array(16))],
    'only its magic': ['formats/header', bytes('GGUF')],
    'more tensors than it has room for': ['formats/header', bytes('GGUF', u32(3), HUGE, u64(0))],
    'more metadata than it has room for': ['formats/header', bytes('GGUF', u32(3), u64(0), HUGE)],
    'a key that is longer than the file': ['formats/header', bytes('GGUF', u32(3), u64(0), u64(1), HUGE, new Uint8Array(20))],
    'a list that is longer than the file': ['formats/header', header([pair('a', 9, bytes(u32(0), u64(2n ** 40n)))], [])],
    'a list of lists that is longer than the file': ['formats/header', header([pair('a', 9, bytes(u32(9), u64(3), list(0, [])))], [])],
    'a list of nothing known': ['formats/header', header([pair('a', 9, list(77, [u32(1)]))], [])],
    'an empty list of nothing known': ['formats/header', header([pair('a', 9, list(13, []))], [])],
    'a value of nothing known': ['formats/header', header([pair('a', 13, u32(1))], [])],
    'a boolean that is none': ['formats/header', header([pair('a', 7, [2])], [])],
    'lists nested without end': ['formats/limit', header([pair('a', 9, Array.from({ length: 8 }).reduce<Uint8Array>((inner) => list(9, [inner]), list(0, [])))], [])],
    'a key twice': ['formats/header', header([pair('a', 0, [1]), pair('a', 0, [2])], [])],
    'a key that is no UTF-8': ['formats/header', bytes('GGUF', u32(3), u64(0), u64(1), u64(2), [0xff, 0xfe], u32(0), [1])],
    'an alignment of 0': ['formats/header', header([pair('general.alignment', 4, u32(0))], [])],
    'an alignment of 24': ['formats/header', header([pair('general.alignment', 4, u32(24))], [])],
    'an alignment in words': ['formats/header', header([pair('general.alignment', 8, string('32'))], [])],
    'a tensor twice': ['formats/header', header([], [tensor, tensor])],
    'nine dimensions': ['formats/limit', header([], [info('t', [1, 1, 1, 1, 1, 1, 1, 1, 1], 0, 0)])],
    'a shape whose product is no integer any more': ['formats/header', header([], [info('t', [2n ** 62n, 2n ** 62n], 0, 0)])],
    'half a block': ['formats/header', header([], [info('t', [48], 2, 0)])],
    'blocks that reach over rows': ['formats/header', header([], [info('t', [16, 2], 8, 0)])],
    'an element type that was taken back': ['formats/version', header([], [info('t', [32], 4, 0)])],
    'a tensor that is not aligned': ['formats/range', bytes(header([], [info('t', [4], 0, 4)]), new Uint8Array(99))],
    'tensors that overlap': ['formats/range', bytes(header([], [info('a', [9], 0, 0), info('b', [9], 0, 32)]), new Uint8Array(200))],
    'a tensor behind the end': ['formats/range', bytes(header([], [info('t', [2 ** 40], 0, 0)]), new Uint8Array(200))],
    'an offset behind everything': ['formats/range', bytes(header([], [info('t', [4], 0, 2n ** 64n - 32n)]), new Uint8Array(200))],
  };
  test.each(Object.entries(FILES))('%s', async (_, [code, content]) => {
    const s = await open();
    expect(await codeOf(openModel(s, file('hostile.gguf', content)))).toBe(code);
    expect(held(s)).toMatchObject({ grants: 0, memory: { used: 0 } });
  });
  test('another format', async () => {
    expect(await codeOf(openGguf(await open(), file('no.gguf', 'GGML and more of it')))).toBe('formats/header');
  });
});

test('names out of a file can neither command a terminal nor flood it', async () => {
  const name = `\u001b[2J\u202e${'long '.repeat(1000)}`;
  const error: unknown = await openGguf(await open(), file('loud.gguf', header([], [info(name, [4], 4, 0)]))).catch((e: unknown) => e);
  expect((error as Error).message).toMatch(/loud\.gguf: tensor `\\u\{1b\}\[2J\\u\{202e\}(long )+…` has elements of type 4$/);
});

describe('a split model', () => {
  const split = (no: number, count: number, total: number) => [pair('split.no', 2, [no, 0]), pair('split.count', 2, [count, 0]), pair('split.tensors.count', 5, u32(total))];
  const part = (no: number, from: number, to: number, more: readonly Uint8Array[] = []) => ggufFile([...split(no, 3, 5), ...more], TENSORS.slice(from, to));
  const name = (no: number) => `m-0000${no + 1}-of-00003.gguf`;
  async function opened(change: Readonly<Record<string, Uint8Array>> = {}): Promise<Model> {
    const dir = folder();
    const files = { [name(0)]: part(0, 0, 2, [pair('a', 0, [1])]), [name(1)]: part(1, 2, 3), [name(2)]: part(2, 3, 5), ...change };
    for (const [at, content] of Object.entries(files)) file(at, content, dir);
    return openModel(await open(), `${dir}/${name(0)}`);
  }

  test('is opened by its first file, and loads file after file', async () => {
    await using model = await opened();
    expect(model.metadata.get('a')).toBe(1);
    expect(model.tensors.map((t) => t.file)).toEqual([0, 0, 1, 2, 2]);
    expect((await loadAll(model)).map((l) => l.bytes)).toEqual(TENSORS.slice(0, 5).map((t) => t.data));
  });

  test.each<readonly [string, string, Readonly<Record<string, Uint8Array>>]>([
    ['a file out of turn', 'formats/shards', { [name(1)]: part(2, 2, 3) }],
    ['a file of another model', 'formats/header', { [name(1)]: ggufFile(split(1, 2, 5), TENSORS.slice(2, 3)) }],
    ['a tensor twice', 'formats/shards', { [name(1)]: part(1, 1, 2) }],
    ['a tensor too few', 'formats/shards', { [name(1)]: part(1, 2, 2) }],
    ['a first file that is another one', 'formats/shards', { [name(0)]: part(1, 0, 2) }],
    ['a first file whose name says another number', 'formats/shards', { [name(0)]: ggufFile(split(0, 4, 5), TENSORS.slice(0, 2)) }],
    ['a number of files that is none', 'formats/header', { [name(0)]: ggufFile([pair('split.count', 8, string('3'))], []) }],
  ])('is refused with %s', async (_, code, change) => {
    expect(await codeOf(opened(change))).toBe(code);
  });

  test('in names that say nothing is refused', async () => {
    expect(await codeOf(openGguf(await open(), file('model.gguf', part(0, 0, 2))))).toBe('formats/shards');
  });
});

test('metadata that name what every object has are only metadata', async () => {
  await using model = await openGguf(await open(), file('proto.gguf', header([pair('__proto__', 8, string('x')), pair('constructor', 0, [1])], [])));
  expect([...model.metadata] satisfies readonly (readonly [string, MetadataValue])[]).toEqual([['__proto__', 'x'], ['constructor', 1]]);
});
