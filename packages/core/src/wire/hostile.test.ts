import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../diagnostics/error.ts';
import { program } from '../verify/ir-fixture.ts';
import { checksumOf, crc32c } from './checksum.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { ATTRIBUTE, HEADER, MAGIC, SECTION } from './format.ts';
import type { WireLimits } from './format.ts';
import { Writer } from './writer.ts';

/* Files written by hand, against the description in docs/reference/wire.md. */

type Item = number | string | readonly Item[];

/** Numbers as LEB128, strings as UTF-8 behind their doubled length. */
function bytesOf(items: readonly Item[]): Uint8Array {
  const out = new Writer();
  const write = (item: Item): void => {
    if (typeof item === 'number') out.varint(item);
    else if (typeof item === 'string') out.string(item);
    else item.forEach(write);
  };
  items.forEach(write);
  return out.written();
}

interface Head {
  readonly version?: number;
  readonly minimumReader?: number;
}

function file(sections: readonly (readonly [id: number, items: readonly Item[]])[], { version = 1, minimumReader = 1 }: Head = {}): Uint8Array {
  const out = new Writer();
  out.append(new Uint8Array(HEADER.size));
  for (const [id, items] of sections) {
    const content = bytesOf(items);
    out.byte(id);
    out.varint(content.length);
    out.append(content);
  }
  const bytes = out.written().slice();
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint16(HEADER.version, version, true);
  view.setUint16(HEADER.minimumReader, minimumReader, true);
  view.setUint32(HEADER.byteLength, bytes.length, true);
  view.setUint32(HEADER.checksum, checksumOf(bytes), true);
  return bytes;
}

interface Parts {
  readonly strings?: readonly Item[];
  readonly types?: readonly Item[];
  readonly ops?: readonly Item[];
  readonly sets?: readonly Item[];
  readonly forms?: readonly Item[];
  /** From the parameters of the program on. */
  readonly rest?: readonly Item[];
}

const listOf = (items: readonly Item[]): Item => [items.length, items];
/** No parameters, no results, no kernels, and a body. */
const bodyOf = (...items: readonly Item[]): readonly Item[] => [0, 0, 0, items];
const EMPTY = bodyOf(0, 0, 0, 0);

/** A program `p` with the tables given; strings 0 to 3 are `p`, `u32`, `a.op`, `key`. */
function programOf({ strings = [], types = [1], ops = [2], sets = [], forms = [], rest = EMPTY }: Parts): readonly Item[] {
  return [listOf(['p', 'u32', 'a.op', 'key', ...strings]), listOf(types), listOf(ops), listOf(sets), listOf(forms), 0, rest];
}

const only = (parts: Parts) => file([[SECTION.program, programOf(parts)]]);

function failureOf(bytes: Uint8Array, limits: Partial<WireLimits> = {}) {
  try {
    decode(bytes, { limits });
  } catch (error) {
    if (isSluiceError(error)) return error;
    throw error;
  }
  throw new Error('it was decoded');
}

test('the checksum is CRC-32C', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283); // the check value of the catalogue
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa); // RFC 3720 B.4
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  const [a, b] = [new TextEncoder().encode('12345'), new TextEncoder().encode('6789')];
  expect(crc32c(b, crc32c(a))).toBe(0xe3069283);
});

test('files are written as the description says', () => {
  expect(encode(program('p', {}, {}, [], () => {}))).toEqual(file([[SECTION.program, [listOf(['p']), 0, 0, 0, 0, 0, EMPTY]]]));
  const two = program('p', {}, {}, [], (b) => void b.get('a.op', [b.get('a.op', [], 'u32', { key: { kind: 'bool', value: true } })], 'u32', { key: { kind: 'bool', value: true } }));
  expect(encode(two)).toEqual(file([[SECTION.program, [
    listOf(['p', 'key', 'u32', 'a.op']), listOf([2]), listOf([3]),
    listOf([[1, 1, ATTRIBUTE.true]]),
    listOf([[0, 1, 0, 1, 0], [0, 1, 1, 1, 0]]), // op, attributes, operands, results, regions
    0, bodyOf(2, 0, 0, 0, 0, 2, [0], [1, 1]),
  ]]]));
  expect(decode(only({ forms: [[0, 0, 2, 1, 0]], rest: bodyOf(1, 1, 0, 0, 0, 1, [0, 0, 0, 0, 1]) })).body.region.ops[0]).toMatchObject({ operands: [0, 1], results: [0] });
});

