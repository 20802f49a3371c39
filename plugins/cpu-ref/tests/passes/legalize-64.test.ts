import { Registry, buffer, control, defineKernel, defineProgram, functionsOf, dialects, i64, kernel, opId, print, session, subgroup, u32, u64, walkOps } from '@sluice/core';
import type { Program, Session, Value } from '@sluice/core';
import { plugin as cpuRef } from '../../src/plugin.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomKernel } from '../../src/testing/random-kernel.ts';
import { edges } from '../../src/testing/edges.ts';

/*
 * The reference with its 64-bit integers switched off is a backend that has none: what runs there is what legalising
 * made. The results must be those of the reference as it is, bit for bit.
 */
const masks = { 'cpu-ref': { types: ['i64', 'u64'] } };
let plain: Session;
let narrow: Session;
beforeAll(async () => {
  const registry = new Registry().with(cpuRef);
  [plain, narrow] = await Promise.all([session({ registry, backends: ['cpu-ref'] }), session({ registry, backends: ['cpu-ref'], masks })]);
});
afterAll(async () => {
  await Promise.all([plain.close(), narrow.close()]);
});

async function onBoth(program: Program<Readonly<Record<string, 'GpuBufferHandle' | 'u64' | 'i64'>>, { readonly out: Value<'GpuBufferHandle'> }>, args: Readonly<Record<string, ArrayBufferView | bigint>>): Promise<readonly [Uint8Array, Uint8Array]> {
  const ran = [plain, narrow].map(async (s) => {
    const exe = await s.compile(program);
    const { results } = await exe.run(args);
    const bytes = await results.out.read();
    await results.out.close();
    return bytes;
  });
  return (await Promise.all(ran)) as unknown as readonly [Uint8Array, Uint8Array];
}

type Wide = 'i64' | 'u64';
/** A value of a type that only the run knows. */
interface Anything {
  to(type: string): Anything;
  select(a: Anything, b: Anything): Anything;
}
const functions = functionsOf(dialects.find((d) => d.id === 'arith') as (typeof dialects)[number]) as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Anything>>;
function arith(name: string, ...operands: readonly Anything[]): Anything {
  const made = functions[name];
  if (made === undefined) throw new Error(`there is no arith.${name}`);
  return made(...operands);
}
const wordsOf = (type: Wide) => (type === 'i64' ? BigInt64Array : BigUint64Array);

const BINARY = ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'abs_diff', 'add_sat', 'sub_sat', 'mul_sat', 'mul_high', 'and', 'or', 'xor'];
const COMPARE = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];
const UNARY = ['neg', 'abs', 'not', 'popcount', 'clz', 'ctz', 'reverse_bits', 'swap_bytes'];
const COUNTED = ['shl', 'shr', 'rotl', 'rotr'];

