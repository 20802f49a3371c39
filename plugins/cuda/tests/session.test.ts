// The backend on a fake libcuda: what a session sees of device memory, windows, copies and faults.
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { Registry, buffer, defineProgram, session, u32 } from '@sluice/core';
import type { SessionOptions } from '@sluice/core';
import { CudaDevice } from '../src/cuda-device.ts';
import { loadNative } from '../src/native.ts';
import { cuda } from '../src/plugin.ts';
import { loadFake } from './fake.ts';

const loaded = loadFake('libcuda.so.1');
const addon = loadNative();
const unavailable = typeof loaded === 'string' ? loaded : 'native' in addon ? undefined : addon.reason;
const fake = loaded as Exclude<typeof loaded, string>;
beforeEach(({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  fake.reset();
});

const registry = new Registry().with(cuda());
const open = (options: SessionOptions = {}) => session({ registry, backends: ['cuda'], space: 'cuda', ...options });
/** What is left of contexts, memory, registrations, streams and events. */
const left = () => Object.fromEntries(['contexts', 'device bytes', 'registered', 'streams', 'events'].map((name) => [name, fake.state()[name] ?? 0]));
const NOTHING = { contexts: 0, 'device bytes': 0, registered: 0, streams: 0, events: 0 };

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 13);

const fill = defineProgram('fill', { input: 'GpuBufferHandle' }, ({ input }) => {
  const zeros = buffer.alloc('u8', 37);
  const ones = buffer.alloc('u8', 21);
  buffer.fill(ones, u32(0x04030201));
  const copy = buffer.alloc('u8', input.byteLength);
  buffer.copy(input, copy);
  buffer.copy(buffer.slice(input, 5, 10), buffer.slice(copy, 3, 10));
  return { zeros, ones, copy };
});

test('bytes go to the device, within it and back; all of it is given back in the end', async () => {
  const s = await open();
  const executable = await s.compile(fill);
  expect(executable.placement.space).toBe('cuda');
  const input = bytesOf(1001);
  const expected = input.slice();
  expected.set(input.subarray(5, 15), 3);
  for (let round = 0; round < 3; round++) {
    const { results, report } = await executable.run({ input });
    expect(await results.zeros.read()).toEqual(new Uint8Array(37));
    expect(await results.ones.read()).toEqual(Uint8Array.from({ length: 21 }, (_, i) => (i % 4) + 1));
    expect(await results.copy.read()).toEqual(expected);
    expect(report.bytes.bounced).toBe(0n);
    for (const made of Object.values(results)) await made.close();
  }
  const empty = await s.buffer(new Uint8Array(0));
  expect(empty.space).toBe('cuda');
  expect(await empty.read()).toEqual(new Uint8Array(0));
  await s.close();
  expect(left()).toEqual(NOTHING);
});

test('memory is reused, and shows nothing of what was in it', async () => {
  await using s = await open();
  const first = await s.buffer(new Uint8Array(5000).fill(7));
  await first.close();
  const allocations = fake.state()['calls cuMemAlloc_v2'];
  const zeros = await s.compile(defineProgram('zeros', {}, () => ({ zeros: buffer.alloc('u8', 4999) })));
  const { results } = await zeros.run({});
  expect(await results.zeros.read()).toEqual(new Uint8Array(4999));
  expect(fake.state()['calls cuMemAlloc_v2']).toBe(allocations);
});

test('two sessions share a device; the second device is another one', async () => {
  const [a, b] = [await open(), await open()];
  await (await a.buffer(bytesOf(10))).read();
  await (await b.buffer(bytesOf(10))).read();
  expect(left()).toMatchObject({ contexts: 1, streams: 2 });
  await a.close();
  expect(left()).toMatchObject({ contexts: 1 });
  await b.close();
  const second = await session({ registry: new Registry().with(cuda({ device: 'GPU-10111213' })), backends: ['cuda'] });
  const held = await second.buffer(bytesOf(10));
  expect(await held.read()).toEqual(bytesOf(10));
  await second.close();
  expect(left()).toEqual(NOTHING);
});

test('a device that is out of memory says so; what is kept for reuse goes first', async () => {
  fake.set('memory', 64 * 2 ** 20);
  await using s = await open();
  const half = await s.buffer(new Uint8Array(40 * 2 ** 20));
  await expect(s.buffer(new Uint8Array(30 * 2 ** 20))).rejects.toMatchObject({ code: 'cuda/out-of-memory', message: expect.stringMatching(/^allocating \d+ bytes on Fake 0 failed: CUDA_ERROR_OUT_OF_MEMORY, out of memory$/) as string });
  await half.close();
  await (await s.buffer(new Uint8Array(50 * 2 ** 20))).close();
});

