import { Registry, session } from '@sluice/core';
import type { Session } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { wgsl } from '@sluice/wgsl/plugin';
import { describe, expect, inject, test } from 'vitest';
import { openModel } from '../src/index.ts';
import { codeOf, file, ggufFile, loadAll, pattern, safetensors } from './fixture.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly adapters: readonly string[];
  }
}

/*
 * The decoding that kernels are held against: one value at a time, in JavaScript's numbers, which hold every one of these
 * exactly.
 */
function fromF16(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 === 0 ? 1 : -1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

function fromBf16(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 === 0 ? 1 : -1, (bits >> 7) & 255, bits & 127];
  if (exponent === 255) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? (fraction / 128) * 2 ** -126 : (1 + fraction / 128) * 2 ** (exponent - 127));
}

function fromQ8(bytes: Uint8Array): number[] {
  const values: number[] = [];
  for (let at = 0; at < bytes.length; at += 34) {
    const d = fromF16((bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0));
    for (let i = 0; i < 32; i++) values.push(d * (((bytes[at + 2 + i] ?? 0) ^ 128) - 128));
  }
  return values;
}

function fromQ4(bytes: Uint8Array): number[] {
  const values: number[] = [];
  for (let at = 0; at < bytes.length; at += 18) {
    const d = fromF16((bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0));
    const quants = [...bytes.subarray(at + 2, at + 18)];
    values.push(...quants.map((q) => d * ((q % 16) - 8)), ...quants.map((q) => d * (Math.floor(q / 16) - 8)));
  }
  return values;
}

const halves = (bytes: Uint8Array) => [...new Uint16Array(bytes.slice().buffer)];

/** Every one of the 16-bit patterns there are. */
const EVERY = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
/** Blocks with every kind of scale: subnormal, zero of both signs, the largest. Quants are anything. */
function blocks(size: number): Uint8Array<ArrayBuffer> {
  const scales = [0x0001, 0x03ff, 0x8001, 0x0000, 0x8000, 0x0400, 0x3c00, 0xbc01, 0x7bff, 0xfbff, 0x1234, 0x2e66];
  const bytes = pattern(size * (scales.length + 29), size);
  for (let at = 0; at < bytes.length; at += size) {
    const scale = scales[at / size] ?? (bytes[at]! + 256 * bytes[at + 1]!) & 0x3fff;
    bytes.set([scale & 255, scale >> 8], at);
  }
  return bytes;
}

/** The same bits, where NaN is NaN. */
function expectExact(found: Uint8Array<ArrayBuffer>, wanted: readonly number[]): void {
  const values = new Float32Array(found.buffer);
  expect(values.length).toBe(wanted.length);
  const wrong = wanted.findIndex((v, i) => !Object.is(values[i], v));
  expect(wrong, `element ${wrong}: ${values[wrong]}, not ${wanted[wrong]}`).toBe(-1);
}

const RUNS: readonly (readonly [string, (() => Promise<Session>) | string])[] = [
  ['cpu-ref', () => session({ registry: new Registry().with(fs).with(cpuRef), backends: ['fs', 'cpu-ref'] })],
  ...(await Promise.all(inject('adapters').map(async (adapter) => {
    const registry = new Registry().with(fs).with(wgsl({ adapter }));
    const probe = await registry.backends.get('wgsl')?.probe();
    return [`wgsl on ${adapter}`, probe?.available === false ? probe.reason : () => session({ registry, backends: ['fs', 'wgsl'] })] as const;
  }))),
];

