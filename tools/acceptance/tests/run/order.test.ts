import { join } from 'node:path';
import { Registry, buffer, control, defineProgram, fd, grant, io, kernel, u32 } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { expect, test } from 'vitest';
import { increment, incrementBuffer } from './programs.ts';
import { bytesOf, file, folder, gate, open, pattern, settled } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

async function watched() {
  const { plugin, watch } = watchedStorage();
  const s = await open({ registry: new Registry().with(plugin).with(cpuRef), backends: ['watched', 'cpu-ref'] });
  const dir = folder();
  return { s, watch, dir };
}

const rewrite = { rights: 'rw', create: 'if-missing' } as const;
const at = (t: { kind: string; offset?: bigint }) => `${t.kind} ${t.offset ?? ''}`.trim();

test('a read of a range that was written before sees the new bytes', async () => {
  const { s, dir } = await watched();
  const path = file(dir, 'data', new Uint8Array(100));
  const program = defineProgram('write-then-read', { file: fd('rw'), data: 'GpuBufferHandle' }, ({ file, data }) => {
    io.write_back_to_nvme(data, file, 10);
    const back = io.dma_from_nvme(file, 5, 20);
    io.write_back_to_nvme(back, file, 50);
    return { all: io.dma_from_nvme(file, 0, 100) };
  });
  const granted = await s.grant(path, rewrite);
  const { results } = await (await s.compile(program)).run({ file: granted, data: new Uint8Array(10).fill(7) });
  const expected = new Uint8Array(100).fill(7, 10, 20).fill(7, 55, 65);
  expect(await results.all.read()).toEqual(expected);
  expect(bytesOf(path)).toEqual(expected);
  await Promise.all([results.all.close(), granted.close()]);
});