test('memory that cannot be pinned, and a call that the driver refuses, fail what needs them and no more', async () => {
  await using s = await open();
  fake.fail('cuMemHostRegister_v2', 801, 0, false);
  await expect(s.buffer(bytesOf(100))).rejects.toMatchObject({ code: 'cuda/pinning', details: { result: 'CUDA_ERROR_NOT_SUPPORTED' } });
  fake.fail('cuMemcpyAsync', 1, 0, false);
  await expect(s.buffer(bytesOf(100))).rejects.toMatchObject({ code: 'cuda/failed' });
  fake.fail('cuMemsetD8Async', 1, 0, false);
  const zeros = await s.compile(defineProgram('zeros', {}, () => ({ zeros: buffer.alloc('u8', 16) })));
  const { results } = await zeros.run({});
  await expect(results.zeros.read()).rejects.toMatchObject({ code: 'cuda/failed' });
  expect(await (await s.buffer(bytesOf(100))).read()).toEqual(bytesOf(100));
});

test('after a sticky error everything fails with it, and the session closes cleanly', async () => {
  for (const call of ['cuMemcpyAsync', 'cuEventSynchronize', 'cuMemAlloc_v2', 'cuEventRecord']) {
    fake.reset();
    const s = await open();
    const before = await s.buffer(bytesOf(100));
    fake.fail(call, 719, 0, true);
    await expect(s.buffer(bytesOf(5000)), call).rejects.toMatchObject({ code: 'cuda/device-lost', message: 'Fake 0 is lost: CUDA_ERROR_LAUNCH_FAILED, what the fake says', fix: expect.stringContaining('Xid') as string });
    await expect(before.read(), call).rejects.toMatchObject({ code: 'cuda/device-lost' });
    // One that opens meanwhile has the same context.
    await expect(open().then((other) => other.buffer(bytesOf(1))), call).rejects.toMatchObject({ code: 'cuda/device-lost' });
    await s.close();
  }
});

test('a device that is gone when it is opened, or whose context cannot be had, is an error with a code', async () => {
  const s = await open();
  fake.set('devices', 0);
  await expect(s.buffer(bytesOf(1))).rejects.toMatchObject({ code: 'cuda/no-device' });
  fake.reset();
  fake.fail('cuDevicePrimaryCtxRetain', 2, 0, false);
  await expect(s.buffer(bytesOf(1))).rejects.toMatchObject({ code: 'backend/open-failed', message: 'Fake 0 could not be opened: CUDA_ERROR_OUT_OF_MEMORY, out of memory' });
  fake.fail('cuStreamCreate', 2, 1, false);
  await expect(s.buffer(bytesOf(1))).rejects.toMatchObject({ code: 'backend/open-failed' });
  expect(left()).toEqual(NOTHING);
  expect(await (await s.buffer(bytesOf(1))).read()).toEqual(bytesOf(1));
  await s.close();
  expect(left()).toEqual(NOTHING);
});

test('the pages of a file are mapped shared and read-only, for the device to read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cuda-'));
  const path = join(folder, 'file');
  const content = bytesOf(10_001);
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  const device = CudaDevice.acquire({});
  try {
    const map = await device.map(fd, 4096n, content.length - 4096);
    const shown = new Uint8Array(content.length - 4100);
    await device.copy({ place: shown.buffer, at: 0 }, { place: map.id, at: 4 }, shown.length, true);
    expect(shown).toEqual(content.subarray(4100));
    await expect(device.copy({ place: shown.buffer, at: 0 }, { place: map.id, at: 5 }, content.length - 4096, true)).rejects.toThrow(/outside of the memory/);
    device.free(map);
    await expect(device.map(-1, 0n, 4096)).rejects.toThrow(/EBADF/);
    fake.fail('cuMemHostGetDevicePointer_v2', 1, 0, false);
    await expect(device.map(fd, 0n, 4096)).rejects.toThrow(/CUDA_ERROR_INVALID_VALUE/);
    expect(left()).toMatchObject({ registered: 0 });
  } finally {
    closeSync(fd);
    device.release();
    rmSync(folder, { recursive: true });
  }
});
