// Streams of each storage backend through kernels of the reference.
import { mkdtempSync, openSync, closeSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry, Timeline, buffer, defineKernel, defineProgram, fd, io, isSluiceError, kernel, session } from '@sluice/core';
import type { Session, SessionOptions, TraceEvent } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { plugin as ioUring } from '@sluice/io-uring/plugin';
import { wgsl } from '@sluice/wgsl/plugin';
import { afterAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import { whyNotWebgpu } from './backends.ts';

const MiB = 2 ** 20;
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-streams-')));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

const plugins = { fs, 'io-uring': ioUring } as const;

const flip = defineKernel('flip', { params: { data: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ data }, { global: { x } }) => {
  data.store(x, data.load(x).not());
});
/** Every bit of a file, turned over, into another file and into the application's hands. */
const flipped = defineProgram('flipped', { input: fd('r'), output: fd('w'), offset: 'u64', length: 'u64' }, ({ input, output, offset, length }) => {
  const data = io.dma_from_nvme(input, offset, length);
  kernel.launch(flip, length.add(3).div(4), { data });
  io.write_back_to_nvme(data, output, offset);
  return { data };
});
const PAGE = 4096;
/** The greatest first byte of a page. */
const peak = defineKernel('peak', { params: { data: 'buffer<u8, read>', most: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ data, most }, { global: { x } }) => {
  most.atomicMax(0, data.load(x.mul(PAGE)));
});
const peaks = defineProgram('peaks', { input: fd('r'), offset: 'u64', length: 'u64' }, ({ input, offset, length }) => {
  const most = buffer.alloc('u32', 1);
  kernel.launch(peak, length.div(PAGE), { data: io.dma_from_nvme(input, offset, length), most });
  return { most };
});

function randomBytes(length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let x = 1;
  for (let i = 0; i < words.length; i++) words[i] = x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
  return new Uint8Array(words.buffer, 0, length);
}

function memoryUsed(s: Session): number {
  return (s as unknown as { toJSON(): { memory: { used: number } } }).toJSON().memory.used;
}

describe.each(['fs', 'io-uring'] as const)('streams on %s', (id) => {
  const registry = new Registry().with(plugins[id]).with(cpuRef);
  beforeEach(async ({ skip }) => {
    const probe = await registry.backends.get(id)?.probe();
    skip(probe?.available === false, probe?.available === false ? probe.reason : '');
  });

  async function open(options: SessionOptions = {}): Promise<Session> {
    const s = await session({ registry, backends: [id, 'cpu-ref'], ...options });
    onTestFinished(async () => {
      expect(memoryUsed(s)).toBe(0);
      await s.close();
    });
    return s;
  }

  test('results and the file that is written are right to the byte, in order, and no more is held than the window', async () => {
    const [chunk, window] = [64 * 1024, 3];
    const bytes = randomBytes(20 * chunk + 777);
    writeFileSync(path('in'), bytes);
    const s = await open();
    const [input, output] = [await s.grant(path('in')), await s.grant(path('out'), { rights: 'w', create: 'truncate' })];
    const trace = new Timeline();
    const parts: Uint8Array[] = [];
    let most = 0;
    for await (const { results, index } of s.stream(flipped, { input, output }, { over: input, chunk, window, trace })) {
      expect(index).toBe(parts.length);
      parts.push(await results.data.read());
      most = Math.max(most, memoryUsed(s));
    }
    const expected = bytes.map((b) => ~b);
    expect(Buffer.compare(Buffer.concat(parts), expected)).toBe(0);
    expect(Buffer.compare(readFileSync(path('out')), expected)).toBe(0);
    expect(most).toBeLessThanOrEqual(window * chunk);
    const runs = trace.events.filter((e) => e.kind === 'run');
    const atOnce = (at: TraceEvent) => runs.filter((r) => r.start <= at.start && at.start < r.end).length;
    expect(Math.max(...runs.map(atOnce))).toBeLessThanOrEqual(window);
    expect(trace.events.filter((e) => e.name === 'sync')).toHaveLength(1);
    await Promise.all([input.close(), output.close()]);
  });

  test('part of a sparse file of 20 GiB, in constant memory', async () => {
    const chunk = 8 * MiB;
    writeFileSync(path('sparse'), '');
    truncateSync(path('sparse'), 20 * 2 ** 30);
    const marks = new Map([[0, 7], [3, 9], [64, 200], [100, 255]]);
    const descriptor = openSync(path('sparse'), 'r+');
    for (const [index, value] of marks) writeSync(descriptor, Uint8Array.of(value), 0, 1, index * chunk + 17 * PAGE);
    closeSync(descriptor);
    const s = await open({ memory: 5 * chunk });
    const input = await s.grant(path('sparse'));
    expect(input.byteLength).toBe(20n * 2n ** 30n);
    let seen = 0;
    for await (const { results, index, length } of s.stream(peaks, { input }, { over: input, chunk, window: 4 })) {
      expect([index, length]).toEqual([seen++, chunk]);
      expect(new Uint32Array((await results.most.read()).buffer)[0]).toBe(marks.get(index) ?? 0);
      if (seen === 104) break;
    }
    expect(seen).toBe(104);
    await input.close();
  }, 60_000);

  test('an abort in the middle', async () => {
    const s = await open();
    writeFileSync(path('long'), new Uint8Array(4 * MiB));
    const [input, output] = [await s.grant(path('long')), await s.grant(path('aborted'), { rights: 'w', create: 'truncate' })];
    const controller = new AbortController();
    const reason = { why: 'enough' };
    let items = 0;
    const ended = (async () => {
      for await (const _ of s.stream(flipped, { input, output }, { over: input, chunk: PAGE, signal: controller.signal })) if (++items === 20) controller.abort(reason);
    })().then(() => undefined, (e: unknown) => e);
    expect(await ended).toBe(reason);
    expect([items, memoryUsed(s)]).toEqual([20, 0]);
    await Promise.all([input.close(), output.close()]);
  });

  test('a file that ends too soon ends the stream with that, behind what was there', async () => {
    const s = await open();
    writeFileSync(path('shrinks'), new Uint8Array(100 * PAGE));
    const [input, output] = [await s.grant(path('shrinks')), await s.grant(path('short'), { rights: 'w', create: 'truncate' })];
    truncateSync(path('shrinks'), 50 * PAGE);
    let items = 0;
    const error: unknown = await (async () => {
      for await (const _ of s.stream(flipped, { input, output }, { over: input, chunk: PAGE })) items++;
    })().catch((e: unknown) => e);
    expect(isSluiceError(error) && error.code).toBe('io/short-read');
    expect([items, memoryUsed(s), readFileSync(path('short')).length]).toEqual([50, 0, 50 * PAGE]);
    await Promise.all([input.close(), output.close()]);
  });

  test('from a Web Stream, through a file, to a Web Stream', async () => {
    const s = await open();
    const bytes = randomBytes(300_000);
    const output = await s.grant(path('through'), { rights: 'w', create: 'truncate' });
    const store = defineProgram('store', { output: fd('w'), data: 'GpuBufferHandle', offset: 'u64' }, ({ output: to, data, offset }) => {
      io.write_back_to_nvme(data, to, offset);
      return { data };
    });
    const source = new Blob([bytes]).stream();
    const back = await new Response(s.stream(store, { output }, { over: source, chunk: 10_000 }).readable('data')).arrayBuffer();
    expect(Buffer.compare(new Uint8Array(back), bytes)).toBe(0);
    expect(Buffer.compare(readFileSync(path('through')), bytes)).toBe(0);
    await output.close();
  });
});

test.for(inject('adapters'))('a stream through WebGPU on %s is right to the byte, and its trace has the copies to and from the device', async (adapter, { skip }) => {
  const reason = await whyNotWebgpu(adapter);
  skip(reason !== undefined, reason);
  const s = await session({ registry: new Registry().with(fs).with(wgsl({ adapter })), backends: ['fs', 'wgsl'] });
  try {
    const chunk = 16 * 1024;
    const bytes = randomBytes(7 * chunk + 40);
    writeFileSync(path('in'), bytes);
    const [input, output] = [await s.grant(path('in')), await s.grant(path('out'), { rights: 'w', create: 'truncate' })];
    const trace = new Timeline();
    const parts: Uint8Array[] = [];
    for await (const { results } of s.stream(flipped, { input, output }, { over: input, chunk, trace })) parts.push(await results.data.read());
    const expected = bytes.map((b) => ~b);
    expect(Buffer.compare(Buffer.concat(parts), expected)).toBe(0);
    expect(Buffer.compare(readFileSync(path('out')), expected)).toBe(0);
    expect(memoryUsed(s)).toBe(0);
    const of = (kind: TraceEvent['kind']) => trace.events.filter((e) => e.kind === kind);
    expect([of('launch').length, of('copy').length]).toEqual([8, 16]);
    expect(new Set(of('copy').map((e) => `${e.name} ${e.from} > ${e.to}`))).toEqual(new Set(['copy webgpu-upload > webgpu', 'copy webgpu > webgpu-readback']));
  } finally {
    await s.close();
  }
});
