import { describe, expect, test } from 'vitest';
import type { Attribute } from '../ir/attributes.ts';
import { scalarAttribute } from '../ir/attributes.ts';
import { canonical, equal } from '../ir/canonical.ts';
import type { Body, Op, Program, Region } from '../ir/program.ts';
import { walkOps } from '../ir/program.ts';
import type { ScalarName } from '../ir/types.ts';
import { parseType, scalar } from '../ir/types.ts';
import { Registry } from '../registry/registry.ts';
import { kernel, program } from '../verify/ir-fixture.ts';
import { LIMITS } from '../verify/limits.ts';
import { chunks } from '../verify/valid-fixture.ts';
import { verify } from '../verify/verify.ts';
import { checksumOf } from './checksum.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { DEFAULT_LIMITS, HEADER } from './format.ts';
import { randomProgram } from './random-fixture.ts';
import { failure } from '../diagnostics/failure-fixture.ts';

const seeds = process.env['SEED'] === undefined ? Array.from({ length: 400 }, (_, i) => i) : [Number(process.env['SEED'])];

/** Everything that is known about a program, in an order that does not depend on maps: canonical programs that are alike have the same text. */
function whole(p: Program): string {
  const ofBody = (b: Body) => {
    const order = new Map([...walkOps(b.region)].map((op, i) => [op, i]));
    const byPlace = <V>(of: ReadonlyMap<Op, V>) => [...of].map(([op, v]) => [order.get(op), v] as const).sort(([x = 0], [y = 0]) => x - y);
    return { names: [...b.debug.names].sort(([x], [y]) => x - y), spans: byPlace(b.debug.spans), origins: byPlace(b.debug.origins), opNames: b.opNames, valueTypes: b.valueTypes.map((t) => t.spelling), region: b.region };
  };
  return JSON.stringify([p, p.kernels.map((k) => ofBody(k.body)), ofBody(p.body)], (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
}

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

describe('what is decoded is what was encoded', () => {
  test('for generated programs, to the bit, with all that is known about them', () => {
    let ops = 0;
    for (const seed of seeds) {
      const p = randomProgram(seed);
      const q = decode(encode(p));
      if (!equal(p, q)) throw new Error(`SEED=${seed}: the programs differ`);
      if (whole(canonical(q)) !== whole(canonical(p))) throw new Error(`SEED=${seed}: what is known about them differs`);
      for (const b of [p, ...p.kernels]) for (const _ of walkOps(b.body.region)) ops++;
    }
    if (seeds.length > 1) expect(ops).toBeGreaterThan(10_000);
  }, 60_000);

  test('and is in canonical form: encoding it again gives the same bytes', () => {
    for (const seed of seeds.slice(0, 100)) {
      const bytes = encode(randomProgram(seed));
      const q = { ...decode(bytes) };
      const found = [sameBytes(encode(q), bytes), whole(q) === whole(canonical(q)), sameBytes(encode(structuredClone(q)), bytes)];
      expect(found, `SEED=${seed}`).toEqual([true, true, true]);
    }
  }, 60_000);

  test('a valid program stays one, and shows itself', () => {
    const registry = new Registry();
    const q = decode(encode(chunks(), { registry }), { registry });
    expect(verify(q, registry)).toEqual([]);
    expect(equal(q, chunks())).toBe(true);
    expect(JSON.stringify(q)).toContain('"kind":"program"');
  });

  test('literals keep their bits', () => {
    const literal = (type: ScalarName, bits: bigint): Attribute => ({ kind: 'scalar', type: scalar(type), bits });
    const literals = [scalarAttribute('f32', -0), literal('f32', 0x7f812345n), literal('f32', 0xffc00001n), literal('f16', 0x7c01n), literal('bf16', 0xff81n), literal('u64', 2n ** 64n - 1n), literal('i64', 1n << 63n), literal('u8', 255n), literal('bool', 1n)];
    const p = program('p', {}, {}, [], (b) => {
      for (const value of literals) b.op('arith.constant', [], ['f32'], { value });
      b.return();
    });
    expect(decode(encode(p)).body.region.ops.map((op) => op.attrs['value'])).toEqual([...literals, undefined]);
  });

  test('names that JavaScript treats specially are names like others', () => {
    const attrs = Object.fromEntries([['__proto__', scalarAttribute('u32', 1)], ['constructor', scalarAttribute('u32', 2)]]);
    const q = decode(encode(program('__proto__', {}, {}, [kernel('constructor', {}, (b) => void b.op('toString', [], [], attrs))], (b) => void b.return())));
    const made = q.kernels[0]?.body.region.ops[0]?.attrs ?? {};
    expect(Object.keys(made).sort()).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
  });

  test('types that no plugin of this process registers survive', () => {
    const p = program('p', {}, {}, [], (b) => void b.op('acme.make', [], ['u32', 'u32']));
    const bytes = encode(p);
    const spelled = new TextDecoder('latin1').decode(bytes);
    const at = spelled.indexOf('u32');
    // The same file as another process would have written it: `u32` replaced by a type of as many characters.
    bytes.set(new TextEncoder().encode('q.t'), at);
    expect(decode(repaired(bytes)).body.valueTypes.map((t) => [t.kind, t.spelling])).toEqual([['opaque', 'q.t'], ['opaque', 'q.t']]);
  });
});

/** The bytes with the length and the checksum that belong to them. */
function repaired(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(HEADER.byteLength, bytes.length, true);
  view.setUint32(HEADER.checksum, checksumOf(bytes), true);
  return bytes;
}

describe('what is left out', () => {
  test('names, spans and origins on request', () => {
    const p = randomProgram(7);
    const q = decode(encode(p, { debug: false }));
    expect(equal(p, q)).toBe(true);
    expect([q, ...q.kernels].map((x) => [x.span, x.body.debug.names.size, x.body.debug.spans.size, x.body.debug.origins.size])).toEqual([q, ...q.kernels].map(() => [undefined, 0, 0, 0]));
  });

  test('what nothing defines or uses', () => {
    const p = program('p', {}, {}, [], (b) => void b.return());
    (p.body.valueTypes as unknown[]).push(parseType('u32'));
    expect(decode(encode(p)).body.valueTypes).toEqual([]);
  });
});

describe('what cannot be encoded', () => {
  const region = (ops: readonly Op[]): Region => ({ args: [], ops });
  const op = (fields: Partial<Op>): Op => ({ name: 0, operands: [], results: [], attrs: {}, regions: [], ...fields });
  const circle: { args: number[]; ops: Op[] } = { args: [], ops: [] };
  circle.ops.push(op({ regions: [circle] }));
  let deep = region([]);
  for (let i = 0; i < 70; i++) deep = region([op({ regions: [deep] })]);
  let nested: Op['attrs'][string] = { kind: 'bool', value: true };
  for (let i = 0; i < 70; i++) nested = { kind: 'list', items: [nested] };
  const cases: Record<string, readonly [Region, string, RegExp]> = {
    'a value that is defined twice': [region([op({ results: [0] }), op({ results: [0] })]), 'wire/unencodable', /%0 is defined twice/],
    'an operand that the body does not have': [region([op({ operands: [7] })]), 'wire/unencodable', /a value that the body does not have/],
    'an op name that the body does not have': [region([op({ name: 3 })]), 'wire/unencodable', /an op has name 3/],
    'bits outside their type': [region([op({ attrs: { a: { kind: 'scalar', type: parseType('u8') as never, bits: 256n } } })]), 'wire/unencodable', /0x100 are not the 8 bits of a u8/],
    'negative bits': [region([op({ attrs: { a: { kind: 'scalar', type: parseType('i32') as never, bits: -1n } } })]), 'wire/unencodable', /32 bits of a i32/],
    'a region within itself': [circle, 'verify/limit', /nested more than/],
    'regions too deep to be read again': [deep, 'wire/unencodable', /nested more than 64 deep/],
    'lists too deep to be read again': [region([op({ attrs: { a: nested } })]), 'wire/unencodable', /nested more than 64 deep/],
  };
  test.each(Object.entries(cases))('%s', (_, [root, code, message]) => {
    const p = program('p', {}, {}, [], (b) => void b.op('acme.op', [], ['u32']));
    const error = failure(() => encode({ ...p, body: { ...p.body, region: root } }));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  test('sizes and lines that are no integers', () => {
    const k = kernel('k', {}, (b) => void b.return());
    const p = program('p', {}, {}, [{ ...k, workgroup: [1, 1.5, 1] }], (b) => void b.return());
    expect(failure(() => encode(p)).message).toBe('a workgroup size of kernel `k` is 1.5, not an integer in [0, 2^32)');
    expect(failure(() => encode({ ...p, kernels: [], span: { file: 'f', line: -1, column: 1 } })).message).toContain('the line of a span is -1');
  });
});

describe('limits', () => {
  test('by default, none is over the verifier\'s own', () => {
    const { ops, values, depth, kernels, params, opNames } = DEFAULT_LIMITS;
    for (const [name, value] of Object.entries({ ops, values, depth, kernels, params, opNames })) expect(value, name).toBeLessThanOrEqual(LIMITS[name as 'ops']);
  });

  test.each(['bytes', 'depth', 'ops', 'values', 'kernels', 'params', 'opNames', 'types', 'idLength', 'attributeBytes'] as const)('%s is kept to', (name) => {
    const bytes = encode(chunks());
    const error = failure(() => decode(bytes, { limits: { [name]: name === 'depth' ? 0 : 1 } }));
    expect([error.code, typeof error.details['offset']]).toEqual(['wire/limit', 'number']);
    expect(failure(() => decode(bytes, { limits: { [name]: Number.NaN } })).message).toContain(`the limit \`${name}\` is NaN`);
  });
});