describe.each(['i64', 'u64'] as const)('%s', (type) => {
  const wrap = (v: bigint) => (type === 'i64' ? BigInt.asIntN(64, v) : BigInt.asUintN(64, v));
  // Of every magnitude: a product of odd numbers, shifted.
  const random = Array.from({ length: 24 }, (_, i) => wrap(BigInt.asUintN(64, 0x9e3779b97f4a7c15n * BigInt(2 * i + 1)) >> BigInt((i * 37) % 64)));
  const values = [...(edges[type] as readonly bigint[]), ...random];
  const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
  const params = { a: `buffer<${type}, read>`, b: `buffer<${type}, read>`, out: `buffer<${type}, write>` } as const;
  const programOf = (f: (a: Anything, b: Anything) => Anything) => {
    const k = defineKernel('k', { params, workgroup: 64 }, ({ a, b, out }, { global: { x } }) => {
      out.store(x, f(a.load(x) as unknown as Anything, b.load(x) as unknown as Anything) as never);
    });
    return defineProgram('p', { a: 'GpuBufferHandle', b: 'GpuBufferHandle' }, ({ a, b }) => {
      const out = buffer.alloc(type, pairs.length);
      kernel.launch(k, pairs.length, { a, b, out });
      return { out };
    });
  };
  const args = { a: wordsOf(type).from(pairs.map(([a]) => a)), b: wordsOf(type).from(pairs.map(([, b]) => b)) };
  const check = async (f: (a: Anything, b: Anything) => Anything) => {
    const [expected, found] = await onBoth(programOf(f), args);
    const wrong = [...new (wordsOf(type))(expected.buffer as ArrayBuffer)].findIndex((v, i) => v !== new (wordsOf(type))(found.buffer as ArrayBuffer)[i]);
    expect(wrong < 0 ? undefined : { operands: pairs[wrong], expected: new (wordsOf(type))(expected.buffer as ArrayBuffer)[wrong], found: new (wordsOf(type))(found.buffer as ArrayBuffer)[wrong] }).toBeUndefined();
  };

  test.each(BINARY)('arith.%s', (id) => check((a, b) => arith(id, a, b)));
  test.each(COMPARE)('arith.%s', (id) => check((a, b) => arith(id, a, b).select(a, b)));
  test.each(UNARY)('arith.%s', (id) => check((a) => arith(id, a)));
  test.each(COUNTED)('arith.%s', (id) => check((a, b) => arith(id, a, b.to('u32'))));
  test.each(['i32', 'u32', 'f32', 'f16', 'bool', 'i64', 'u64'] as const)('to %s and back', (other) => check((a) => a.to(other).to(type)));

  test('from every float of note, and from 32-bit integers', async () => {
    const floats = Float32Array.from(edges['f32'] as readonly number[]);
    const k = defineKernel('k', { params: { f: 'buffer<f32, read>', out: `buffer<${type}, write>` }, workgroup: 1 }, ({ f, out }, { global: { x } }) => {
      const value = f.load(x);
      out.store(x.mul(3), value.to(type) as never);
      out.store(x.mul(3).add(1), value.to('i32').to(type) as never);
      out.store(x.mul(3).add(2), value.to('u32').to(type) as never);
    });
    const program = defineProgram('p', { f: 'GpuBufferHandle' }, ({ f }) => {
      const out = buffer.alloc(type, floats.length * 3);
      kernel.launch(k, floats.length, { f, out });
      return { out };
    });
    const [expected, found] = await onBoth(program, { f: floats });
    expect(found).toEqual(expected);
  });
});

test('bounds: what is out of them reads as zero and is not written, at any index', async () => {
  const indices = [0, 1, 2, 3, 4, 5, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, 2 ** 32 - 1];
  const k = defineKernel('k', { params: { data: 'buffer<u64, read_write>', out: 'buffer<u64, write>' }, workgroup: 1 }, ({ data, out }) => {
    indices.forEach((at, i) => {
      out.store(i, data.load(at).add(1));
      data.store(at, u64(BigInt(at) << 20n));
    });
    out.store(indices.length, data.length.to('u64'));
    indices.slice(0, 4).forEach((at, i) => out.store(indices.length + 1 + i, data.load(at)));
  });
  const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => {
    const out = buffer.alloc('u64', indices.length + 5);
    kernel.launch(k, 1, { data, out });
    return { out };
  });
  const [expected, found] = await onBoth(program, { data: BigUint64Array.of(7n, 8n, 9n) });
  expect(found).toEqual(expected);
});