test('writes that overlap land in program order, whichever the device would finish first', async () => {
  const { s, watch, dir } = await watched();
  // Earlier writes are slower.
  watch.before = async () => {
    for (let i = watch.begun.length; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const program = defineProgram('overlap', { output: fd('w') }, ({ output }) => {
    const expected = [0, 3, 6, 2, 9];
    expected.forEach((offset, i) => {
      const data = buffer.alloc('u8', 4);
      buffer.fill(data, u32(0x01010101 * (i + 1)));
      io.write_back_to_nvme(data, output, offset);
    });
  });
  const output = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
  await (await s.compile(program)).run({ output });
  expect([...bytesOf(join(dir, 'out'))]).toEqual([1, 1, 4, 4, 4, 4, 3, 3, 3, 5, 5, 5, 5]);
  await output.close();
});

test('transfers with no conflict overlap, and go down in one call', async () => {
  const { s, watch, dir } = await watched();
  const held = gate();
  watch.before = () => held.opened;
  const program = defineProgram('apart', { input: fd('r'), output: fd('w'), data: 'GpuBufferHandle' }, ({ input, output, data }) => {
    for (let i = 0; i < 3; i++) io.write_back_to_nvme(data.slice(i * 4, 4), output, i * 4);
    const a = io.dma_from_nvme(input, 0, 50), b = io.dma_from_nvme(input, 25, 50);
    return { a, b };
  });
  const [input, output] = [await s.grant(file(dir, 'in', 100)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
  const running = (await s.compile(program)).run({ input, output, data: pattern(12) });
  await settled();
  expect(watch.begun.map(at)).toEqual(['write 0', 'write 4', 'write 8', 'read 0', 'read 25']);
  expect(watch.batches).toEqual([5]);
  held.open();
  const { results } = await running;
  expect(bytesOf(join(dir, 'out'))).toEqual(pattern(12));
  expect(await results.b.read()).toEqual(pattern(100).slice(25, 75));
  await Promise.all([results.a.close(), results.b.close(), input.close(), output.close()]);
});

test('a write waits for earlier reads of its range, and for no others', async () => {
  const { s, watch, dir } = await watched();
  const path = file(dir, 'data', 100);
  const held = gate();
  watch.before = (t) => (t.kind === 'read' ? held.opened : undefined);
  const program = defineProgram('read-then-write', { file: fd('rw'), data: 'GpuBufferHandle' }, ({ file, data }) => {
    const before = io.dma_from_nvme(file, 0, 10);
    io.write_back_to_nvme(data, file, 5);
    io.write_back_to_nvme(data, file, 50);
    return { before };
  });
  const granted = await s.grant(path, rewrite);
  const running = (await s.compile(program)).run({ file: granted, data: new Uint8Array(10).fill(9) });
  await settled();
  expect(watch.begun.map(at)).toEqual(['read 0', 'write 50']);
  held.open();
  const { results } = await running;
  expect(await results.before.read()).toEqual(pattern(100).slice(0, 10));
  const expected = pattern(100).fill(9, 5, 15).fill(9, 50, 60);
  expect(bytesOf(path)).toEqual(expected);
  await Promise.all([results.before.close(), granted.close()]);
});

test('two grants of one file are one file: windows are compared where they lie in it', async () => {
  const { s, watch, dir } = await watched();
  const path = file(dir, 'data', 100);
  const held = gate();
  watch.before = (t) => (t.kind === 'write' ? held.opened : undefined);
  const program = defineProgram('windows', { a: fd('w'), b: fd('r'), data: 'GpuBufferHandle' }, ({ a, b, data }) => {
    io.write_back_to_nvme(data, a, 0); // bytes 40 to 50
    return { before: io.dma_from_nvme(b, 0, 10), behind: io.dma_from_nvme(b, 15, 10) }; // 30 to 40, 45 to 55
  });
  const [a, b] = [await s.grant(path, { rights: 'w', offset: 40 }), await s.grant(path, { offset: 30, length: 30 })];
  const running = (await s.compile(program)).run({ a, b, data: new Uint8Array(10).fill(1) });
  await settled();
  expect(watch.begun.map(at)).toEqual(['write 40', 'read 30']);
  held.open();
  const { results } = await running;
  expect(await results.before.read()).toEqual(pattern(100).slice(30, 40));
  expect(await results.behind.read()).toEqual(pattern(100).fill(1, 40, 50).slice(45, 55));
  await Promise.all([results.before.close(), results.behind.close(), a.close(), b.close()]);
});

test('runs that share a file are ordered', async () => {
  const { s, watch, dir } = await watched();
  const path = file(dir, 'data', new Uint8Array(64));
  const held = gate();
  watch.before = () => (watch.begun.length === 1 ? held.opened : undefined);
  const bump = defineProgram('bump', { file: fd('rw') }, ({ file }) => {
    const data = io.dma_from_nvme(file, 0, 64);
    kernel.launch(increment, 16, { data, by: 1 });
    io.write_back_to_nvme(data, file, 0);
  });
  const exe = await s.compile(bump);
  const granted = await s.grant(path, rewrite);
  const runs = Array.from({ length: 10 }, () => exe.run({ file: granted }));
  await settled();
  // The first read is held up. Those of the others are no conflict with it; the first write is one with all of them.
  expect(watch.begun.every((t) => t.kind === 'read')).toBe(true);
  held.open();
  await Promise.all(runs);
  const [first] = new Uint32Array(bytesOf(path).buffer);
  // Each read is a whole: what came of it is a count of runs, not a mixture.
  expect(new Set(new Uint32Array(bytesOf(path).buffer))).toEqual(new Set([first]));
  await granted.close();
});

test('runs that share a buffer are ordered: none of their launches is lost', async () => {
  const { s } = await watched();
  const exe = await s.compile(incrementBuffer);
  const data = await s.buffer(new Uint32Array(1000));
  const runs = await Promise.all(Array.from({ length: 20 }, (_, i) => exe.run({ data, by: i, times: 3 })));
  const total = (3 * 19 * 20) / 2;
  expect(new Set(new Uint32Array((await data.read()).buffer))).toEqual(new Set([total]));
  await Promise.all([data.close(), ...runs.map((r) => r.results.data.close())]);
});

test('reading a device buffer waits for the ops that were issued on it', async () => {
  const { s, watch, dir } = await watched();
  const held = gate();
  watch.before = () => held.opened;
  const load = defineProgram('load', { input: fd('r'), target: 'GpuBufferHandle' }, ({ input, target }) => buffer.copy(io.dma_from_nvme(input, 0, 16), target));
  const [input, target] = [await s.grant(file(dir, 'in', 16)), await s.buffer(new Uint8Array(16))];
  const running = (await s.compile(load)).run({ input, target });
  await settled();
  let read: Uint8Array | undefined;
  const reading = target.read().then((bytes) => (read = bytes));
  await settled();
  expect(read).toBeUndefined();
  held.open();
  await Promise.all([running, reading]);
  expect(read).toEqual(pattern(16));
  await Promise.all([target.close(), input.close()]);
});

test('grant.size is read when the writes before it are done, and may steer the program', async () => {
  const { s, watch, dir } = await watched();
  watch.before = () => new Promise((resolve) => setImmediate(resolve));
  const grow = defineProgram('grow', { file: fd('rw') }, ({ file }) => {
    const start = grant.size(file);
    control.for({ to: 3 }, () => io.write_back_to_nvme(buffer.alloc('u8', 10), file, grant.size(file)));
    return { start, end: grant.size(file) };
  });
  const granted = await s.grant(join(dir, 'out'), rewrite);
  const { results } = await (await s.compile(grow)).run({ file: granted });
  expect(results).toEqual({ start: 0n, end: 30n });
  await granted.close();
});

test('a chain of ops as long as the program takes no deeper stack', async () => {
  const { s, watch, dir } = await watched();
  const held = gate();
  watch.before = () => held.opened;
  const chain = defineProgram('chain', { input: fd('r'), fail: 'bool' }, ({ input, fail }) => {
    const data = io.dma_from_nvme(input, fail.select(u32(50), u32(0)).to('u64'), 64);
    for (let i = 0; i < 20_000; i++) buffer.fill(data, u32(i));
    return { data };
  });
  const exe = await s.compile(chain);
  const input = await s.grant(file(dir, 'in', 64));
  const runs = [exe.run({ input, fail: false }), exe.run({ input, fail: true })] as const;
  await settled();
  held.open();
  const [good, bad] = await Promise.allSettled(runs);
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'io/short-read' } });
  if (good.status !== 'fulfilled') throw good.reason;
  expect(new Uint32Array((await good.value.results.data.read()).buffer)[0]).toBe(19_999);
  await Promise.all([good.value.results.data.close(), input.close()]);
});

test('a long program compiles in time linear in its length', async () => {
  const { s } = await watched();
  const long = (n: number) => defineProgram('long', { start: 'u64' }, ({ start }) => {
    let x = start;
    for (let i = 0; i < n; i++) x = x.add(i);
    return { x };
  });
  // A quadratic one would do ten billion steps here, and meet the test's time limit.
  const { results } = await (await s.compile(long(100_000))).run({ start: 1 });
  expect(results.x).toBe(1n + (99_999n * 100_000n) / 2n);
});
