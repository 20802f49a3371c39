import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Registry } from '@sluice/core';
import { demo } from './demo.ts';
import { expectedOf } from './expected.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-demo-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Bytes that look random and are the same in every run. */
function bytes(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash('sha256').update(String(i)).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

async function fileOf(content: Uint8Array): Promise<string> {
  const file = join(folder, 'input.bin');
  await writeFile(file, content);
  return file;
}

/** Bytes that this process has had read from devices, and through read calls. */
function kernelCounts(): { readonly fromDevices: number; readonly throughCalls: number } {
  const text = readFileSync('/proc/self/io', 'utf8');
  const [, calls, devices] = /^rchar: (\d+)[^]*^read_bytes: (\d+)$/mu.exec(text) ?? [];
  return { fromDevices: Number(devices), throughCalls: Number(calls) };
}

describe('the plain computation', () => {
  test('gives the published check value of CRC-32', async () => {
    const { crc32, histogram, byteLength } = await expectedOf(await fileOf(Buffer.from('123456789')));
    expect({ crc32, byteLength, ones: histogram[0x31], nuls: histogram[0] }).toEqual({ crc32: 0xcbf43926, byteLength: 9, ones: 1n, nuls: 0n });
  });

  test.skipIf(!('crc32' in zlib))('agrees with zlib over several blocks (node:zlib has crc32 from Node 20.15 and 22.2)', async () => {
    const content = bytes(2_500_000);
    expect((await expectedOf(await fileOf(content))).crc32).toBe((zlib as unknown as { crc32(data: Uint8Array): number }).crc32(content));
  });
});

describe('the demo', () => {
  test.for(['fs', 'io-uring'])('runs on WebGPU with %s, and the CPU copies nothing', async (storage, { skip }) => {
    for (const id of [storage, 'wgsl']) {
      await import(`@sluice/${id}`);
      const probe = await Registry.default.backends.get(id)?.probe();
      skip(probe?.available === false, `${id}: ${probe?.available === false ? probe.reason : ''}`);
    }
    const length = 1_000_003;
    const outcome = await demo({ file: await fileOf(bytes(length)), out: folder, backends: [storage, 'wgsl'] });
    expect(outcome).toMatchObject({ histogram: true, crc32: true });
    expect(outcome.report.bytes).toEqual({ direct: 0n, buffered: BigInt(length + 2052), bounced: 0n, read: BigInt(length), written: 2052n });
    expect(outcome.report.placement.ops.flatMap((o) => (o.path === undefined ? [] : [o.path]))).toEqual([
      { via: 'buffered', spaces: ['webgpu-upload', 'webgpu'], bounces: 0 },
      { via: 'buffered', spaces: ['webgpu', 'webgpu-readback'], bounces: 0 },
    ]);
    expect(outcome.report.placement.files.map((f) => f.via)).toEqual(['buffered', 'buffered', 'buffered']);
  });

  // Around the bytes of one invocation, of one workgroup, and of one chunk.
  test.each([0, 1, 16_383, 16_384, 16_385, 1_048_576 + 7])('gives the histogram and CRC-32 of %i bytes', async (length) => {
    const file = await fileOf(bytes(length));
    const out = join(folder, 'deep', 'out');
    const outcome = await demo({ file, out, backends: ['fs', 'cpu-ref'] });
    expect(outcome).toMatchObject({ histogram: true, crc32: true, out });
    expect(outcome.report.bytes).toEqual({ direct: 0n, buffered: BigInt(length + 2052), bounced: 0n, read: BigInt(length), written: 2052n });
    expect((await readdir(out)).sort()).toEqual(['crc32.bin', 'histogram.bin']);
    expect((await readFile(join(out, 'crc32.bin'))).readUInt32LE()).toBe(outcome.expected.crc32);
    expect((await readFile(join(out, 'histogram.bin'))).readBigUInt64LE(8 * 0x41)).toBe(outcome.expected.histogram[0x41]);
  });

  test('a chunk boundary in the file makes no difference', async () => {
    const file = await fileOf(Buffer.alloc((64 << 20) + 12_345, bytes(4099)));
    const shares: number[] = [];
    const outcome = await demo({ file, out: folder, backends: ['fs', 'cpu-ref'], onProgress: (doing, share) => doing === 'running' && shares.push(share) });
    expect(outcome).toMatchObject({ histogram: true, crc32: true });
    expect(shares.length).toBeGreaterThan(1);
    expect(shares.at(-1)).toBe(1);
  });

  test('results of an earlier run are replaced whole', async () => {
    const file = await fileOf(bytes(100));
    await writeFile(join(folder, 'crc32.bin'), bytes(5000));
    expect(await demo({ file, out: folder })).toMatchObject({ histogram: true, crc32: true });
  });

  test('a backend that is named and not installed is an error; one of the preferred ones is passed over', async () => {
    const file = await fileOf(bytes(1));
    await expect(demo({ file, out: folder, backends: ['nothing-like-it', 'fs', 'cpu-ref'] })).rejects.toMatchObject({ code: 'demo/not-installed', available: ['fs', 'cpu-ref'] });
    const { asked } = await demo({ file, out: folder });
    expect(asked.map((a) => a.id)).toEqual(['io-uring', 'fs', 'wgsl', 'cpu-ref']);
    expect(asked.filter((a) => a.absent === undefined).map((a) => a.id)).toEqual(expect.arrayContaining(['fs', 'cpu-ref']));
  });

  test('with io_uring, the path and the counters that it reports are what the kernel counts', async ({ skip }) => {
    const probe = await import('@sluice/io-uring').then(({ plugin }) => new Registry().with(plugin).backends.get('io-uring')?.probe());
    skip(probe?.available !== true, `io_uring cannot be used: ${probe?.available === false ? probe.reason : ''}`);
    const length = (6 << 20) + 4321;
    const file = await fileOf(bytes(length));
    await using handle = await open(file, 'r+');
    await handle.datasync();
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdio: 'pipe' });
    const before = kernelCounts();
    let after = before;
    // The last time before the results are compared with a computation that reads the file again.
    const outcome = await demo({ file, out: folder, backends: ['io-uring', 'cpu-ref'], onProgress: (doing) => doing === 'running' && (after = kernelCounts()) });
    expect(outcome).toMatchObject({ histogram: true, crc32: true });
    const { placement, bytes: moved } = outcome.report;
    skip(placement.files[0]?.via !== 'direct', `the file system of ${folder} has no O_DIRECT, or kept the file cached: ${placement.files[0]?.reason}`);
    expect(moved).toMatchObject({ read: BigInt(length), written: 2052n, direct: BigInt(length), buffered: 2052n, bounced: 0n });
    // Blocks are read whole, and the process reads a little besides.
    expect(after.fromDevices - before.fromDevices).toBeGreaterThanOrEqual(length);
    expect(after.fromDevices - before.fromDevices).toBeLessThan(length + (4 << 20));
    // No read call of the process's own moved the file.
    expect(after.throughCalls - before.throughCalls).toBeLessThan(length);
    expect(String(placement)).toMatch(/^io\.dma_from_nvme +1 +io-uring +native +direct/m);
    expect(String(placement)).toMatch(/^input .* io-uring +direct +O_DIRECT in blocks of \d+ bytes/m);
  }, 60_000);

  test('the input is never one of the outputs', async () => {
    const file = join(folder, 'crc32.bin');
    await writeFile(file, 'precious');
    await expect(demo({ file, out: folder })).rejects.toMatchObject({ code: 'demo/same-file' });
    expect(await readFile(file, 'utf8')).toBe('precious');
  });

  test('a folder that cannot be made is an error, and no file is touched', async () => {
    const file = await fileOf(bytes(10));
    await expect(demo({ file, out: file })).rejects.toMatchObject({ code: 'demo/out', message: expect.stringMatching(/input\.bin` is a file$/) });
    await expect(demo({ file, out: join(file, 'below') })).rejects.toMatchObject({ code: 'demo/out', message: expect.stringMatching(/ENOTDIR/) });
    expect(await readFile(file)).toEqual(bytes(10));
  });

  test.skipIf(process.platform !== 'linux')('a file system that makes no folders is an error and no endless loop (/proc is of Linux)', async () => {
    const file = await fileOf(bytes(10));
    await expect(demo({ file, out: '/proc/nope/deeper' })).rejects.toMatchObject({ code: 'demo/out', message: expect.stringMatching(/ENOENT.*\/proc\/nope/) });
  });

  test.skipIf(process.platform !== 'linux')('a file without a size is an error, not a difference (/proc is of Linux)', async () => {
    await expect(demo({ file: '/proc/cpuinfo', out: folder, backends: ['fs', 'cpu-ref'] })).rejects.toMatchObject({ code: 'demo/size', message: expect.stringMatching(/its size was 0$/) });
  });

  test('a missing file makes no folder, and an abort rejects with its own reason', async () => {
    await expect(demo({ file: join(folder, 'missing'), out: join(folder, 'out') })).rejects.toMatchObject({ code: 'io/not-found' });
    expect(await readdir(folder)).toEqual([]);
    const reason = new Error('enough');
    await expect(demo({ file: await fileOf(bytes(10)), out: folder, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
