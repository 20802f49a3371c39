import { Registry, buffer, control, decodeF16, defineKernel, defineProgram, f16, functionsOf, dialects, kernel, session, subgroup } from '@sluice/core';
import type { Session, Value } from '@sluice/core';
import { plugin as cpuRef } from '../../src/plugin.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

/* The reference with its f16 switched off computes it in f32: the results are those of the reference as it is, bit for bit. */
const registry = new Registry().with(cpuRef);
let plain: Session;
let narrow: Session;
beforeAll(async () => {
  [plain, narrow] = await Promise.all([session({ registry, backends: ['cpu-ref'] }), session({ registry, backends: ['cpu-ref'], masks: { 'cpu-ref': { types: ['f16', 'u16'] } } })]);
});
afterAll(() => Promise.all([plain.close(), narrow.close()]));

type Made = Parameters<Session['compile']>[0];
async function both(program: unknown, args: Readonly<Record<string, unknown>>): Promise<readonly [Uint8Array, Uint8Array]> {
  const ran = [plain, narrow].map(async (s) => {
    const { results } = await (await s.compile(program as Made)).run(args as never);
    return (results as unknown as { readonly out: { read(): Promise<Uint8Array> } }).out.read();
  });
  return (await Promise.all(ran)) as unknown as readonly [Uint8Array, Uint8Array];
}

const COUNT = 1 << 16;
const every = Uint16Array.from({ length: COUNT }, (_, i) => i);
/** Each f16 meets another one: all of them, by a permutation, and the others of note at the start. */
const others = every.map((i) => (Math.imul(i, 40503) + 12345) & 0xffff);
[0, 0x8000, 1, 0x3ff, 0x400, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x7e00].forEach((bits, i) => others.fill(bits, i * 64, i * 64 + 64));

type F = Value<'f16'>;
const arith = functionsOf(dialects.find((d) => d.id === 'arith') as (typeof dialects)[number]) as unknown as Readonly<Record<string, (...args: readonly unknown[]) => F>>;
const math = functionsOf(dialects.find((d) => d.id === 'math') as (typeof dialects)[number]) as unknown as Readonly<Record<string, (...args: readonly unknown[]) => F>>;
const OPS: Readonly<Record<string, (a: F, b: F) => F>> = {
  ...Object.fromEntries(['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'abs_diff'].map((id) => [id, (a: F, b: F) => arith[id]!(a, b)])),
  ...Object.fromEntries(['sqrt', 'reciprocal', 'floor', 'ceil', 'round', 'trunc', 'fract', 'sign'].map((id) => [id, (a: F) => math[id]!(a)])),
  neg: (a) => a.neg(), abs: (a) => a.abs(),
  fma: (a, b) => a.fma(b, a.sub(b)), 'fma with itself': (a, b) => b.fma(a, a),
  compared: (a, b) => a.lt(b).select(a, b.ge(a).select(f16(1), f16(2))),
  'to u32 and back': (a) => a.to('u32').to('f16'), 'to i32 and back': (a, b) => a.mul(b).to('i32').to('f16'), 'of a product in f32': (a, b) => a.to('f32').mul(b.to('f32')).to('f16'),
  'of a finer f32': (a, b) => a.to('f32').add(b.to('f32').mul(2 ** -12)).to('f16'),
};

test.each(Object.keys(OPS))('%s, on every f16', async (name) => {
  const k = defineKernel('k', { params: { a: 'buffer<f16, read>', b: 'buffer<f16, read>', out: 'buffer<f16, write>' }, workgroup: 64 }, ({ a, b, out }, { global: { x } }) => out.store(x, OPS[name]!(a.load(x), b.load(x))));
  const program = defineProgram('p', { a: 'GpuBufferHandle', b: 'GpuBufferHandle' }, ({ a, b }) => {
    const out = buffer.alloc('f16', COUNT);
    kernel.launch(k, COUNT, { a, b, out });
    return { out };
  });
  const [expected, found] = (await both(program, { a: every, b: others })).map((bytes) => new Uint16Array(bytes.slice().buffer)) as [Uint16Array, Uint16Array];
  const wrong = expected.findIndex((v, i) => v !== found[i]);
  expect(wrong < 0 ? undefined : { a: decodeF16(every[wrong]!), b: decodeF16(others[wrong]!), expected: decodeF16(expected[wrong]!), found: decodeF16(found[wrong]!) }).toBeUndefined();
});

test('vectors, arrays, parameters, branches, workgroup memory, copies, packing, and lanes of a subgroup', async () => {
  const params = { vs: 'buffer<vec4<f16>, read>', rows: 'buffer<array<f16, 3>, read_write>', out: 'buffer<f16, write>', scale: 'f16' } as const;
  const k = defineKernel('k', { params, workgroup: 4 }, ({ vs, rows, out, scale }, { local: { x } }) => {
    const [shared, halves] = [buffer.workgroup('vec4<f16>', 8), buffer.workgroup('f16', 9)];
    const [v, row] = [vs.load(x), rows.load(x)];
    shared.store(x, v.mul(scale));
    halves.store(x, v.y);
    buffer.async_copy(shared, 4, vs, 0, 4);
    buffer.async_wait();
    const other = control.uniform_load(shared, 5);
    const mixed = control.if(x.gt(1), () => row.with(x, scale), () => row.with(1, v.dot(other)));
    rows.store(x, mixed);
    const values = [mixed.at(0), mixed.at(1), mixed.at(2), v.swizzle('wzyx').reduce('add'), v.reduce('max'), halves.load(x.add(1).rem(4)), subgroup.shuffle_up(v.x, 1), subgroup.reduce(v.z, { combine: 'min' }), shared.load(x.add(4)).w];
    values.forEach((value, i) => out.store(x.add(i * 4), value));
    const packed = (arith as unknown as { pack2xf16(v: unknown): Value<'u32'>; unpack2xf16(v: unknown): Value<'vec2<f16>'> });
    out.store(x.add(values.length * 4), packed.unpack2xf16(packed.pack2xf16(v.swizzle('zy'))).y);
  });
  const program = defineProgram('p', { vs: 'GpuBufferHandle', rows: 'GpuBufferHandle', scale: 'f32' }, ({ vs, rows, scale }) => {
    const [out, own] = [buffer.alloc('f16', 40), buffer.alloc('f16', 12)];
    buffer.copy(rows, own);
    for (let i = 0; i < 2; i++) kernel.launch(k, { groups: 1 }, { vs, rows: own, out, scale: scale.to('f16') });
    return { out };
  });
  const halves = (count: number, seed: number) => Uint16Array.from({ length: count }, (_, i) => 0x3000 + (Math.imul(i + seed, 7919) & 0x17ff));
  const [expected, found] = await both(program, { vs: halves(16, 1), rows: halves(12, 5), scale: 1.37 });
  expect(found).toEqual(expected);
  const place = (await narrow.compile(program)).placement.ops.find((o) => o.op === 'kernel k');
  expect(place).toMatchObject({ how: 'emulated', reason: expect.stringContaining('f32') as string });
});
