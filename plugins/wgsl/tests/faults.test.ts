import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Registry, defineKernel } from '@sluice/core';
import { deviceAllocator, readbackAllocator, uploadAllocator } from '../src/device/allocators.ts';
import type { DeviceMemory, WindowMemory } from '../src/device/memory.ts';
import { OpenGpu, openGpu } from '../src/device/open-gpu.ts';
import { transfers } from '../src/device/transfers.ts';
import { TrapStatus } from '../src/device/trap-status.ts';
import { wgsl } from '../src/plugin.ts';
import { ADAPTERS, whyNotOn } from './adapters.ts';

const copy = (from: string, to: string) => transfers.find((t) => t.from === from && t.to === to)!.copy;
const signal = () => new AbortController().signal;

describe.each(ADAPTERS)('on %s', (adapter) => {
  beforeEach(async ({ skip }) => {
    const reason = await whyNotOn(adapter);
    skip(reason !== undefined, reason);
  });
  const open = () => openGpu({ adapter }, undefined);

  test('a window is filled, copied to the device and back, and used again', async () => {
    const gpu = await open();
    const [device, upload, readback] = [deviceAllocator(gpu), uploadAllocator(gpu), readbackAllocator(gpu)];
    for (const length of [1, 5, 1000, 100_003]) {
      const [from, at, to] = [upload.allocate(length, 'any'), device.allocate(length, 'any'), readback.allocate(length, 'any')];
      expect(from.bytes).toHaveLength(Math.max(16, Math.ceil(length / 16) * 16));
      expect(from.bytes!.subarray(length).every((b) => b === 0)).toBe(true);
      from.bytes!.subarray(0, length).forEach((_, i, all) => (all[i] = (i * 7 + length) % 251));
      const expected = from.bytes!.slice(0, length);
      expect(to.bytes).toBeUndefined();
      await copy('webgpu-upload', 'webgpu')(from, at, signal());
      await copy('webgpu', 'webgpu-readback')(at, to, signal());
      expect(to.bytes!.subarray(0, length)).toEqual(expected);
      upload.release(from);
      expect(upload.kept).toBeGreaterThan(0);
      const again = upload.allocate(length, 'zero');
      expect(again.bytes!.every((b) => b === 0)).toBe(true);
      upload.release(again);
      readback.release(to);
      device.release(at);
    }
    for (const allocator of [device, upload, readback]) allocator.close();
    expect([device.kept, upload.kept, readback.kept]).toEqual([0, 0, 0]);
    await gpu.close();
  });

  test('what is released after an allocator is closed is destroyed', async () => {
    const gpu = await open();
    for (const allocator of [deviceAllocator(gpu), uploadAllocator(gpu), readbackAllocator(gpu)]) {
      const memory = allocator.allocate(64, 'any') as DeviceMemory | WindowMemory;
      const destroy = vi.spyOn(memory.block.buffer, 'destroy');
      allocator.close();
      allocator.release(memory);
      expect([allocator.kept, destroy.mock.calls.length], allocator.space).toEqual([0, 1]);
    }
    await gpu.close();
  });

  test('bytes that take a buffer in between which is over the limit are refused', async () => {
    const gpu = await open();
    expect(() => gpu.byteCopy.within(gpu.handleBytes + 1, () => expect.unreachable())).toThrow(expect.objectContaining({ code: 'mem/too-large' }));
    await gpu.close();
  });

  test('a status record that cannot be read fails its launch, and is not used again', async () => {
    const gpu = await open();
    const made = vi.spyOn(gpu.device, 'createBuffer');
    const status = new TrapStatus(gpu, defineKernel('k', { params: {}, workgroup: 1 }, () => {}), { traps: [] });
    await expect(status.around(signal(), () => {})).resolves.toBeUndefined();
    const destroyed = made.mock.results.map(({ value }) => vi.spyOn(value as GPUBuffer, 'destroy'));
    await expect(status.around(signal(), () => gpu.device.destroy())).rejects.toMatchObject({ code: 'wgsl/internal', family: 'run', message: expect.stringContaining('could not be mapped') });
    expect(destroyed.map((d) => d.mock.calls.length)).toEqual([1, 1]);
    // As if it had been lost meanwhile.
    const lost = new TrapStatus(gpu, defineKernel('k', { params: {}, workgroup: 1 }, () => {}), { traps: [] });
    await expect(lost.around(signal(), () => void gpu.device.queue.onSubmittedWorkDone().then(() => gpu.health.lose({ reason: 'unknown', message: 'gone', __brand: 'GPUDeviceLostInfo' })))).rejects.toMatchObject({ code: 'wgsl/device-lost' });
    await gpu.close();
  });

  /** With a device that tells of errors at once, as Dawn does, or taken for one that does not, as browsers are. */
  test.each(['at once', 'through error scopes'] as const)('what WebGPU refuses, told %s, fails those who have a part in it, with its own words', async (told) => {
    const opened = await open();
    const gpu = told === 'at once' ? opened : new OpenGpu(opened.device, opened.traits);
    const scopes = vi.spyOn(gpu.device, 'pushErrorScope');
    const [mine, others] = [signal(), signal()];
    const { buffer } = gpu.createBlock(256, 8);
    gpu.commands.copies(others).clearBuffer(buffer);
    gpu.commands.flush();
    gpu.commands.copies(mine).copyBufferToBuffer(buffer, 0, buffer, 128, 4);
    await expect(gpu.commands.done(others)).resolves.toBeUndefined();
    await expect(gpu.commands.done(mine)).rejects.toMatchObject({ code: 'wgsl/validation', family: 'run', message: expect.stringContaining('[Buffer') });
    expect(scopes.mock.calls.length > 0).toBe(told === 'through error scopes');
    await gpu.close();
  });

  test('what is refused where nobody waits for it is told at the next occasion, or when the device is closed', async () => {
    const gpu = await open();
    gpu.device.createBuffer({ size: 2 ** 50, usage: 8 });
    await gpu.device.queue.onSubmittedWorkDone();
    await expect(gpu.commands.done(signal())).rejects.toMatchObject({ code: 'wgsl/validation' });
    await expect(gpu.commands.done(signal())).resolves.toBeUndefined();
    gpu.device.createBuffer({ size: 2 ** 50, usage: 8 });
    await gpu.device.queue.onSubmittedWorkDone();
    await expect(gpu.close()).rejects.toMatchObject({ code: 'wgsl/validation' });
  });

  test('a device that has no memory for a buffer says so', async (context) => {
    const gpu = await open();
    const held: ReturnType<typeof gpu.createBlock>[] = [];
    // Software devices have so much address space: real ones have less memory.
    for (let i = 0; i < 64 && held.length < 64; i++) held.push(gpu.createBlock(gpu.handleBytes, 128 | 8));
    const mine = signal();
    for (const { buffer } of held) gpu.commands.copies(mine).clearBuffer(buffer, 0, 4);
    const failure = await gpu.commands.done(mine).then(() => undefined, (e: unknown) => e as { code: string; message: string });
    for (const { buffer } of held) buffer.destroy();
    await gpu.close().catch(() => {});
    if (failure === undefined) context.skip('the device has memory for 64 of its largest buffers');
    expect(failure).toMatchObject({ code: 'wgsl/out-of-memory' });
  });

  test('a lost device fails what is under way and what comes, and the next one works', async () => {
    const gpu = await open();
    const device = deviceAllocator(gpu);
    const memory = device.allocate(64, 'zero');
    // As if the driver had been reset: there is no other way to lose a device of Dawn.
    gpu.health.lose({ reason: 'unknown', message: 'the driver was reset', __brand: 'GPUDeviceLostInfo' });
    expect(() => device.allocate(64, 'zero')).toThrow(expect.objectContaining({ code: 'wgsl/device-lost', message: 'the device was lost (unknown): the driver was reset' }));
    const to = { space: 'host', byteLength: 64, bytes: new Uint8Array(64) };
    await expect(copy('webgpu', 'host')(memory, to, signal())).rejects.toMatchObject({ code: 'wgsl/device-lost' });
    await gpu.close();
    const next = await open();
    await expect(next.commands.done(signal())).resolves.toBeUndefined();
    await next.close();
  });
});

