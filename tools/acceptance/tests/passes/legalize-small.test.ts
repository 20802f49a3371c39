import { Registry, buffer, control, defineKernel, defineProgram, kernel, session, u32 } from '@sluice/core';
import type { Program, Session, Value } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { afterAll, beforeAll, expect, test } from 'vitest';

/* The reference without its 8- and 16-bit elements, against the reference as it is. */

const TYPES = ['u8', 'i8', 'u16', 'i16', 'bf16'] as const;
let plain: Session;
let words: Session;
beforeAll(async () => {
  const registry = new Registry().with(cpuRef);
  [plain, words] = await Promise.all([session({ registry, backends: ['cpu-ref'] }), session({ registry, backends: ['cpu-ref'], masks: { 'cpu-ref': { types: TYPES } } })]);
});
afterAll(async () => {
  await Promise.all([plain.close(), words.close()]);
});

async function same(program: Program<Readonly<Record<string, 'GpuBufferHandle'>>, { readonly out: Value<'GpuBufferHandle'> }>, args: Readonly<Record<string, ArrayBufferView>>): Promise<Uint8Array> {
  const [expected, found] = await Promise.all([plain, words].map(async (s) => {
    const { results } = await (await s.compile(program)).run(args);
    return results.out.read();
  }));
  expect(found).toEqual(expected);
  const cells = await Promise.all([plain, words].map(async (s) => (await s.compile(program)).placement.ops.find((o) => o.op.startsWith('kernel '))?.how));
  expect(cells).toEqual(['native', 'emulated']);
  return expected as Uint8Array;
}

const VALUES = { u8: 3, i8: -3, u16: 40000, i16: -20000, bf16: 0.1 };

test.each(TYPES)('%s: loads, stores that wrap or round, neighbours, lengths, and what is out of bounds', async (type) => {
  const params = { from: `buffer<${type}, read>`, to: `buffer<${type}, write>`, both: `buffer<${type}, read_write>` } as const;
  const k = defineKernel('k', { params, workgroup: 4 }, ({ from, to, both }, { global: { x } }) => {
    const value = from.load(x) as unknown as Value<'u32'>;
    to.store(x, value.mul(value).add(VALUES[type]) as never);
    // Every third element, by another invocation than its neighbours.
    control.if(x.rem(3).eq(0), () => both.store(x, value.add(from.load(x.add(1)) as never) as never));
    to.store(to.length.add(x), value as never);
    control.if(x.eq(0), () => both.store(1, from.length.to((type === 'bf16' ? 'f32' : type.startsWith('i') ? 'i32' : 'u32') as 'u32') as never));
    to.store(0xfffffff0, value as never);
  });
  for (const bytes of [13, 16, 6, 2]) {
    const program = defineProgram('p', { from: 'GpuBufferHandle' }, ({ from }) => {
      const [to, both, out] = [buffer.alloc('u8', bytes + 5), buffer.alloc('u8', 16), buffer.alloc('u8', 64)];
      buffer.fill(both, u32(0x3f8041));
      kernel.launch(k, 16, { from, to, both });
      buffer.copy(to, buffer.slice(out, 0, 32));
      buffer.copy(both, buffer.slice(out, 32, 16));
      return { out };
    });
    const seen = await same(program, { from: Uint8Array.from({ length: bytes }, (_, i) => (i * 89 + 61) & 255) });
    expect(seen.some((b) => b !== 0)).toBe(true);
  }
});

test('every bf16 that a float rounds to, NaN and infinities among them', async () => {
  const floats = Float32Array.from([0, -0, 1, -1, 0.1, 1 / 3, NaN, Infinity, -Infinity, 3.4028234663852886e38, 3.3895313892515355e38, 3.3961775292304601e38, 1.401298464324817e-45, 1.00390625, 1.01171875, 65280.5, -1.1754943508222875e-38]);
  const k = defineKernel('k', { params: { f: 'buffer<f32, read>', to: 'buffer<bf16, write>', back: 'buffer<f32, write>' }, workgroup: 1 }, ({ f, to }, { global: { x } }) => to.store(x, f.load(x)));
  const back = defineKernel('back', { params: { from: 'buffer<bf16, read>', to: 'buffer<f32, write>' }, workgroup: 1 }, ({ from, to }, { global: { x } }) => to.store(x, from.load(x)));
  const program = defineProgram('p', { f: 'GpuBufferHandle' }, ({ f }) => {
    const [small, out] = [buffer.alloc('u16', floats.length), buffer.alloc('f32', floats.length)];
    kernel.launch(k, floats.length, { f, to: small, back: out });
    kernel.launch(back, floats.length, { from: small, to: out });
    return { out };
  });
  await same(program, { f: floats });
});
