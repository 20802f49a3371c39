import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Registry, buffer, control, defineKernel, defineProgram, fd, grant, io, kernel, u32, u64 } from '@sluice/core';
import type { Session } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { describe, expect, test } from 'vitest';
import { privateDevice } from './private-device.ts';
import { CHUNK, copyFile, increment, readRange } from './programs.ts';
import { bytesOf, failure, file, folder, gate, memoryUsed, open, pattern, same, settled } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

const MiB = 1 << 20;

/** A session whose transfers a test watches and holds up. */
async function watched(options: { memory?: number; window?: number; durability?: 'run' | 'op' | 'none' } = {}) {
  const { plugin, watch } = watchedStorage();
  const s = await open({ registry: new Registry().with(plugin).with(cpuRef), backends: ['watched', 'cpu-ref'], ...options });
  return { s, watch };
}

/** Copies a file of `chunks` chunks; gives the most memory that the session held at any transfer. */
async function mostHeld(s: Session, chunks: number, dir: string): Promise<number> {
  const input = await s.grant(file(dir, 'in', Number(CHUNK) * chunks));
  const output = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
  let most = 0;
  await (await s.compile(copyFile)).run({ input, output }, { onProgress: () => (most = Math.max(most, memoryUsed(s))) });
  expect(same(bytesOf(join(dir, 'in')), bytesOf(join(dir, 'out')))).toBe(true);
  await Promise.all([input.close(), output.close()]);
  return most;
}

describe('release after the last use', () => {
  test.each([1, 2, 4, 9])('a loop over a file takes constant memory: a window of %i iterations', async (window) => {
    const dir = folder();
    const s = await open({ window });
    const most = await mostHeld(s, 64, dir);
    expect(most).toBeLessThanOrEqual(window * Number(CHUNK));
    expect(memoryUsed(s)).toBe(0);
  });

  test('memory is not given to anyone else while a task that was issued waits for it', async () => {
    // Two writes of the same range are ordered: the second is issued, and its handle dropped, long before it begins.
    const { s, watch } = await watched();
    const dir = folder();
    const held = gate();
    watch.before = (t) => (t.kind === 'write' && watch.begun.filter((b) => b.kind === 'write').length === 1 ? held.opened : undefined);
    const overwrite = defineProgram('overwrite', { output: fd('w'), a: 'GpuBufferHandle', n: 'u32' }, ({ output, a, n }) => {
      io.write_back_to_nvme(a, output, 0);
      const b = buffer.alloc('u8', 64);
      buffer.fill(b, u32(0x02020202));
      io.write_back_to_nvme(b, output, 0);
      // Were the memory of b free now, these would get it.
      control.for({ to: n }, () => buffer.fill(buffer.alloc('u8', 64), u32(0xffffffff)));
    });
    const output = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
    const running = (await s.compile(overwrite)).run({ output, a: new Uint8Array(64).fill(1), n: 20 });
    await settled();
    expect(memoryUsed(s)).toBe(128);
    held.open();
    await running;
    expect(bytesOf(join(dir, 'out'))).toEqual(new Uint8Array(64).fill(2));
    expect(memoryUsed(s)).toBe(0);
  });

  test('`free` gives memory back at once, and views and copies of the handle with it', async () => {
    const s = await open({ memory: 100 });
    const sequence = defineProgram('sequence', {}, () => {
      const a = buffer.alloc('u8', 80);
      const view = a.slice(0, 40);
      const data = control.for({ to: 3 }, { a, view }, (i, carried) => {
        control.if(i.eq(2), () => buffer.free(a));
        return carried;
      });
      const b = buffer.alloc('u8', 80); // does not fit beside a
      control.if(u32(0).eq(1), () => buffer.fill(data.view, u32(1)));
      return { b };
    });
    const { results } = await (await s.compile(sequence)).run({});
    expect(memoryUsed(s)).toBe(80);
    await results.b.close();
  });
});