test('the example of the description is what is written', () => {
  const page = readFileSync(new URL('../../../../docs/reference/wire.md', import.meta.url), 'utf8');
  const example = page.split('## An example, byte by byte')[1]?.split('\n## ')[0] ?? '';
  const rows = example.split('\n').filter((line) => line.startsWith('| `'));
  const hex = rows.flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([0-9a-f ]+)`/g)].flatMap((m) => (m[1] ?? '').split(' ')));
  const bytes = Uint8Array.from(hex, (byte) => Number.parseInt(byte, 16));
  expect(bytes).toEqual(encode(program('p', {}, {}, [], (b) => void b.op('a.op'))));
  expect(example).toContain(`in ${bytes.length} bytes`);
});

describe('versions', () => {
  test('a newer file that this reader can read is read; sections that it does not know are passed over', () => {
    const bytes = file([[SECTION.program, programOf({})], [200, ['anything', 1, 2, 3]], [255, []]], { version: 9 });
    expect(decode(bytes).name).toBe('p');
  });

  test('one that it cannot read says so', () => {
    const newer = failureOf(file([[SECTION.program, programOf({})]], { version: 9, minimumReader: 2 }));
    expect([newer.code, newer.message, newer.details]).toEqual(['wire/version', 'byte 10: the file needs a reader of version 2, and this one is of version 1', { offset: 10, version: 9, minimumReader: 2 }]);
    expect(failureOf(file([[SECTION.program, programOf({})], [7, []]])).code).toBe('wire/version');
  });
});

describe('what is no file at all', () => {
  const whole = only({});
  test.each<[string, unknown, string]>([
    ['nothing', new Uint8Array(0), 'wire/not-wire'],
    ['text', new TextEncoder().encode('program p() {\n}\n'), 'wire/not-wire'],
    ['a string', 'text', 'wire/not-wire'],
    ['words', new Uint32Array(9), 'wire/not-wire'],
    ['the magic alone', Uint8Array.from(MAGIC), 'wire/truncated'],
    ['less than it says', whole.slice(0, -1), 'wire/truncated'],
    ['more than it says', Uint8Array.from([...whole, 0]), 'wire/truncated'],
    ['a file with line ends changed', Uint8Array.from([...whole].flatMap((b) => (b === 10 ? [13, 10] : [b]))), 'wire/not-wire'],
    ['no section', file([]), 'wire/malformed'],
    ['a section twice', file([[SECTION.program, programOf({})], [SECTION.program, programOf({})]]), 'wire/malformed'],
  ])('%s', (_, bytes, code) => {
    const { code: found, details } = failureOf(bytes as Uint8Array);
    expect([found, typeof details['offset']]).toEqual([code, 'number']);
  });

  test('bytes of a larger piece of memory, and memory that is shared, are read like others', () => {
    const larger = new Uint8Array(whole.length + 20);
    larger.set(whole, 7);
    const shared = new Uint8Array(new SharedArrayBuffer(whole.length));
    shared.set(whole);
    expect([decode(larger.subarray(7, 7 + whole.length)).name, decode(shared).name, decode(Buffer.from(whole)).name]).toEqual(['p', 'p', 'p']);
  });
});

describe('what lies about itself is refused before anything is made of it', () => {
  const HUGE = 2 ** 32 - 1;
  const form = (operands: number, results: number, regions: number) => ({ forms: [[0, 0, operands, results, regions]] });
  const raw = (...items: readonly Item[]) => file([[SECTION.program, items]]);
  const debugged = (...items: readonly Item[]) => file([[SECTION.program, programOf({})], [SECTION.debug, items]]);
  const cases: Record<string, readonly [Uint8Array, RegExp]> = {
    'more strings than bytes': [raw(HUGE), /4294967295 strings are announced, and 0 bytes follow/],
    'a string longer than the file': [raw(1, HUGE), /ends within a string/],
    'more types than bytes': [raw(0, 4000), /4000 types are announced/],
    'a type of a string that is not there': [only({ types: [9] }), /spelling of a type is number 9 of 4/],
    'what is no type': [only({ types: [0] }), /`p` is not the spelling of a type/],
    'a type spelled in another way': [only({ strings: ['vec2< f32 >'], types: [4] }), /is not the spelling of a type/],
    'a type with no end': [only({ strings: ['buffer<'.repeat(30)], types: [4] }), /is not the spelling of a type/],
    'the empty set of attributes': [only({ sets: [[0, 0, 0]] }), /empty set of attributes is number 0/],
    'an attribute of no kind': [only({ sets: [[1, 3, 9]] }), /9 is no kind of attribute/],
    'a list longer than the file': [only({ sets: [[1, 3, ATTRIBUTE.list, HUGE]] }), /items of a list are announced/],
    'attributes twice': [only({ sets: [[2, 3, ATTRIBUTE.true, 3, ATTRIBUTE.true]] }), /names are sorted, each once/],
    'a scalar of a type that is none': [only({ strings: ['vec2<f32>'], types: [4], sets: [[1, 3, ATTRIBUTE.scalar, 0, 0]] }), /a scalar has type `vec2<f32>`/],
    'a bool of two bits': [only({ strings: ['bool'], types: [4], sets: [[1, 3, ATTRIBUTE.scalar, 0, 2]] }), /0x2 are more than 1 bits/],
    'more forms than bytes': [raw(0, 0, 0, 0, 2_000_000), /forms of ops are announced/],
    'a form of an op that is not there': [only({ forms: [[4, 0, 0, 0, 0]] }), /the op of a form is number 4 of 1/],
    'more values than bytes': [only({ rest: bodyOf(HUGE, 0, 0, 0) }), /4294967295 values are announced/],
    'more values than bytes, half of them undefined': [only({ rest: bodyOf(3, 3, 0, 0) }), /values that nothing defines are announced|values are announced/],
    'fewer values than it announces': [only({ rest: bodyOf(1, 0, 0, 0, 0) }), /1 values are announced, and 0 are defined/],
    'more block arguments than values': [only({ rest: bodyOf(0, 0, HUGE, 0) }), /4294967295 more values are defined/],
    'more ops than bytes': [only({ rest: bodyOf(0, 0, 0, HUGE) }), /4294967295 ops are announced/],
    'an op of a form that is not there': [only({ rest: bodyOf(0, 0, 0, 1, 0) }), /form number 0 of 0/],
    'more operands than bytes': [only({ ...form(HUGE, 0, 0), rest: bodyOf(0, 0, 0, 1, 0) }), /4294967295 operands/],
    'more results than values': [only({ ...form(0, HUGE, 0), rest: bodyOf(1, 0, 0, 0, 1, 0) }), /more values are defined/],
    'more regions than bytes': [only({ ...form(0, 0, HUGE), rest: bodyOf(0, 0, 0, 1, 0) }), /4294967295 regions/],
    'an operand before the first value': [only({ ...form(1, 0, 0), rest: bodyOf(0, 0, 0, 1, 0, 1) }), /an operand is 1 values back, and 0 are defined before/],
    'an operand after the last value': [only({ ...form(1, 0, 0), rest: bodyOf(0, 0, 0, 1, 0, 0, 0) }), /defined later is number 0 of 0/],
    'an operand in two ways': [only({ forms: [[0, 0, 0, 1, 0], [0, 0, 1, 0, 0]], rest: bodyOf(1, 0, 0, 0, 2, 0, 1, 0, 0) }), /as if value 0 were not defined yet/],
    'bytes that nothing reads': [raw(programOf({}), 0), /1 bytes are left over at the end of the section of the program/],
    'a name of a value that is not there': [debugged(listOf(['x']), 0, [1, 0, 0], 0, 0), /names of values: number 0 of 0/],
    'a line of an op that is not there': [debugged(listOf(['x']), 0, 0, [1, 5, 0, 1, 1], 0), /spans: number 5 of 0/],
    'a file of a line that is not there': [debugged(listOf(['x']), [3, 1, 1], 0, 0, 0), /the file of a span is string 2 of 1/],
    'more names than bytes': [debugged(0, 0, HUGE), /names of values are announced/],
  };
  test.each(Object.entries(cases))('%s', (_, [bytes, message]) => {
    const error = failureOf(bytes);
    expect([error.code, typeof error.details['offset']]).toEqual([expect.stringMatching(/^wire\/(malformed|truncated)$/), 'number']);
    expect(error.message).toMatch(message);
  });

  test.each<[string, Uint8Array]>([
    ['UTF-8', Uint8Array.from([1, 2, 0xff])],
    ['UTF-16', Uint8Array.from([1, 3, 0x41])],
    ['LEB128', Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x1f])],
  ])('what is not %s', (_, content) => {
    const bytes = Uint8Array.from([...file([]), SECTION.program, content.length, ...content]);
    new DataView(bytes.buffer).setUint32(HEADER.byteLength, bytes.length, true);
    new DataView(bytes.buffer).setUint32(HEADER.checksum, checksumOf(bytes), true);
    expect([failureOf(bytes).code, failureOf(bytes).details['offset']]).toEqual(['wire/malformed', HEADER.size + (content.length === 3 ? 3 : 2)]);
  });
});

describe('what would grow out of proportion is refused', () => {
  test('regions and lists within each other, a byte or two a level', () => {
    const nest = (levels: number): Item => (levels === 0 ? [0, 0] : [0, 1, 0, nest(levels - 1)]);
    expect(failureOf(only({ forms: [[0, 0, 0, 0, 1]], rest: [0, 0, 0, 0, 0, nest(2000)] })).code).toBe('wire/limit');
    const lists = (levels: number): Item => (levels === 0 ? [ATTRIBUTE.true] : [ATTRIBUTE.list, 1, lists(levels - 1)]);
    expect(failureOf(only({ sets: [[1, 3, lists(2000)]] })).code).toBe('wire/limit');
  });

  test('attributes that a million ops share: a megabyte each would take a terabyte to print', () => {
    const ops = 1_000_000;
    const rest = bodyOf(0, 0, 0, ops, Array.from({ length: ops }, () => 0));
    const bytes = only({ strings: ['x'.repeat(2 ** 20)], sets: [[1, 3, ATTRIBUTE.string, 4]], forms: [[0, 1, 0, 0, 0]], rest });
    expect([failureOf(bytes).code, failureOf(bytes).message]).toEqual(['wire/limit', expect.stringContaining('the attributes of all ops take more than 268435456 bytes')]);
  });

  test('long ids, which every op that has one repeats', () => {
    expect(failureOf(only({ strings: ['a.'.padEnd(300, 'x')], ops: [4] })).message).toContain('an op id has 300 characters, more than 256');
  });

  test('types, each of which stays in the process', () => {
    const strings = Array.from({ length: 5000 }, (_, i) => `array<u32, ${i + 1}>`);
    expect(failureOf(only({ strings, types: strings.map((_, i) => i + 4) })).message).toContain('5000 types, more than 4096');
  });
});