test('an adapter that is not there is a reason, with those that are', async ({ skip }) => {
  const none = await whyNotOn(ADAPTERS[0] ?? '');
  skip(none !== undefined, none);
  const probe = await new Registry().with(wgsl({ adapter: 'no such adapter' })).backends.get('wgsl')!.probe();
  expect(probe).toMatchObject({ available: false, reason: expect.stringMatching(/^no adapter is called `no such adapter`: .*Available adapters/) });
});

test('on a machine with no adapter the probe says what is missing, and what to do', async () => {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const outDir = join(here, '../dist-tests');
  // Beside the sources, so that the bundle finds Dawn.
  await build({
    entry: [join(here, 'probe-process.ts')], outDir, config: false, silent: true, format: 'esm', target: 'node20', noExternal: [/^@sluice\//],
    outExtension: () => ({ js: '.mjs' }),
    esbuildOptions: (options) => void (options.conditions = ['@sluice/source']),
  });
  const { LD_LIBRARY_PATH: _, VK_ICD_FILENAMES: __, VK_ADD_DRIVER_FILES: ___, ...env } = process.env;
  try {
    const out = execFileSync(process.execPath, [join(outDir, 'probe-process.mjs')], { env: { ...env, VK_DRIVER_FILES: '/nonexistent' }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    expect(JSON.parse(out)).toMatchObject({ available: false, reason: expect.stringContaining('Dawn finds no adapter'), fix: expect.stringContaining('install a graphics driver') });
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
});

test('options that mean nothing are refused, and so is an environment that does', async () => {
  expect(() => wgsl({ adapter: '' })).toThrow(expect.objectContaining({ code: 'session/option' }));
  expect(() => wgsl({ without: ['shader-f64'] as never })).toThrow(expect.objectContaining({ code: 'session/option' }));
  process.env['SLUICE_WGSL_POWER'] = 'much';
  try {
    expect(await new Registry().with(wgsl()).backends.get('wgsl')!.probe()).toMatchObject({ available: false, reason: 'the environment variable SLUICE_WGSL_POWER is "much"' });
  } finally {
    delete process.env['SLUICE_WGSL_POWER'];
  }
});
