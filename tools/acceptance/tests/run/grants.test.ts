import { renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { Registry, buffer, control, defineProgram, fd, grant, io, u32 } from '@sluice/core';
import { plugin as fs } from '@sluice/fs/plugin';
import { describe, expect, test } from 'vitest';
import { copyFile, readRange, writeAt } from './programs.ts';
import { leaksNothing } from './resources.ts';
import { bytesOf, failure, file, folder, gate, memoryUsed, open, pattern, settled } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

async function watched(options: { durability?: 'run' | 'op' | 'none' } = {}) {
  const { plugin, watch } = watchedStorage();
  const s = await open({ registry: new Registry().with(fs).with(plugin), backends: ['watched'], ...options });
  return { s, watch, dir: folder() };
}

describe('windows', () => {
  test('a program counts from the start of the window, and sees no further than its end', async () => {
    const s = await open();
    const path = file(folder(), 'in', 100);
    const exe = await s.compile(readRange);
    const input = await s.grant(path, { offset: 30, length: 20 });
    expect(input.byteLength).toBe(20n);
    const { results } = await exe.run({ input, offset: 5, length: 15 });
    expect(await results.data.read()).toEqual(pattern(100).slice(35, 50));
    await results.data.close();
    await failure(exe.run({ input, offset: 5, length: 16 }), 'io/range');
    const rest = await s.grant(path, { offset: 90n });
    expect(rest.byteLength).toBe(10n);
    await failure(exe.run({ input: rest, offset: 5, length: 6 }), 'io/short-read');
    const past = await s.grant(path, { offset: 200 });
    expect(past.byteLength).toBe(0n);
    await Promise.all([input.close(), rest.close(), past.close()]);
  });

  test('a window to write in: relative, extending the file, and bounded', async () => {
    const s = await open();
    const path = file(folder(), 'out', 10);
    const exe = await s.compile(writeAt);
    const output = await s.grant(path, { rights: 'w', offset: 20, length: 10 });
    await exe.run({ output, data: new Uint8Array(4).fill(9), offset: 6 });
    expect(bytesOf(path)).toEqual(new Uint8Array([...pattern(10), ...new Uint8Array(16), 9, 9, 9, 9]));
    await failure(exe.run({ output, data: new Uint8Array(4), offset: 7 }), 'io/range');
    expect(statSync(path).size).toBe(30);
    await output.close();
  });

  test('grant.size: of a window its length, else what lies between its start and the end of the file, now', async () => {
    const s = await open();
    const path = file(folder(), 'data', 100);
    const sizes = defineProgram('sizes', { file: fd('rw') }, ({ file }) => {
      const before = grant.size(file);
      io.write_back_to_nvme(buffer.alloc('u8', 10), file, 115);
      return { before, after: grant.size(file) };
    });
    const exe = await s.compile(sizes);
    const granted = [await s.grant(path, { rights: 'rw', offset: 20, length: 200 }), await s.grant(path, { rights: 'rw', offset: 20 }), await s.grant(path, { rights: 'rw', offset: 500 })];
    expect((await exe.run({ file: granted[1]! })).results).toEqual({ before: 80n, after: 125n });
    expect((await exe.run({ file: granted[0]! })).results).toEqual({ before: 200n, after: 200n });
    expect((await exe.run({ file: granted[2]! })).results).toEqual({ before: 0n, after: 125n });
    const only = defineProgram('only', { file: fd('r') }, ({ file }) => ({ size: grant.size(file) }));
    expect((await (await s.compile(only)).run({ file: granted[1]! })).results).toEqual({ size: 605n });
    await Promise.all(granted.map((g) => g.close()));
  });
});

describe('creation', () => {
  test.each([
    ['no', 'w', 'io/not-found', 'kept'], ['if-missing', 'w', 'made', 'kept'], ['if-missing', 'rw', 'made', 'kept'], ['truncate', 'w', 'made', 'emptied'], ['truncate', 'rw', 'made', 'emptied'],
  ] as const)('create %s with rights %s: a missing file is %s, one that is there is %s', async (create, rights, missing, there) => {
    const s = await open();
    const dir = folder();
    const path = file(dir, 'there', 50);
    if (missing === 'made') {
      await (await s.grant(join(dir, 'missing'), { create, rights })).close();
      expect(statSync(join(dir, 'missing')).size).toBe(0);
    } else await failure(s.grant(join(dir, 'missing'), { create, rights }), missing);
    await (await s.grant(path, { create, rights })).close();
    expect(bytesOf(path)).toEqual(there === 'kept' ? pattern(50) : new Uint8Array());
  });

  test('a path or a file URL', async () => {
    const s = await open();
    const path = file(folder(), 'with space', 5);
    const input = await s.grant(pathToFileURL(path));
    expect([input.name, input.byteLength]).toEqual([path, 5n]);
    await input.close();
  });
});

describe('grants as values', () => {
  test('numbers are never used again, in no session of the process', async () => {
    const [s, other] = [await open(), await open()];
    const path = file(folder(), 'in', 1);
    const seen = new Set<number>();
    for (let i = 0; i < 10; i++) {
      const granted = await (i % 2 === 0 ? s : other).grant(path);
      expect(seen.has(granted.fd)).toBe(false);
      seen.add(granted.fd);
      await granted.close();
    }
  });

  test('a session that grants and revokes for long keeps nothing', async () => {
    const s = await open();
    const path = file(folder(), 'in', 100);
    const exe = await s.compile(readRange);
    const once = async () => {
      const input = await s.grant(path);
      const { results } = await exe.run({ input, offset: 0, length: 10 });
      await Promise.all([results.data.close(), input.close()]);
    };
    await once();
    await leaksNothing(s, async () => {
      for (let i = 0; i < 50; i++) await once();
    });
    expect(s).toMatchObject({});
    expect((s as unknown as { toJSON(): { grants: number; runs: number } }).toJSON()).toMatchObject({ grants: 0, runs: 0 });
  });

  test('show themselves as text and JSON', async () => {
    const s = await open();
    const path = file(folder(), 'in', 7);
    const input = await s.grant(path);
    expect(inspect(input)).toBe(`Grant ${input.fd} of ${path} (r, 7 bytes)`);
    await input.close();
    expect(JSON.parse(JSON.stringify(input))).toEqual({ fd: input.fd, name: path, rights: 'r', byteLength: '7', revoked: true });
    const data = await s.buffer(new Uint8Array(3));
    expect(inspect(data)).toMatch(/^DeviceBuffer \d+\.\d+ \(3 bytes in host\)$/);
    expect(JSON.parse(JSON.stringify(data))).toMatchObject({ byteLength: '3', space: 'host' });
    await data.close();
  });

  test('a run may name one file by two parameters', async () => {
    const s = await open();
    const path = file(folder(), 'data', 10);
    const both = defineProgram('both', { input: fd('r'), output: fd('w') }, ({ input, output }) => io.write_back_to_nvme(io.dma_from_nvme(input, 0, 5), output, 5));
    const granted = await s.grant(path, { rights: 'rw' });
    await (await s.compile(both)).run({ input: granted, output: granted });
    expect(bytesOf(path)).toEqual(new Uint8Array([...pattern(5), ...pattern(5)]));
    await granted.close();
  });

  test('a file that was replaced by another before a second backend opens it', async () => {
    const { plugin } = watchedStorage();
    const s = await open({ registry: new Registry().with(fs).with(plugin), backends: ['watched', 'fs'], masks: { watched: { ops: ['io.dma_from_nvme'] } } });
    const dir = folder();
    const path = file(dir, 'in', 10);
    const input = await s.grant(path);
    writeFileSync(join(dir, 'other'), 'another file');
    renameSync(join(dir, 'other'), path);
    await failure((await s.compile(readRange)).run({ input, offset: 0, length: 1 }), 'grant/changed');
    await input.close();
  });
});

describe('revoking', () => {
  test('waits for the transfers that had begun; those that had not, fail', async () => {
    const { s, watch, dir } = await watched();
    const held = gate();
    watch.before = () => held.opened;
    const chain = defineProgram('chain', { file: fd('rw') }, ({ file }) => {
      io.write_back_to_nvme(io.dma_from_nvme(file, 0, 10), file, 20);
    });
    const granted = await s.grant(file(dir, 'data', 100), { rights: 'rw' });
    const running = (await s.compile(chain)).run({ file: granted });
    await settled();
    let revoked = false;
    const revoking = granted.revoke().then(() => (revoked = true));
    await settled();
    expect([revoked, watch.inFlight]).toEqual([false, 1]);
    held.open();
    const error = await failure(running, 'grant/revoked');
    expect(error.where).toMatchObject({ op: 'io.write_back_to_nvme' });
    await revoking;
    expect(watch.begun.map((t) => t.kind)).toEqual(['read']);
    expect(bytesOf(join(dir, 'data'))).toEqual(pattern(100));
    expect(memoryUsed(s)).toBe(0);
  });

  test('does not wait for a run that only read, and goes on without the file', async () => {
    const { s, watch, dir } = await watched();
    const [read, held] = [gate(), gate()];
    watch.after = (t, outcome) => {
      if (t.kind === 'read') read.open();
      return outcome;
    };
    watch.before = (t) => (t.kind === 'write' ? held.opened : undefined);
    const program = defineProgram('program', { input: fd('r'), output: fd('w') }, ({ input, output }) => io.write_back_to_nvme(io.dma_from_nvme(input, 0, 10), output, 0));
    const [input, output] = [await s.grant(file(dir, 'in', 10)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const running = (await s.compile(program)).run({ input, output });
    await read.opened;
    await settled();
    await input.revoke();
    held.open();
    await running;
    expect(bytesOf(join(dir, 'out'))).toEqual(pattern(10));
    await output.close();
  });

  test('what a run wrote before is durable when `revoke` resolves', async () => {
    const { s, watch, dir } = await watched();
    const held = gate();
    watch.before = (t) => (t.kind === 'read' ? held.opened : undefined);
    const program = defineProgram('program', { input: fd('r'), output: fd('w'), data: 'GpuBufferHandle' }, ({ input, output, data }) => {
      io.write_back_to_nvme(data, output, 0);
      io.dma_from_nvme(input, 0, 10);
    });
    const [input, output] = [await s.grant(file(dir, 'in', 10)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const running = (await s.compile(program)).run({ input, output, data: pattern(8) });
    await settled();
    const revoking = output.revoke();
    await settled();
    held.open();
    await Promise.all([running, revoking]);
    expect(watch.begun.map((t) => t.kind)).toEqual(['write', 'read', 'sync']);
    await input.close();
  });

  test('in a loop: the run ends with grant/revoked', async () => {
    const s = await open();
    const dir = folder();
    const endless = defineProgram('endless', { input: fd('r') }, ({ input }) => control.while({ n: u32(0) }, ({ n }) => n.ge(0), ({ n }) => {
      io.dma_from_nvme(input, 0, 10);
      return { n: n.add(1) };
    }));
    const input = await s.grant(file(dir, 'in', 10));
    const running = (await s.compile(endless)).run({ input }, { onProgress: ({ done }) => done === 100n && void input.revoke() });
    await failure(running, 'grant/revoked');
    await input.revoke();
  });
});

describe('durability', () => {
  const twice = defineProgram('twice', { a: fd('w'), b: fd('w'), data: 'GpuBufferHandle' }, ({ a, b, data }) => {
    io.write_back_to_nvme(data, a, 0);
    io.write_back_to_nvme(data, b, 0);
    io.write_back_to_nvme(data, a, 100);
  });

  test.each([['run', 'write write write sync sync'], ['op', 'sync sync sync write write write'], ['none', 'write write write']] as const)('%s: %s', async (durability, expected) => {
    const { s, watch, dir } = await watched({ durability });
    const make = (name: string) => s.grant(join(dir, name), { rights: 'w', create: 'truncate' });
    const [a, b] = [await make('a'), await make('b')];
    const { report } = await (await s.compile(twice)).run({ a, b, data: pattern(10) });
    const kinds = watch.begun.map((t) => t.kind);
    expect((durability === 'op' ? kinds.sort() : kinds).join(' ')).toBe(expected);
    expect(report.bytes.written).toBe(30n);
    expect(report.transfers).toBe(3);
    await Promise.all([a.close(), b.close()]);
  });

  test('a run that only reads syncs nothing', async () => {
    const { s, watch, dir } = await watched();
    const input = await s.grant(file(dir, 'in', 10));
    const { results } = await (await s.compile(readRange)).run({ input, offset: 0, length: 10 });
    expect(watch.begun.map((t) => t.kind)).toEqual(['read']);
    await Promise.all([results.data.close(), input.close()]);
  });

  test.each(['run', 'op'] as const)('%s: a sync that fails is the run\'s failure, and says that nothing is durable', async (durability) => {
    const { s, watch, dir } = await watched({ durability });
    const { SluiceError } = await import('@sluice/core');
    watch.after = (t, outcome) => (t.kind === 'sync' ? { ok: false, transferred: 0, error: new SluiceError({ code: 'io/sync-failed', message: 'the device went away', fix: 'plug it in' }) } : outcome);
    const output = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
    const error = await failure((await s.compile(writeAt)).run({ output, data: pattern(10), offset: 0 }), 'io/sync-failed');
    expect(error.details).toMatchObject({ written: 10, durable: 0 });
    await output.close();
  });

  test('a write that fails reports the prefix, and what of it is durable', async () => {
    const { SluiceError } = await import('@sluice/core');
    for (const [durability, durable] of [['run', 4], ['op', 4], ['none', 0]] as const) {
      const { s, watch, dir } = await watched({ durability });
      watch.after = (t, outcome) => (t.kind === 'write' ? { ok: false, transferred: 4, error: new SluiceError({ code: 'io/write-failed', message: 'bad block', fix: 'buy a disk', details: { errno: 'EIO' } }) } : outcome);
      const output = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
      const error = await failure((await s.compile(writeAt)).run({ output, data: pattern(10), offset: 0 }), 'io/write-failed');
      expect(error.details).toEqual({ errno: 'EIO', written: 4, durable, files: [{ file: join(dir, 'out'), offset: '0', written: 4, durable }] });
      expect(error.message).toBe(`bad block; 4 bytes are written, ${durable} of them durable`);
      await output.close();
    }
  });
});

test('reports and progress: bytes are those that moved, and progress never goes back', async () => {
  const { s, watch, dir } = await watched();
  watch.before = () => new Promise((resolve) => setImmediate(resolve));
  const size = 65536 * 9 + 17;
  const [input, output] = [await s.grant(file(dir, 'in', size)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
  const seen: { op: string; done: bigint; total: bigint }[] = [];
  const { report } = await (await s.compile(copyFile)).run({ input, output }, { onProgress: (p) => seen.push(p) });
  const moved = watch.begun.reduce((sum, t) => sum + (t.kind === 'sync' ? 0n : BigInt(t.memory.byteLength)), 0n);
  expect(moved).toBe(2n * BigInt(size));
  expect(report.bytes).toEqual({ direct: 0n, buffered: moved, bounced: 0n, read: BigInt(size), written: BigInt(size) });
  expect([report.transfers, report.launches, seen.length]).toEqual([20, 0, 20]);
  for (const [i, p] of seen.entries()) {
    expect(p.done).toBeGreaterThan(seen[i - 1]?.done ?? 0n);
    expect(p.total).toBeGreaterThanOrEqual(seen[i - 1]?.total ?? 0n);
    expect(p.done).toBeLessThanOrEqual(p.total);
  }
  expect(seen.at(-1)).toMatchObject({ done: moved, total: moved });
  expect(new Set(seen.map((p) => p.op))).toEqual(new Set(['io.dma_from_nvme', 'io.write_back_to_nvme']));
  await Promise.all([input.close(), output.close()]);
});
