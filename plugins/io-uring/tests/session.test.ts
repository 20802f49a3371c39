// Programs on the backend, from file to memory and back.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { control, defineProgram, fd, grant, io, session, u64 } from '@sluice/core';
import { expectBytes, randomBytes, randomNumbers, registry, expectResources, resources, unavailable } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-io-uring-session-'));
const MiB = 2 ** 20;
beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));
afterAll(() => rmSync(folder, { recursive: true }));

const copy = defineProgram('copy', { from: fd('r'), to: fd('w') }, ({ from, to }) => {
  const size = grant.size(from);
  control.for({ from: u64(0), to: size, step: BigInt(MiB) }, (offset) => {
    io.write_back_to_nvme(io.dma_from_nvme(from, offset, size.sub(offset).min(BigInt(MiB))), to, offset);
  });
});
const one = defineProgram('one', { from: fd('r') }, ({ from }) => ({ data: io.dma_from_nvme(from, 3, 100_000) }));

/** Bytes that this process has had read from and written to devices. */
function deviceBytes(): { read: number; written: number } {
  const text = readFileSync('/proc/self/io', 'utf8');
  return { read: Number(/^read_bytes: (\d+)$/mu.exec(text)?.[1]), written: Number(/^write_bytes: (\d+)$/mu.exec(text)?.[1]) };
}

test('a cold file is copied past the page cache, and the kernel counts what the report says', async () => {
  const data = randomBytes(1, 20 * MiB + 999);
  const from = join(folder, 'from');
  writeFileSync(from, data);
  execFileSync('sync', [from]);
  execFileSync('dd', [`if=${from}`, 'iflag=nocache', 'count=0'], { stdio: 'pipe' });
  const before = resources();
  await using s = await session({ registry, backends: ['io-uring'] });
  const executable = await s.compile(copy);
  expect(executable.placement.ops).toContainEqual(expect.objectContaining({ op: 'io.dma_from_nvme', backend: 'io-uring', how: 'native', path: { via: 'direct', spaces: ['host'], bounces: 0 } }));
  const args = { from: await s.grant(from), to: await s.grant(join(folder, 'to'), { rights: 'w', create: 'truncate' }) };
  const counted = deviceBytes();
  const { report } = await executable.run(args);
  const now = deviceBytes();
  expect(report.placement.files).toMatchObject([{ param: 'from', via: 'direct' }, { param: 'to', via: 'direct' }]);
  expect(report.bytes).toMatchObject({ read: BigInt(data.length), written: BigInt(data.length), bounced: 0n });
  // The last, partial page of the copy goes through the cache.
  expect(report.bytes.direct).toBe(BigInt(data.length + 20 * MiB));
  expect(report.bytes.buffered).toBe(999n);
  expect(now.read - counted.read).toBeGreaterThanOrEqual(data.length);
  expect(now.read - counted.read).toBeLessThan(data.length + MiB);
  expect(now.written - counted.written).toBeGreaterThanOrEqual(data.length);
  expect(now.written - counted.written).toBeLessThan(data.length + MiB);
  await s.close();
  await expectResources(before);
  expectBytes(readFileSync(join(folder, 'to')), data);
});

test('a file of 20 GiB streams through a small budget', async () => {
  const from = join(folder, 'sparse');
  execFileSync('truncate', ['-s', '20G', from]);
  const sum = defineProgram('sum', { from: fd('r') }, ({ from: file }) => {
    control.for({ from: u64(0), to: grant.size(file), step: BigInt(8 * MiB) }, (offset) => {
      io.dma_from_nvme(file, offset, BigInt(8 * MiB));
    });
  });
  await using s = await session({ registry, backends: ['io-uring'], memory: 48 * MiB });
  const executable = await s.compile(sum);
  const { report } = await executable.run({ from: await s.grant(from) });
  expect(report.bytes.read).toBe(20n * 2n ** 30n);
  const { Engine } = await import('../src/engine.ts');
  const engine = Engine.acquire();
  expect(engine.pool.mapped).toBeLessThanOrEqual(96 * MiB);
  engine.release();
}, 60_000);