describe('the budget', () => {
  test('one handle over it: mem/too-large before any byte moves', async () => {
    const { s, watch } = await watched({ memory: 1000 });
    const input = await s.grant(file(folder(), 'in', 5000));
    const error = await failure((await s.compile(readRange)).run({ input, offset: 0, length: 1001 }), 'mem/too-large');
    expect(error.details).toEqual({ byteLength: '1001', limit: 1000 });
    expect(error.fix).toContain('memory');
    expect(watch.begun).toEqual([]);
    const alloc = defineProgram('alloc', { n: 'u64' }, ({ n }) => ({ data: buffer.alloc('u8', n) }));
    await failure((await s.compile(alloc)).run({ n: 2n ** 64n - 1n }), 'mem/too-large');
    await failure(s.buffer(new Uint8Array(1001)), 'mem/too-large');
    await input.close();
  });

  test('an allocation waits for what is in flight', async () => {
    const { s, watch } = await watched({ memory: 2 * Number(CHUNK), window: 8 });
    const dir = folder();
    expect(await mostHeld(s, 16, dir)).toBeLessThanOrEqual(2 * Number(CHUNK));
    expect(watch.most).toBeLessThanOrEqual(2);
  });

  test('mem/budget when nothing will give any back', async () => {
    const s = await open({ memory: 100 });
    const hoard = defineProgram('hoard', {}, () => {
      const [a, b] = [buffer.alloc('u8', 60), buffer.alloc('u8', 60)];
      return { a, b };
    });
    const error = await failure((await s.compile(hoard)).run({}), 'mem/budget');
    expect(error.details).toEqual({ byteLength: 60, used: 60, limit: 100 });
    expect(error.where).toMatchObject({ op: 'buffer.alloc', path: 'buffer.alloc[3]' });
    expect(memoryUsed(s)).toBe(0);

    const kept = await s.buffer(new Uint8Array(60));
    await failure(s.buffer(new Uint8Array(60)), 'mem/budget');
    await kept.close();
    await (await s.buffer(new Uint8Array(60))).close();
  });

  test('two runs that wait for each other: one fails, the other ends, and nothing hangs', async () => {
    const { s, watch } = await watched({ memory: 100 });
    const dir = folder();
    const [first, second] = [gate(), gate()];
    watch.before = () => (watch.begun.length === 1 ? first.opened : second.opened);
    const hoard = defineProgram('hoard', { input: fd('r') }, ({ input }) => {
      const a = io.dma_from_nvme(input, 0, 40);
      control.if(grant.size(input).gt(0), () => void buffer.alloc('u8', 60));
      return { a };
    });
    const exe = await s.compile(hoard);
    const input = await s.grant(file(dir, 'in', 100));
    const runs = [exe.run({ input }), exe.run({ input })];
    await settled();
    expect(memoryUsed(s)).toBe(80);
    first.open();
    second.open();
    const ended = await Promise.allSettled(runs);
    expect(ended.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const r of ended) {
      if (r.status === 'fulfilled') await r.value.results.a.close();
      else expect(r.reason).toMatchObject({ code: 'mem/budget' });
    }
    await input.close();
    expect(memoryUsed(s)).toBe(0);
  });

  test('a run does not fail for memory that another run is about to give back', async () => {
    const s = await open({ memory: 100 });
    const use = defineProgram('use', { data: 'GpuBufferHandle' }, ({ data }) => {
      const own = buffer.alloc('u8', 60);
      buffer.copy(data, own);
    });
    const exe = await s.compile(use);
    const data = await s.buffer(new Uint8Array(10));
    await Promise.all(Array.from({ length: 20 }, () => exe.run({ data })));
    await data.close();
  });

  test('what is kept for reuse is given up when other sizes need the budget', async () => {
    const s = await open({ memory: 8 * MiB });
    const touch = defineProgram('touch', { n: 'u64' }, ({ n }) => buffer.fill(buffer.alloc('u8', n), u32(1)));
    const exe = await s.compile(touch);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i++) await exe.run({ n: 4 * MiB + i * 16384 });
    // Without a limit on the pool that would be 200 buffers of 4 MiB and more.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * MiB);
  });
});

