import { execFileSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Memory, OpenFile, Outcome, Rights, Transfer } from '@sluice/core';
import { expectBytes, memory, memoryOf, openFixture, randomBytes, submit } from '../tests/fixture.ts';

const fixture = openFixture();
const { path } = fixture;
const MiB = 2 ** 20;
/** Around the size of a chunk and of a page. */
const SIZES = [0, 1, 15, 16, 17, 4095, 4096, 4097, 2 * MiB - 1, 2 * MiB, 2 * MiB + 1, 5 * MiB + 3];
const OFFSETS = [0, 1, 511, 4096, 2 * MiB + 7];

const open = (name: string, rights: Rights = 'rw') => fixture.storage.open(path(name), { rights, create: rights === 'r' ? 'no' : 'if-missing' });
async function moved(transfer: Transfer): Promise<Outcome> {
  const [outcome] = await submit(fixture.storage, [transfer]);
  return outcome!;
}
const reading = (file: OpenFile, offset: number | bigint, into: Memory): Transfer => ({ kind: 'read', file, offset: BigInt(offset), memory: into });
const writing = (file: OpenFile, offset: number | bigint, from: Memory): Transfer => ({ kind: 'write', file, offset: BigInt(offset), memory: from });
const execute = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
/** What the command prints, undefined where it fails. */
function attempt(command: string, ...args: string[]): string | undefined {
  try {
    return execute(command, ...args);
  } catch {
    return undefined;
  }
}

test('reads of any offset and length give exactly these bytes, and touch no padding', async () => {
  const data = randomBytes(1, 8 * MiB);
  writeFileSync(path('data'), data);
  const file = await open('data', 'r');
  for (const offset of OFFSETS) {
    for (const size of SIZES) {
      const into = memory(size);
      expect(await moved(reading(file, offset, into))).toEqual({ ok: true, direct: 0, buffered: size, bounced: 0 });
      expectBytes(into.bytes.subarray(0, size), data.subarray(offset, offset + size));
      expect(into.bytes.subarray(size).every((byte) => byte === 0)).toBe(true);
    }
  }
  await file.close();
});

test('writes of any offset and length change exactly these bytes, and extend the file', async () => {
  const before = randomBytes(2, 3 * MiB);
  for (const offset of OFFSETS) {
    for (const size of SIZES) {
      writeFileSync(path('target'), before);
      const file = await open('target', 'w');
      const data = randomBytes(size + 3, size);
      expect(await moved(writing(file, offset, memoryOf(data)))).toEqual({ ok: true, direct: 0, buffered: size, bounced: 0 });
      await file.close();
      const expected = Buffer.alloc(Math.max(before.length, size === 0 ? 0 : offset + size));
      expected.set(before);
      expected.set(data, offset);
      expectBytes(readFileSync(path('target')), expected);
    }
  }
});

test('a write past the end leaves a hole of zeros', async () => {
  const file = await open('hole');
  expect(await moved(writing(file, 10_000, memoryOf(randomBytes(4, 5))))).toMatchObject({ ok: true });
  expectBytes(readFileSync(path('hole')), Buffer.concat([Buffer.alloc(10_000), randomBytes(4, 5)]));
  await file.close();
});

test('a view of memory is filled within its bounds', async () => {
  const data = randomBytes(5, 4 * MiB);
  writeFileSync(path('for views'), data);
  const file = await open('for views', 'r');
  const whole = new Uint8Array(3 * MiB).fill(1);
  const view: Memory = { space: 'host', byteLength: 2 * MiB + 5, bytes: whole.subarray(100, 100 + 2 * MiB + 16) };
  expect(await moved(reading(file, 9, view))).toMatchObject({ ok: true });
  expectBytes(whole.subarray(100, 100 + view.byteLength), data.subarray(9, 9 + view.byteLength));
  expect(whole.subarray(0, 100).every((byte) => byte === 1) && whole.subarray(100 + view.byteLength).every((byte) => byte === 1)).toBe(true);
  await file.close();
});