describe.each(RUNS)('on %s', (name, opening) => {
  test('every type becomes the f32 that it says it is, bit for bit', async ({ skip }) => {
    if (typeof opening === 'string') return skip(opening);
    await using s = await opening();
    const [q8, q4] = [blocks(34), blocks(18)];
    const odd = EVERY.slice(20_000, 20_006);
    const single = new Uint8Array(Float32Array.of(0.1, -0, Infinity, 1e-45).buffer);
    const tensors = [
      { name: 'f16', type: 1, dimensions: [65536], data: EVERY, wanted: halves(EVERY).map(fromF16) },
      { name: 'bf16', type: 30, dimensions: [256, 256], data: EVERY, wanted: halves(EVERY).map(fromBf16) },
      { name: 'odd.f16', type: 1, dimensions: [3], data: odd, wanted: halves(odd).map(fromF16) },
      { name: 'odd.bf16', type: 30, dimensions: [1, 3], data: odd, wanted: halves(odd).map(fromBf16) },
      { name: 'q8', type: 8, dimensions: [32 * 41], data: q8, wanted: fromQ8(q8) },
      { name: 'q4', type: 2, dimensions: [32, 41], data: q4, wanted: fromQ4(q4) },
      { name: 'f32', type: 0, dimensions: [4], data: single, wanted: [...new Float32Array(single.buffer)] },
      { name: 'none', type: 8, dimensions: [0], data: new Uint8Array(), wanted: [] },
    ];
    await using model = await openModel(s, file('model.gguf', ggufFile([], [...tensors, { name: 'i32', type: 26, dimensions: [2], data: pattern(8) }])));
    const loaded = await loadAll(model, { dtype: 'f32' });
    for (const { name: tensor, wanted } of tensors) {
      const found = loaded.find((l) => l.name === tensor)!;
      expect(found.dtype, tensor).toBe('F32');
      expectExact(found.bytes, wanted);
    }
    // What is no float stays what it is.
    expect(loaded.find((l) => l.name === 'i32')).toEqual({ name: 'i32', dtype: 'I32', bytes: pattern(8) });
  });

  test('tensors arrive where kernels work, as they are', async ({ skip }) => {
    if (typeof opening === 'string') return skip(opening);
    await using s = await opening();
    const tensors = { a: { dtype: 'F32', shape: [5], data: pattern(20) }, b: { dtype: 'U8', shape: [3], data: pattern(3, 2) }, none: { dtype: 'U8', shape: [0], data: new Uint8Array() } };
    await using model = await openModel(s, file('model.safetensors', safetensors(tensors)));
    await using own = await s.buffer(new Uint8Array(4));
    for await (const { tensor, buffer } of model.load()) {
      expect(buffer.space, name).toBe(own.space);
      expect(await buffer.read()).toEqual(tensors[tensor.name as keyof typeof tensors].data);
      await buffer.close();
    }
  });
});

test('a tensor of more than one chunk is converted whole', async () => {
  await using s = await session({ registry: new Registry().with(fs).with(cpuRef), backends: ['fs', 'cpu-ref'] });
  const count = 9 * 2 ** 20 + 3;
  const data = new Uint16Array(count).map((_, i) => (i * 40503) & 0x7eff);
  await using model = await openModel(s, file('large.safetensors', safetensors({ t: { dtype: 'BF16', shape: [count], data: new Uint8Array(data.buffer) } })));
  const [loaded] = await loadAll(model, { dtype: 'f32' });
  const found = new Uint32Array(loaded!.bytes.buffer);
  expect([found.length, data.findIndex((half, i) => found[i] !== half * 65536)]).toEqual([count, -1]);
});

test('types that no kernel converts are all named before anything is read', async () => {
  await using s = await session({ registry: new Registry().with(fs).with(cpuRef), backends: ['fs', 'cpu-ref'] });
  const tensors = { a: { dtype: 'F64', shape: [1], data: pattern(8) }, b: { dtype: 'F32', shape: [1], data: pattern(4) }, c: { dtype: 'F8_E4M3', shape: [2], data: pattern(2) } };
  await using model = await openModel(s, file('model.safetensors', safetensors(tensors)));
  await expect(loadAll(model, { dtype: 'f32' })).rejects.toMatchObject({ code: 'formats/dtype', problems: [{ message: expect.stringMatching(/`a` is F64/) }, { message: expect.stringMatching(/`c` is F8_E4M3/) }] });
  expect(await codeOf(loadAll(model, { dtype: 'f32', names: ['a'] }))).toBe('formats/dtype');
  expect((await loadAll(model, { dtype: 'f32', names: ['b'] })).length).toBe(1);
});