describe('what memory holds', () => {
  /** Fills pooled memory of several sizes with ones, and gives it back. */
  async function soil(s: Session): Promise<void> {
    for (const size of [16, 21, 32, 100, 4096]) await (await s.buffer(new Uint8Array(size).fill(0xff))).close();
  }

  test.each(['zero', 'none'] as const)('never what somebody else left there: alloc with init %s', async (init) => {
    const s = await open();
    const make = defineProgram('make', { n: 'u64' }, ({ n }) => ({ data: buffer.alloc('u8', n, { init }) }));
    const exe = await s.compile(make);
    for (const n of [1, 16, 21, 30, 100, 4096]) {
      await soil(s);
      const { results } = await exe.run({ n });
      expect(await results.data.read()).toEqual(new Uint8Array(n));
      await results.data.close();
    }
  });

  test('padding is zero too: bytes past the end read as zero', async () => {
    const s = await open();
    const sum = defineKernel('sum', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ data, out }, { global: { x } }) => out.store(x, data.load(x)));
    const view = defineProgram('view', { data: 'GpuBufferHandle' }, ({ data }) => {
      const out = buffer.alloc('u32', 6);
      kernel.launch(sum, 6, { data, out });
      return { out };
    });
    const exe = await s.compile(view);
    await soil(s);
    const { results } = await exe.run({ data: new Uint8Array(21).fill(0x11) });
    expect([...new Uint32Array((await results.out.read()).buffer)]).toEqual([...Array.from({ length: 5 }, () => 0x11111111), 0x11]);
    await results.out.close();
  });

  test('what a kernel stores past the end never reaches a file', async () => {
    const s = await open();
    const dir = folder();
    const odd = defineProgram('odd', { output: fd('w') }, ({ output }) => {
      const data = buffer.alloc('u8', 5);
      kernel.launch(increment, 2, { data, by: 0x01010101 });
      io.write_back_to_nvme(data, output, 0);
    });
    const output = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
    await (await s.compile(odd)).run({ output });
    expect(bytesOf(join(dir, 'out'))).toEqual(new Uint8Array(5).fill(1));
    await output.close();
  });

  test('a slice that ends inside an element sees zeros there, and leaves its neighbour alone', async () => {
    const s = await open();
    const slices = defineProgram('slices', {}, () => {
      const data = buffer.alloc('u8', 16);
      buffer.fill(data, u32(0x07070707));
      kernel.launch(increment, 2, { data: data.slice(4, 5), by: 1 });
      return { data };
    });
    const { results } = await (await s.compile(slices)).run({});
    expect([...await results.data.read()]).toEqual([7, 7, 7, 7, 8, 7, 7, 7, 8, 7, 7, 7, 7, 7, 7, 7]);
    await results.data.close();
  });

  test('fill repeats a value of any width, cut off at the end', async () => {
    const s = await open();
    const fills = defineProgram('fills', { n: 'u64', wide: 'u64' }, ({ n, wide }) => {
      const [a, b, c] = [buffer.alloc('u8', n), buffer.alloc('u8', n), buffer.alloc('u8', n)];
      buffer.fill(a, u32(0x04030201));
      buffer.fill(b, wide);
      buffer.fill(c.slice(n.div(4), n.div(2)), u32(0xffffffff));
      return { a, b, c };
    });
    const exe = await s.compile(fills);
    for (const n of [0, 1, 3, 4, 7, 8, 13, 100]) {
      const { results } = await exe.run({ n, wide: 0x0807060504030201n });
      expect([...await results.a.read()]).toEqual(Array.from({ length: n }, (_, i) => (i % 4) + 1));
      expect([...await results.b.read()]).toEqual(Array.from({ length: n }, (_, i) => (i % 8) + 1));
      const [from, to] = [Math.floor(n / 4), Math.floor(n / 4) + Math.floor(n / 2)];
      expect([...await results.c.read()]).toEqual(Array.from({ length: n }, (_, i) => (i >= from && i < to ? 255 : 0)));
      for (const b of Object.values(results)) await b.close();
    }
  });

  test('copies: shorter, of slices, over themselves; too long is mem/range', async () => {
    const s = await open();
    const copies = defineProgram('copies', { data: 'GpuBufferHandle', from: 'u64', to: 'u64', n: 'u64' }, ({ data, from, to, n }) => buffer.copy(data.slice(from, n), data.slice(to, data.byteLength.sub(to))));
    const exe = await s.compile(copies);
    const expected = pattern(40);
    const data = await s.buffer(expected);
    for (const [from, to, n] of [[0, 10, 30], [10, 0, 30], [5, 5, 10], [0, 40, 0], [39, 0, 1]] as const) {
      await exe.run({ data, from, to, n });
      expected.copyWithin(to, from, from + n);
      expect(await data.read()).toEqual(expected);
    }
    await failure(exe.run({ data, from: 0, to: 20, n: 21 }), 'mem/range');
    await failure(exe.run({ data, from: 0, to: 0, n: 41 }), 'mem/range');
    await failure(exe.run({ data, from: 2n ** 64n - 1n, to: 0, n: 2 }), 'mem/range');
    expect(await data.read()).toEqual(expected);
    await data.close();
  });
});