test('a buffer in the application\'s hands has the bytes, from any offset', async () => {
  const data = randomBytes(2, 200_000);
  writeFileSync(join(folder, 'one'), data);
  await using s = await session({ registry, backends: ['io-uring'] });
  const executable = await s.compile(one);
  const { results, report } = await executable.run({ from: await s.grant(join(folder, 'one')) });
  expectBytes(await results.data.read(), data.subarray(3, 100_003));
  expect(report.placement.files).toMatchObject([{ via: 'buffered', reason: '100% of it is in the page cache' }]);
  expect(report.bytes).toMatchObject({ direct: 0n, buffered: 100_000n });
});

test('aborting a run rejects with the signal\'s own reason', async () => {
  const from = join(folder, 'abort');
  execFileSync('truncate', ['-s', '4G', from]);
  await using s = await session({ registry, backends: ['io-uring'], memory: 256 * MiB });
  const executable = await s.compile(copy);
  const controller = new AbortController();
  const reason = new Error('enough');
  const args = { from: await s.grant(from), to: await s.grant(join(folder, 'aborted'), { rights: 'w', create: 'truncate' }) };
  const run = executable.run(args, { signal: controller.signal, onProgress: () => controller.abort(reason) });
  await expect(run).rejects.toBe(reason);
  rmSync(join(folder, 'aborted'));
});

const gather = defineProgram('gather', { from: fd('r'), offsets: 'GpuBufferHandle', lengths: 'GpuBufferHandle', length: 'u64' }, ({ from, offsets, lengths, length }) => ({ data: io.gather(from, offsets, lengths, length) }));

test('a gather packs any stretches of a grant, in one call', async () => {
  const data = randomBytes(3, 6 * MiB);
  const path = join(folder, 'gather');
  writeFileSync(path, data);
  execFileSync('sync', [path]);
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'pipe' });
  await using s = await session({ registry, backends: ['io-uring'] });
  const executable = await s.compile(gather);
  const from = await s.grant(path, { offset: 8192, length: 5 * MiB });
  const next = randomNumbers(4);
  for (const aligned of [true, false]) {
    const lengths = new BigUint64Array(3000).map(() => BigInt(aligned ? 4096 : next() % 5000));
    const offsets = lengths.map((length) => BigInt(aligned ? (next() % 1200) * 4096 : next() % (5 * MiB - Number(length))));
    const length = lengths.reduce((sum, each) => sum + each, 0n);
    const { results, report } = await executable.run({ from, offsets, lengths, length });
    expect(report.transfers).toBe(1);
    expect(report.bytes.direct + report.bytes.buffered).toBe(length);
    if (aligned) expect(report.bytes.direct).toBe(length);
    const expected = Buffer.concat([...offsets].map((offset, i) => data.subarray(8192 + Number(offset), 8192 + Number(offset) + Number(lengths[i]))));
    expectBytes(await results.data.read(), expected);
    await results.data.close();
  }
  const none = new BigUint64Array(0);
  expect((await executable.run({ from, offsets: none, lengths: none, length: 0 })).report.bytes.read).toBe(0n);
});

test('what a gather refuses, before any byte moves', async () => {
  writeFileSync(join(folder, 'small'), randomBytes(5, 10_000));
  await using s = await session({ registry, backends: ['io-uring'] });
  const executable = await s.compile(gather);
  const from = await s.grant(join(folder, 'small'), { length: 5000 });
  const run = (offsets: bigint[], lengths: bigint[], length: number) => executable.run({ from, offsets: BigUint64Array.from(offsets), lengths: BigUint64Array.from(lengths), length });
  await expect(run([0n, 4999n], [1n, 2n], 3)).rejects.toMatchObject({ code: 'io/range', message: expect.stringContaining('stretch 1') as unknown });
  await expect(run([2n ** 64n - 1n], [2n], 2)).rejects.toMatchObject({ code: 'io/range' });
  await expect(run([0n], [1n, 2n], 3)).rejects.toMatchObject({ code: 'io/range', message: expect.stringContaining('1 offsets and 2 lengths') as unknown });
  await expect(run([0n], [4n], 3)).rejects.toMatchObject({ code: 'io/range', message: expect.stringContaining('4 bytes, and the buffer for them 3') as unknown });
  const all = await s.grant(join(folder, 'small'));
  await expect(executable.run({ from: all, offsets: BigUint64Array.of(0n, 9000n), lengths: BigUint64Array.of(500n, 2000n), length: 2500 })).rejects.toMatchObject({ code: 'io/short-read', details: { transferred: 1500 } });
});
