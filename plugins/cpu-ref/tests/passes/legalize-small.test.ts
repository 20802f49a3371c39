import { Registry, buffer, control, defineKernel, defineProgram, kernel, session } from '@sluice/core';
import type { Session, Value } from '@sluice/core';
import { cpuRef as withOptions, plugin as cpuRef } from '../../src/plugin.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

/*
 * Memory of elements of 8 and 16 bits, on the reference as it is and on one that has none, where what runs is what
 * legalising made: the same bits.
 */
const SMALL = ['i8', 'u8', 'i16', 'u16', 'bf16'] as const;
const registry = new Registry().with(cpuRef);
let plain: Session;
let narrow: Session;
beforeAll(async () => {
  [plain, narrow] = await Promise.all([session({ registry, backends: ['cpu-ref'] }), session({ registry, backends: ['cpu-ref'], masks: { 'cpu-ref': { types: SMALL } } })]);
});
afterAll(() => Promise.all([plain.close(), narrow.close()]));

const SIZE = 13;
const data = Float32Array.from({ length: SIZE }, (_, i) => [0, -0, 1.5, 255, 256, -1, 300.75, 65535, 65536, -32769, NaN, 3.4e38, 1e-40][i] as number);

/** Elements that invocations of a workgroup store side by side, in words that they share; then read, copied, and read as one. */
function programOf(element: (typeof SMALL)[number]) {
  const to = (v: Value<'f32'>) => (element === 'bf16' ? v : v.to(element.startsWith('u') ? 'u32' : 'i32')) as never;
  const k = defineKernel('k', { params: { data: 'buffer<f32, read>', bytes: `buffer<${element}, read_write>`, out: 'buffer<f32, write>' }, workgroup: SIZE }, ({ data: from, bytes, out }, { local: { x } }) => {
    const shared = buffer.workgroup(element, 2 * SIZE + 1);
    out.store(x, (shared.load(x.add(3)) as Value<'u32'>).to('f32'));
    control.barrier();
    shared.store(x, to(from.load(x)));
    shared.store(x.add(2 * SIZE + 1), to(from.load(x)));
    control.barrier();
    out.store(x.add(SIZE), (shared.load(x.add(1).rem(SIZE)) as Value<'u32'>).to('f32'));
    // Up to the end: a loop over all of the count would not end for hours.
    buffer.async_copy(shared, SIZE, bytes, 1, 0xffffffff);
    buffer.async_wait();
    out.store(x.add(2 * SIZE), (shared.load(x.add(SIZE)) as Value<'u32'>).to('f32'));
    out.store(x.add(3 * SIZE), (control.uniform_load(shared, 5) as Value<'u32'>).to('f32'));
    bytes.store(x, shared.load(x) as never);
    out.store(x.add(4 * SIZE), shared.length.add(bytes.length).to('f32'));
  });
  return defineProgram('p', { data: 'GpuBufferHandle', bytes: 'GpuBufferHandle' }, ({ data: from, bytes }) => {
    const [out, own] = [buffer.alloc('f32', 5 * SIZE), buffer.alloc('u8', 30)];
    buffer.copy(bytes, own);
    kernel.launch(k, { groups: 1 }, { data: from, bytes: own, out });
    return { out, own };
  });
}

const args = { data, bytes: Uint8Array.from({ length: 30 }, (_, i) => i * 37) };

async function results(s: Session, element: (typeof SMALL)[number]): Promise<readonly Uint8Array[]> {
  const { results: made } = await (await s.compile(programOf(element))).run(args);
  return Promise.all([made.out.read(), made.own.read()]);
}

test.each(SMALL)('%s in workgroup memory and in buffers', async (element) => {
  const [out, own] = await results(plain, element);
  expect(await results(narrow, element)).toEqual([out, own]);
  const floats = new Float32Array((out as Uint8Array).slice().buffer);
  expect([...floats.subarray(0, SIZE)], 'zero at the start').toEqual(new Array(SIZE).fill(0));
  expect(floats[SIZE + 1], 'what the neighbour stored').toBe(element === 'bf16' ? 1.5 : 1);
  expect(floats[SIZE + 3], 'converted on the store').toBe({ i8: 0, u8: 0, i16: 256, u16: 256, bf16: 256 }[element]);
  expect((await narrow.compile(programOf(element))).placement.ops.find((o) => o.op === 'kernel k')).toMatchObject({ how: 'emulated' });
});

test.each(SMALL)('%s: no race between stores to different elements', async (element) => {
  const watched = new Registry().with(withOptions({ detect: ['races'] }));
  for (const masks of [{}, { 'cpu-ref': { types: SMALL } }]) {
    const s = await session({ registry: watched, backends: ['cpu-ref'], masks });
    await expect((await s.compile(programOf(element))).run(args), JSON.stringify(masks)).resolves.toBeDefined();
    await s.close();
  }
});