test('parameters, constants, branches, loops with ways out, and workgroup memory', async () => {
  const k = defineKernel('k', { params: { out: 'buffer<u64, read_write>', seed: 'u64', least: 'i64' }, workgroup: 4 }, ({ out, seed, least }, { global: { x } }) => {
    const mixed = control.for({ from: u64(2n ** 40n), to: seed.rem(7).add(2n ** 40n + 3n), step: u64(2) }, { a: seed, n: u32(0) }, (i, { a, n }) => {
      control.if(n.gt(2), () => control.break({ a: a.xor(i), n }));
      control.if(a.and(1).eq(0), () => control.continue({ a: a.add(i), n: n.add(1) }));
      return { a: a.mul(3).add(x.to('u64')), n: n.add(1) };
    });
    const down = control.for({ from: least.add(5), to: least, step: -2 }, u64(1), (i, c) => c.mul(i.to('u64').or(1)));
    const most = control.for({ from: u64(2n ** 64n - 3n), to: u64(2n ** 64n - 1n), step: u64(2n ** 63n) }, u64(0), (i, c) => c.add(i));
    const { v } = control.while({ v: mixed.a, left: u64(20) }, ({ v, left }) => v.gt(1000).and(left.ne(0)), ({ v, left }) => ({ v: v.shr(3), left: left.sub(1) }));
    out.store(x, control.if(x.gt(1), () => v.add(down), () => most.add(mixed.n.to('u64'))));
  });
  const program = defineProgram('p', { seed: 'u64', least: 'i64' }, ({ seed, least }) => {
    const out = buffer.alloc('u64', 8);
    kernel.launch(k, 8, { out, seed, least });
    return { out };
  });
  for (const [seed, least] of [[0n, 0n], [123456789012345678n, -9n], [2n ** 64n - 1n, -(2n ** 63n)], [5n, 2n ** 63n - 6n]] as const) {
    const [expected, found] = await onBoth(program, { seed, least });
    expect(found, `${seed}, ${least}`).toEqual(expected);
  }
  const { placement } = await narrow.compile(program);
  expect(placement.ops.find((o) => o.op === 'kernel k')).toMatchObject({ how: 'emulated', reason: expect.stringContaining('pairs') as string });
  expect((await plain.compile(program)).placement.ops.find((o) => o.op === 'kernel k')).toMatchObject({ how: 'native' });
});

test('loops whose step only the run knows: upward, downward, to the ends of the type, and a step of 0 fails', async () => {
  const k = defineKernel('k', { params: { out: 'buffer<u64, read_write>', a: 'u64', b: 'i64' }, workgroup: 1 }, ({ out, a, b }) => {
    const up = control.for({ from: u64(2n ** 64n - 9n), to: u64(2n ** 64n - 1n), step: a }, u64(1), (i, c) => c.mul(31).add(i));
    const either = control.for({ from: i64(0), to: b.mul(5), step: b }, u64(1), (i, c) => c.mul(31).add(i.to('u64')));
    const never = control.for({ from: b.mul(5), to: i64(0), step: b }, u64(1), (i, c) => c.mul(31).add(i.to('u64')));
    const ends = control.for({ from: b.gt(0).select(i64(2n ** 62n), i64(-(2n ** 62n))), to: b.gt(0).select(i64(2n ** 63n - 1n), i64(-(2n ** 63n))), step: b.mul(2n ** 61n) }, u64(1), (i, c) => c.mul(31).add(i.to('u64')));
    [up, either, never, ends].forEach((value, i) => out.store(i, value));
  });
  const program = defineProgram('p', { a: 'u64', b: 'i64' }, ({ a, b }) => {
    const out = buffer.alloc('u64', 4);
    kernel.launch(k, 1, { out, a, b });
    return { out };
  });
  for (const [a, b] of [[1n, 1n], [3n, -1n], [2n ** 63n, 2n], [2n ** 64n - 1n, -3n]] as const) {
    const [expected, found] = await onBoth(program, { a, b });
    expect(found, `${a}, ${b}`).toEqual(expected);
  }
  const codes = await Promise.all([plain, narrow].map(async (s) => (await s.compile(program)).run({ a: 0n, b: 1n }).then(() => 'ran', (e: unknown) => String((e as { code?: unknown }).code))));
  expect(codes[1]).toBe(codes[0]);
  expect(codes[0]).not.toBe('ran');
});