test('offsets over 4 GiB', async ({ skip }) => {
  skip(process.platform === 'win32', 'files are not sparse here');
  const file = await open('sparse');
  const data = randomBytes(6, 3000);
  for (const offset of [2 ** 31 - 1500, 2 ** 32 - 1500, 5 * 2 ** 32 + 1]) {
    expect(await moved(writing(file, offset, memoryOf(data)))).toMatchObject({ ok: true });
    const into = memory(5000);
    expect(await moved(reading(file, offset - 2000, into))).toMatchObject({ ok: true });
    expectBytes(into.bytes.subarray(0, 5000), Buffer.concat([Buffer.alloc(2000), data]));
    const fd = openSync(path('sparse'), 'r');
    const byNode = Buffer.alloc(3000);
    readSync(fd, byNode, 0, 3000, offset);
    closeSync(fd);
    expectBytes(byNode, data);
  }
  expect(await file.size()).toBe(BigInt(5 * 2 ** 32 + 1 + 3000));
  await file.close();
});

test('offsets over 2^53 are read, and writes there are refused', async ({ skip }) => {
  const name = '/dev/shm/sluice-fs-huge-' + process.pid;
  const far = 2n ** 53n + 1n;
  try {
    skip(!existsSync('/dev/shm') || attempt('truncate', '-s', String(2n ** 62n), name) === undefined, 'no file system here takes a file of 2^62 bytes');
    execFileSync('dd', [`of=${name}`, 'conv=notrunc', 'oflag=seek_bytes', `seek=${far}`, 'status=none'], { input: 'far away' });
    execFileSync('dd', [`of=${name}`, 'conv=notrunc', 'status=none'], { input: 'head' });
    const file = await fixture.storage.open(name, { rights: 'rw', create: 'no' });
    expect(await file.size()).toBe(2n ** 62n);
    const into = memory(12);
    expect(await moved(reading(file, far - 2n, into))).toMatchObject({ ok: true });
    expect(Buffer.from(into.bytes.subarray(0, 12)).toString('latin1')).toBe('\0\0far away\0\0');
    for (const offset of [2n ** 53n - 3n, 2n ** 53n, far]) {
      const outcome = await moved(writing(file, offset, memory(4)));
      expect(outcome).toMatchObject({ ok: false, transferred: 0, error: { code: 'fs/write-offset', family: 'run' } });
    }
    expect(await moved(writing(file, 2n ** 53n - 4n, memoryOf(randomBytes(7, 4))))).toMatchObject({ ok: true });
    expect(await moved(reading(file, 2n ** 53n - 4n, into))).toMatchObject({ ok: true });
    expectBytes(into.bytes.subarray(0, 4), randomBytes(7, 4));
    expect(await moved(reading(file, 0n, into))).toMatchObject({ ok: true });
    expect(Buffer.from(into.bytes.subarray(0, 12)).toString('latin1')).toBe('head\0\0\0\0\0\0\0\0');
    await file.close();
  } finally {
    rmSync(name, { force: true });
  }
});

test('offsets that no file has', async () => {
  writeFileSync(path('small'), 'content');
  const file = await open('small');
  for (const kind of ['read', 'write'] as const) {
    for (const offset of [-1n, -(2n ** 40n), 2n ** 63n - 4n, 2n ** 64n]) {
      expect(await moved({ kind, file, offset, memory: memory(4) })).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/range' } });
    }
  }
  expect(await moved(reading(file, 2n ** 63n - 5n, memory(4)))).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/short-read' } });
  expect(readFileSync(path('small'), 'utf8')).toBe('content');
  await file.close();
});

test('memory that the CPU cannot address, and memory that was detached', async () => {
  writeFileSync(path('for memory'), 'content');
  const file = await open('for memory', 'r');
  expect(await moved(reading(file, 0, { space: 'cuda', byteLength: 4 }))).toMatchObject({ ok: false, transferred: 0, error: { code: 'plan/no-path' } });
  const gone = memory(4);
  structuredClone(gone.bytes.buffer, { transfer: [gone.bytes.buffer] });
  expect(await moved(reading(file, 0, gone))).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/read-failed' } });
  await file.close();
});