describe('launches', () => {
  const two = defineKernel('two', { params: { a: 'buffer<u32, read>', b: 'buffer<u32, read_write>' }, workgroup: 1 }, ({ a, b }, { global: { x } }) => b.store(x, a.load(x)));

  test('one buffer bound as read and as written, where only the run shows it', async () => {
    const s = await open();
    const alias = defineProgram('alias', { same: 'bool' }, ({ same: one }) => {
      const [a, b] = [buffer.alloc('u32', 8), buffer.alloc('u32', 8)];
      kernel.launch(two, 1, { a, b: control.if(one, () => a.slice(16, 16), () => b) });
    });
    const exe = await s.compile(alias);
    await exe.run({ same: false });
    const error = await failure(exe.run({ same: true }), 'launch/alias');
    expect(error.where).toMatchObject({ op: 'kernel.launch' });
  });

  test('two parameters of the caller that are one buffer', async () => {
    const s = await open();
    const alias = defineProgram('alias', { a: 'GpuBufferHandle', b: 'GpuBufferHandle' }, ({ a, b }) => kernel.launch(two, 1, { a, b }));
    const data = await s.buffer(new Uint32Array(4));
    await failure((await s.compile(alias)).run({ a: data, b: data }), 'launch/alias');
    await data.close();
  });

  test('a slice that does not start at an element', async () => {
    const s = await open();
    const slice = defineProgram('slice', { at: 'u64' }, ({ at }) => kernel.launch(increment, 1, { data: buffer.alloc('u8', 64).slice(at, 16), by: 1 }));
    const exe = await s.compile(slice);
    await exe.run({ at: 4 });
    await failure(exe.run({ at: 6 }), 'launch/misaligned');
  });

  test('a slice of a slice that does not start at an element of its base', async () => {
    const s = await open();
    const slice = defineProgram('slice', { a: 'u64', b: 'u64' }, ({ a, b }) => kernel.launch(increment, 1, { data: buffer.alloc('u8', 64).slice(a, 32).slice(b, 16), by: 1 }));
    const exe = await s.compile(slice);
    await exe.run({ a: 2, b: 2 });
    await failure(exe.run({ a: 4, b: 2 }), 'launch/misaligned');
  });

  test('workgroup counts that are no u32, and none', async () => {
    const s = await open();
    const count = defineProgram('count', { invocations: 'u64' }, ({ invocations }) => {
      const data = buffer.alloc('u32', 64);
      kernel.launch(increment, invocations, { data, by: 1 });
      return { data };
    });
    const exe = await s.compile(count);
    await failure(exe.run({ invocations: 64n * 2n ** 32n }), 'launch/groups');
    await failure(exe.run({ invocations: 2n ** 64n - 1n }), 'launch/groups');
    const { results, report } = await exe.run({ invocations: 0 });
    expect([report.launches, await results.data.read()]).toEqual([0, new Uint8Array(256)]);
    await results.data.close();
  });

  test('a view with more elements than an index can count', async () => {
    const { plugin } = privateDevice();
    const s = await open({ registry: new Registry().with(plugin), backends: ['private'], memory: 2 ** 36 });
    const bytes = defineKernel('bytes', { params: { data: 'buffer<u8, write>' }, workgroup: 1 }, ({ data }, { global: { x } }) => data.store(x, 1));
    const large = defineProgram('large', { slice: 'bool' }, ({ slice }) => {
      const data = buffer.alloc('u8', 2n ** 32n);
      kernel.launch(bytes, 0, { data: control.if(slice, () => data.slice(16, 2n ** 32n - 16n), () => data) });
    });
    const exe = await s.compile(large);
    await exe.run({ slice: true });
    const error = await failure(exe.run({ slice: false }), 'launch/too-large');
    expect(error.message).toContain('4294967296 elements');
  });

  test('empty buffers', async () => {
    const s = await open();
    const dir = folder();
    const empty = defineProgram('empty', { input: fd('r'), output: fd('w'), n: 'u64' }, ({ input, output, n }) => {
      const data = io.dma_from_nvme(input, 3, n);
      kernel.launch(increment, 64, { data, by: 1 });
      buffer.fill(data, u32(1));
      const copy = buffer.alloc('u8', n);
      buffer.copy(data, copy);
      io.write_back_to_nvme(copy.slice(0, 0), output, 7);
      return { data, copy, size: grant.size(output), length: data.byteLength };
    });
    const [input, output] = [await s.grant(file(dir, 'in', 3)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const { results, report } = await (await s.compile(empty)).run({ input, output, n: 0 });
    expect([results.size, results.length, results.data.byteLength, await results.copy.read()]).toEqual([0n, 0n, 0n, new Uint8Array()]);
    expect(report.bytes).toMatchObject({ read: 0n, written: 0n });
    expect(statSync(join(dir, 'out')).size).toBe(0);
    await Promise.all([results.data.close(), results.copy.close(), input.close(), output.close()]);
  });
});

test('a window of one iteration does one after the other, and the order shows in the file', async () => {
  const { s, watch } = await watched({ window: 1 });
  const dir = folder();
  const input = await s.grant(file(dir, 'in', 1000));
  const output = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
  const chunks = defineProgram('chunks', { input: fd('r'), output: fd('w') }, ({ input, output }) =>
    control.for({ from: u64(0), to: u64(1000), step: 100 }, (at) => io.write_back_to_nvme(io.dma_from_nvme(input, at, 100), output, at)));
  await (await s.compile(chunks)).run({ input, output });
  expect(watch.begun.map((t) => t.kind).join(' ')).toBe(`${Array.from({ length: 10 }, () => 'read write').join(' ')} sync`);
  expect(bytesOf(join(dir, 'out'))).toEqual(pattern(1000));
  await Promise.all([input.close(), output.close()]);
});

test.each([1, 2, 3, 7])('a window of %i: never more iterations in flight, nested loops and branches counted in', async (window) => {
  const { s, watch } = await watched({ window });
  const input = await s.grant(file(folder(), 'in', 4096));
  const nested = defineProgram('nested', { input: fd('r') }, ({ input }) =>
    control.for({ to: 30 }, (i) => control.if(i.rem(3).ne(1), () => void io.dma_from_nvme(input, i.to('u64'), 10))));
  watch.before = () => new Promise((resolve) => setImmediate(resolve));
  await (await s.compile(nested)).run({ input });
  expect(watch.begun.length).toBe(20);
  expect(watch.most).toBeLessThanOrEqual(window);
  expect(watch.most).toBeGreaterThanOrEqual(Math.min(window, 2));
  await input.close();
});