test('vectors and arrays: in registers, in buffers, in workgroup memory, copied and loaded as one', async () => {
  const params = { vs: 'buffer<vec3<i64>, read>', rows: 'buffer<array<u64, 3>, read_write>', out: 'buffer<u64, write>' } as const;
  const k = defineKernel('k', { params, workgroup: 4 }, ({ vs, rows, out }, { local: { x } }) => {
    const shared = buffer.workgroup('vec3<i64>', 8);
    const row = rows.load(x);
    const v = vs.load(x);
    shared.store(x, v.mul(row.at(0).to('i64')));
    buffer.async_copy(shared, 4, vs, 0, 4);
    buffer.async_wait();
    const other = control.uniform_load(shared, 5);
    const folded = control.for({ to: 3 }, { v: shared.load(x.add(4)), row }, (i, c) => ({ v: c.v.with(i, c.v.at(i).add(c.row.at(x).to('i64')).add(7)).swizzle('zxy'), row: c.row.with(i, c.v.at(1).to('u64')) }));
    rows.store(x, folded.row);
    out.store(x, folded.v.dot(other).to('u64'));
    out.store(x.add(4), shared.load(x).reduce('mul').xor(folded.v.reduce('max')).to('u64'));
    out.store(x.add(8), shared.length.to('u64').add(rows.length.to('u64')));
  });
  const program = defineProgram('p', { vs: 'GpuBufferHandle', rows: 'GpuBufferHandle' }, ({ vs, rows }) => {
    const out = buffer.alloc('u64', 16);
    const own = buffer.alloc('u64', 12);
    buffer.copy(rows, own);
    kernel.launch(k, { groups: 1 }, { vs, rows: own, out });
    kernel.launch(k, { groups: 1 }, { vs, rows: own, out });
    return { out };
  });
  const vs = BigInt64Array.from({ length: 12 }, (_, i) => BigInt.asIntN(64, 0x9e3779b97f4a7c15n * BigInt(i + 1)));
  const rows = BigUint64Array.from({ length: 11 }, (_, i) => BigInt.asUintN(64, 0xbf58476d1ce4e5b9n * BigInt(i + 3)));
  const [expected, found] = await onBoth(program, { vs, rows });
  expect(found).toEqual(expected);
});

test.each(['i64', 'u64'] as const)('%s between the lanes of a subgroup', async (type) => {
  const combines = ['add', 'mul', 'min', 'max', 'and', 'or', 'xor'] as const;
  const k = defineKernel('k', { params: { data: `buffer<${type}, read>`, out: `buffer<${type}, write>` }, workgroup: 40 }, ({ data, out }, { local: { x } }) => {
    const value = data.load(x) as unknown as Value<'u64'>;
    const made = [
      subgroup.shuffle(value, x.add(3)), subgroup.shuffle_xor(value, 5), subgroup.shuffle_up(value, 2), subgroup.shuffle_down(value, x.rem(4)), subgroup.broadcast(value, { lane: 6 }),
      ...combines.flatMap((combine) => [subgroup.reduce(value, { combine }), subgroup.inclusive_scan(value, { combine }), subgroup.exclusive_scan(value, { combine })]),
    ];
    made.forEach((v, i) => out.store(x.add(i * 40), v as never));
  });
  const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => {
    const out = buffer.alloc(type, 26 * 40);
    kernel.launch(k, { groups: 1 }, { data, out });
    return { out };
  });
  const [expected, found] = await onBoth(program, { data: wordsOf(type).from(Array.from({ length: 40 }, (_, i) => (type === 'i64' ? BigInt.asIntN : BigInt.asUintN)(64, 0x9e3779b97f4a7c15n * BigInt(i + 1)))) });
  expect(found).toEqual(expected);
});

test.each(Array.from({ length: 40 }, (_, i) => i + 1))('generated kernels: SEED=%i', async (seed) => {
  const generated = randomKernel(seed);
  const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => {
    const out = buffer.alloc('u32', 16);
    buffer.copy(data, out);
    kernel.launch(generated, { groups: 2 }, { data: out, n: seed % 7 });
    return { out };
  });
  const [expected, found] = await onBoth(program, { data: Uint32Array.from({ length: 16 }, (_, i) => Math.imul(i + seed, 0x9e3779b1)) });
  expect(found, print(program)).toEqual(expected);
});

test('an op that has no pairs is a gap, and the kernel stays as its author wrote it', async () => {
  const k = defineKernel('k', { params: { out: 'buffer<u64, read_write>' }, workgroup: 1 }, ({ out }) => void out.atomicAdd(0, 1));
  const program = defineProgram('p', {}, () => kernel.launch(k, 1, { out: buffer.alloc('u64', 1) }));
  await expect(narrow.compile(program)).rejects.toMatchObject({ code: 'plan/not-runnable', problems: expect.arrayContaining([expect.objectContaining({ code: 'plan/type' })]) as unknown });
  expect([...walkOps(k.body.region)].map((op) => opId(k.body, op))).toContain('buffer.atomic_add');
});