test('the end of the file before the end of the read is io/short-read, with the count', async () => {
  const data = randomBytes(8, 5 * MiB + 77);
  writeFileSync(path('short'), data);
  const file = await open('short', 'r');
  for (const [offset, length] of [[0, data.length + 1], [data.length - 3, 10], [2 * MiB, 40 * MiB], [data.length, 1], [data.length + 5000, 16]] as const) {
    const into = memory(length);
    const outcome = await moved(reading(file, offset, into));
    const there = Math.max(0, data.length - offset);
    expect(outcome).toMatchObject({ ok: false, transferred: there, error: { code: 'io/short-read', details: { requested: length, transferred: there, offset: String(offset), file: path('short') } } });
    if (!outcome.ok) expect(outcome.error.message).toBe(`read of ${length} bytes at offset ${offset} of \`${path('short')}\` ended after ${there} bytes: the file ends there`);
    expectBytes(into.bytes.subarray(0, there), data.subarray(offset));
  }
  await file.close();
});

test('a file truncated during a read: what was there, or io/short-read, and the prefix is true', async () => {
  const data = randomBytes(9, 32 * MiB);
  for (let round = 0; round < 8; round++) {
    writeFileSync(path('shrinking'), data);
    const file = await open('shrinking', 'r');
    const into = memory(data.length, 0xaa);
    const outcome = moved(reading(file, 0, into));
    for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve));
    await truncate(path('shrinking'), MiB);
    const ended = await outcome;
    if (!ended.ok) {
      expect(ended.error.code).toBe('io/short-read');
      expect(ended.transferred).toBeGreaterThanOrEqual(MiB);
    }
    const count = ended.ok ? data.length : ended.transferred;
    expectBytes(into.bytes.subarray(0, count), data.subarray(0, count));
    await file.close();
  }
});

test('reading without the right to read, writing without the right to write', async () => {
  writeFileSync(path('rights'), 'content');
  const [reader, writer] = [await open('rights', 'r'), await open('rights', 'w')];
  expect(await moved(writing(reader, 0, memory(4)))).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/write-failed', family: 'run', details: { errno: 'EBADF', op: 'write' } } });
  expect(await moved(reading(writer, 0, memory(4)))).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/read-failed', details: { errno: 'EBADF', op: 'read' } } });
  expect(readFileSync(path('rights'), 'utf8')).toBe('content');
  await reader.close();
  await writer.close();
});

test('a device error has errno, op, offset and file', async ({ skip }) => {
  skip(!existsSync('/proc/self/mem'), 'no file here that is known to fail');
  // Nothing is mapped at these addresses.
  const file = await fixture.storage.open('/proc/self/mem', { rights: 'rw', create: 'no' });
  for (const kind of ['read', 'write'] as const) {
    const outcome = await moved({ kind, file, offset: 16n, memory: memory(8) });
    expect(outcome).toMatchObject({ ok: false, transferred: 0, error: { code: `io/${kind}-failed`, details: { errno: 'EIO', op: kind, offset: '16', file: '/proc/self/mem', requested: 8, transferred: 0 } } });
  }
  expect(await moved({ kind: 'sync', file })).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/sync-failed', details: { errno: 'EINVAL', op: 'sync', file: '/proc/self/mem' } } });
  await file.close();
});

test('a sync moves no bytes', async () => {
  const file = await open('synced', 'w');
  expect(await moved(writing(file, 0, memory(5000)))).toMatchObject({ ok: true });
  expect(await moved({ kind: 'sync', file })).toEqual({ ok: true, direct: 0, buffered: 0, bounced: 0 });
  await file.close();
});

test('a full disk: io/no-space, and the prefix that is reported is on it', async ({ skip }) => {
  mkdirSync(path('disk'));
  skip(attempt('mount', '-t', 'tmpfs', '-o', 'size=7m', 'none', path('disk')) === undefined, 'mounting a small file system takes root');
  try {
    const data = randomBytes(10, 16 * MiB);
    const file = await open('disk/full', 'w');
    const outcome = await moved(writing(file, 3, memoryOf(data)));
    if (outcome.ok) return expect.fail('it fitted');
    expect(outcome.error).toMatchObject({ code: 'io/no-space', details: { errno: 'ENOSPC', requested: data.length, transferred: outcome.transferred } });
    expect(outcome.transferred).toBeLessThanOrEqual(7 * MiB);
    expectBytes(readFileSync(path('disk/full')).subarray(3, 3 + outcome.transferred), data.subarray(0, outcome.transferred));
    await file.close();
  } finally {
    execute('umount', '-l', path('disk'));
  }
});

test('a disk that fills up in the middle of a write: later chunks may succeed, the prefix ends before', async ({ skip }) => {
  mkdirSync(path('disk 2'));
  skip(attempt('mount', '-t', 'tmpfs', '-o', 'size=8m', 'none', path('disk 2')) === undefined, 'mounting a small file system takes root');
  try {
    // Chunks three and four have their pages already; for the first two there is one MiB.
    const fd = openSync(path('disk 2/file'), 'w');
    for (let at = 4 * MiB; at < 8 * MiB; at += MiB) writeSync(fd, Buffer.alloc(MiB), 0, MiB, at);
    closeSync(fd);
    writeFileSync(path('disk 2/filler'), Buffer.alloc(3 * MiB));
    const data = randomBytes(11, 8 * MiB);
    const file = await open('disk 2/file', 'w');
    const outcome = await moved(writing(file, 0, memoryOf(data)));
    if (outcome.ok) return expect.fail('it fitted');
    expect(outcome.error.code).toBe('io/no-space');
    expect(outcome.transferred).toBeLessThanOrEqual(MiB);
    const written = readFileSync(path('disk 2/file'));
    expectBytes(written.subarray(0, outcome.transferred), data.subarray(0, outcome.transferred));
    expectBytes(written.subarray(4 * MiB), data.subarray(4 * MiB));
    await file.close();
  } finally {
    execute('umount', '-l', path('disk 2'));
  }
});

test('a limit on the size of files: the write goes on to the limit, and says so exactly', async ({ skip }) => {
  const limited = (limit: string) => attempt('prlimit', '--pid', String(process.pid), `--fsize=${limit}:`);
  const limit = 3 * MiB + 123;
  skip(limited(String(limit)) === undefined, 'no prlimit here');
  try {
    const data = randomBytes(12, 7 * MiB);
    const file = await open('limited', 'w');
    const outcome = await moved(writing(file, 1000, memoryOf(data)));
    expect(outcome).toMatchObject({ ok: false, transferred: limit - 1000, error: { code: 'io/write-failed', details: { errno: 'EFBIG', offset: '1000', requested: data.length, transferred: limit - 1000 } } });
    expectBytes(readFileSync(path('limited')).subarray(1000), data.subarray(0, limit - 1000));
    await file.close();
  } finally {
    limited('unlimited');
  }
});

test('a batch of 10,000 transfers: each completes once, and the signal has no listener left', async () => {
  const data = randomBytes(13, 160_000);
  writeFileSync(path('many'), data);
  const file = await open('many');
  const controller = new AbortController();
  const into = Array.from({ length: 10_000 }, () => memory(16));
  const outcomes = submit(fixture.storage, into.map((m, i) => reading(file, 16 * i, m)), controller.signal);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
  expect((await outcomes).every((outcome) => outcome.ok)).toBe(true);
  expectBytes(Buffer.concat(into.map((m) => m.bytes)), data);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  await file.close();
});

test('many batches on one signal at once warn of nothing', async () => {
  writeFileSync(path('batches'), 'content');
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const file = await open('batches', 'r');
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 100 }, () => submit(fixture.storage, [reading(file, 0, memory(4))], signal)));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  await file.close();
});

test('an empty batch, and transfers of nothing, complete; never before submit returns', async () => {
  const file = await open('nothing');
  fixture.storage.submit([], () => expect.fail('there was nothing to complete'), new AbortController().signal);
  let returned = false;
  const done = new Promise<void>((resolve) => {
    let left = 3;
    fixture.storage.submit([reading(file, 99, memory(0)), writing(file, 99, memory(0)), reading(file, -1, memory(1))], () => {
      expect(returned).toBe(true);
      if (--left === 0) resolve();
    }, new AbortController().signal);
  });
  returned = true;
  await done;
  expect(statSync(path('nothing')).size).toBe(0);
  await file.close();
});

test('aborted before: nothing starts', async () => {
  writeFileSync(path('abort'), randomBytes(14, 8 * MiB));
  const file = await open('abort');
  const into = memory(4 * MiB);
  const signal = AbortSignal.abort();
  const outcomes = await submit(fixture.storage, [reading(file, 0, into), writing(file, 0, memory(100, 1)), { kind: 'sync', file }], signal);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/aborted' } });
  expect(into.bytes.every((byte) => byte === 0xaa)).toBe(true);
  expectBytes(readFileSync(path('abort')), randomBytes(14, 8 * MiB));
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  await file.close();
});

test('aborted during: what has started ends, nothing else starts, and completed memory is not touched again', async () => {
  const data = randomBytes(15, 22 * MiB);
  writeFileSync(path('abort during'), data);
  const file = await open('abort during', 'r');
  const whole = new Uint8Array(data.length);
  const part = 3 * MiB + 16;
  const untouched = new Uint8Array(7 * part).fill(0x55);
  const batch = Array.from({ length: 7 }, (_, i) => reading(file, part * i, { space: 'host', byteLength: part, bytes: whole.subarray(part * i, part * (i + 1)) }));
  for (let turns = 0; turns < 8; turns++) {
    const controller = new AbortController();
    whole.fill(0);
    let cut = 0;
    const done = new Promise<void>((resolve) => {
      let left = batch.length;
      fixture.storage.submit(batch, (index, outcome) => {
        const bytes = whole.subarray(part * index, part * (index + 1));
        const count = outcome.ok ? part : outcome.transferred;
        expectBytes(bytes.subarray(0, count), data.subarray(part * index, part * index + count));
        if (!outcome.ok) {
          expect(outcome.error.code).toBe('io/aborted');
          cut++;
        }
        bytes.fill(0x55);
        if (--left === 0) resolve();
      }, controller.signal);
    });
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await done;
    if (turns === 0) expect(cut).toBe(batch.length);
    // A later read of the whole file runs behind anything that were still in flight.
    expect(await moved(reading(file, 0, memory(data.length)))).toMatchObject({ ok: true });
    expectBytes(whole.subarray(0, batch.length * part), untouched);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  }
  await file.close();
});

test('aborted after: nothing happens', async () => {
  writeFileSync(path('abort after'), 'content');
  const file = await open('abort after', 'r');
  const controller = new AbortController();
  const into = memory(7);
  const [outcome] = await submit(fixture.storage, [reading(file, 0, into)], controller.signal);
  controller.abort();
  expect(outcome).toMatchObject({ ok: true });
  expect(Buffer.from(into.bytes.subarray(0, 7)).toString()).toBe('content');
  await file.close();
});

test('an aborted transfer does not wait for those of other signals before it', async () => {
  writeFileSync(path('queue'), randomBytes(16, 48 * MiB));
  const file = await open('queue', 'r');
  const order: string[] = [];
  const long = submit(fixture.storage, [reading(file, 0, memory(48 * MiB))]).then(([outcome]) => order.push(`long ${outcome?.ok}`));
  const controller = new AbortController();
  const short = submit(fixture.storage, [reading(file, 0, memory(10))], controller.signal).then(([outcome]) => order.push(`short ${outcome?.ok}`));
  controller.abort();
  await Promise.all([long, short]);
  expect(order).toEqual(['short false', 'long true']);
  await file.close();
});
