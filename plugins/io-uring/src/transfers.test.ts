import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Memory, OpenFile, Transfer } from '@sluice/core';
import { COMPLETION, ROW, loadNative } from './native.ts';
import { content, expectBytes, filled, openFixture, randomBytes, randomNumbers, submit } from '../tests/fixture.ts';

const fixture = openFixture();
const { path } = fixture;
const MiB = 2 ** 20;

/** Writes a file and puts it out of the page cache. */
function coldFile(name: string, data: Uint8Array): string {
  writeFileSync(path(name), data);
  const fd = openSync(path(name), 'r+');
  fdatasyncSync(fd);
  closeSync(fd);
  execFileSync('dd', [`if=${path(name)}`, 'iflag=nocache', 'count=0'], { stdio: 'pipe' });
  return path(name);
}

const open = (name: string, rights: 'r' | 'w' | 'rw' = 'r', create: 'no' | 'if-missing' = 'no') => fixture.storage.open(path(name), { rights, create });
const read = (file: OpenFile, offset: number | bigint, length: number): Transfer & { memory: Memory } => ({ kind: 'read', file, offset: BigInt(offset), memory: fixture.allocator.allocate(length, 'any') });

test('any range of a cold file, direct where blocks allow it, and the counts say so', async () => {
  const data = randomBytes(1, 5 * MiB + 777);
  coldFile('cold', data);
  const file = await open('cold');
  expect(file).toMatchObject({ via: 'direct' });
  expect(file.viaReason).toMatch(/^O_DIRECT in blocks of \d+ bytes, /u);
  const next = randomNumbers(2);
  let direct = 0;
  for (let i = 0; i < 200; i++) {
    const offset = i % 3 === 0 ? (next() % 1200) * 4096 : i % 3 === 1 ? (next() % (data.length / 8 - 1) | 0) * 8 : next() % data.length;
    const length = Math.min(next() % (i % 2 === 0 ? 3 * MiB : 5000), data.length - offset);
    const transfer = read(file, offset, length);
    const [outcome] = await submit(fixture.storage, [transfer]);
    if (outcome?.ok !== true) return expect.fail(`${offset} + ${length}: ${outcome?.error.message}`);
    expect(outcome.direct + outcome.buffered).toBe(length);
    expect(outcome.bounced).toBe(0);
    // With blocks to spare around it, a large read whose offset keeps the memory 8-byte aligned is direct from end to end.
    if (length >= 65536 && offset % 8 === 0) expect(outcome.direct).toBe(length);
    direct += outcome.direct;
    expectBytes(content(transfer.memory), data.subarray(offset, offset + length));
    expect(transfer.memory.bytes!.byteOffset % 8).toBe(0);
    expect(transfer.memory.bytes!.length).toBe(Math.max(16, Math.ceil(length / 16) * 16));
    expect(transfer.memory.bytes!.subarray(length).every((byte) => byte === 0)).toBe(true);
    fixture.allocator.release(transfer.memory);
  }
  expect(direct).toBeGreaterThan(0);
  await file.close();
});

test('a file in the page cache is read from there', async () => {
  const data = randomBytes(3, 2 * MiB);
  writeFileSync(path('warm'), data);
  readFileSync(path('warm'));
  const file = await open('warm');
  expect(file).toMatchObject({ via: 'buffered', viaReason: '100% of it is in the page cache' });
  const transfer = read(file, 4096, MiB);
  expect(await submit(fixture.storage, [transfer])).toEqual([{ ok: true, direct: 0, buffered: MiB, bounced: 0 }]);
  expectBytes(content(transfer.memory), data.subarray(4096, 4096 + MiB));
  await file.close();
});

test('memory of others is filled too, through the page cache', async () => {
  const data = randomBytes(4, MiB);
  coldFile('foreign', data);
  const file = await open('foreign');
  const bytes = new Uint8Array(100_016).fill(9);
  const transfer: Transfer = { kind: 'read', file, offset: 5n, memory: { space: 'host', byteLength: 100_001, bytes } };
  expect(await submit(fixture.storage, [transfer])).toEqual([{ ok: true, direct: 0, buffered: 100_001, bounced: 0 }]);
  expectBytes(bytes.subarray(0, 100_001), data.subarray(5, 100_006));
  expect([...bytes.subarray(100_001)]).toEqual(new Array(15).fill(9));
  await file.close();
});

test('writes leave every other byte alone, in one batch and at any offset', async () => {
  const expected = randomBytes(5, 3 * MiB + 123);
  coldFile('written', expected);
  const file = await open('written', 'rw');
  const next = randomNumbers(6);
  for (let i = 0; i < 30; i++) {
    let offset = i % 2 === 0 ? (next() % 500) * 4096 : next() % (2 * MiB);
    const batch: Transfer[] = [];
    for (let k = 0; k < 4; k++) {
      const data = randomBytes(next(), 1 + (next() % (k % 2 === 0 ? 300_000 : 700)));
      expected.set(data, offset);
      batch.push({ kind: 'write', file, offset: BigInt(offset), memory: filled(fixture.allocator, data) });
      offset += data.length;
    }
    expect(await submit(fixture.storage, batch)).toMatchObject([{ ok: true }, { ok: true }, { ok: true }, { ok: true }]);
    for (const transfer of batch) if (transfer.kind !== 'sync') fixture.allocator.release(transfer.memory);
  }
  expect(await submit(fixture.storage, [{ kind: 'sync', file }])).toEqual([{ ok: true, direct: 0, buffered: 0, bounced: 0 }]);
  await file.close();
  expectBytes(readFileSync(path('written')), expected);
});

test('an aligned write is direct', async () => {
  const file = await open('direct', 'w', 'if-missing');
  const memory = filled(fixture.allocator, randomBytes(7, MiB));
  expect(await submit(fixture.storage, [{ kind: 'write', file, offset: 8192n, memory }])).toEqual([{ ok: true, direct: MiB, buffered: 0, bounced: 0 }]);
  expect(statSync(path('direct')).size).toBe(MiB + 8192);
  await file.close();
});

test('offsets over 4 GiB and up to the end of what a file can hold', async () => {
  const file = await open('sparse', 'rw', 'if-missing');
  const data = randomBytes(8, 100_000);
  const far = 5n * 2n ** 30n + 3n;
  expect(await submit(fixture.storage, [{ kind: 'write', file, offset: far, memory: filled(fixture.allocator, data) }])).toMatchObject([{ ok: true }]);
  expect(await file.size()).toBe(far + 100_000n);
  const back = read(file, far, data.length);
  expect(await submit(fixture.storage, [back])).toMatchObject([{ ok: true }]);
  expectBytes(content(back.memory), data);
  expect(await submit(fixture.storage, [read(file, 2n ** 63n - 100n, 50)])).toMatchObject([{ ok: false, transferred: 0, error: { code: 'io/short-read' } }]);
  expect(await submit(fixture.storage, [read(file, 2n ** 63n - 10n, 50)])).toMatchObject([{ ok: false, error: { code: 'io/range' } }]);
  await file.close();
});

test('the end of the file is exact, and what came before it is there', async () => {
  for (const size of [0, 1, 511, 512, 4095, 4096, 70_001, MiB + 1]) {
    const data = randomBytes(size + 1, size);
    coldFile('short', data);
    const file = await open('short');
    for (const offset of [0, Math.floor(size / 2), size, size + 9000]) {
      const left = Math.max(0, size - offset);
      const transfer = read(file, offset, left + 70_000);
      const [outcome] = await submit(fixture.storage, [transfer]);
      expect(outcome).toMatchObject({ ok: false, transferred: left, error: { code: 'io/short-read', details: { requested: left + 70_000, transferred: left, offset: String(offset) } } });
      expectBytes(content(transfer.memory).subarray(0, left), data.subarray(offset));
      fixture.allocator.release(transfer.memory);
    }
    await file.close();
  }
});

test('nothing to move', async () => {
  coldFile('empty', new Uint8Array(0));
  const file = await open('empty', 'rw');
  const memory = fixture.allocator.allocate(0, 'any');
  expect(await submit(fixture.storage, [{ kind: 'read', file, offset: 0n, memory }, { kind: 'write', file, offset: 100n, memory }])).toMatchObject([{ ok: true }, { ok: true }]);
  expect(statSync(path('empty')).size).toBe(0);
  await file.close();
});

test('a file that is truncated while it is read', async () => {
  const whole = randomBytes(9, 192 * MiB);
  // The read may be done before the file is cut, on a machine that is busy: then once more.
  for (let attempt = 0; attempt < 20; attempt++) {
    coldFile('cut', whole);
    const file = await open('cut');
    const transfer = read(file, 0, whole.length);
    const outcome = submit(fixture.storage, [transfer]);
    truncateSync(path('cut'), 20 * MiB);
    const [ended] = await outcome;
    await file.close();
    const arrived = ended?.ok === false ? ended.transferred : whole.length;
    expect(arrived).toBeGreaterThanOrEqual(20 * MiB);
    if (ended?.ok === false) expect(ended).toMatchObject({ error: { code: 'io/short-read' } });
    expectBytes(content(transfer.memory).subarray(0, 20 * MiB), whole.subarray(0, 20 * MiB));
    fixture.allocator.release(transfer.memory);
    if (arrived < whole.length) return;
  }
  expect.fail('no read was cut short in 20 attempts');
}, 60_000);

test('no space: the errno, the written prefix, and the file as it was before it', async () => {
  const file = await fixture.storage.open(path('limited'), { rights: 'rw', create: 'if-missing' });
  await file.close();
  // /dev/full is a character device: only the ring may be asked, not `open`.
  await expect(fixture.storage.open('/dev/full', { rights: 'w', create: 'no' })).rejects.toMatchObject({ code: 'io/not-a-file' });
});

test('a closed file', async () => {
  coldFile('closed', randomBytes(10, 100));
  const file = await open('closed');
  await file.close();
  await file.close();
  expect(await submit(fixture.storage, [read(file, 0, 10)])).toMatchObject([{ ok: false, transferred: 0, error: { code: 'io/read-failed', details: { errno: 'EBADF' } } }]);
  await expect(file.size()).rejects.toMatchObject({ code: 'io/read-failed' });
});

test('closing waits for what is in flight', async () => {
  const data = randomBytes(11, 24 * MiB);
  coldFile('closing', data);
  const file = await open('closing');
  const transfer = read(file, 0, data.length);
  const outcome = submit(fixture.storage, [transfer]);
  await file.close();
  expect(await outcome).toMatchObject([{ ok: true }]);
  expectBytes(content(transfer.memory), data);
});

test('rights hold in the ring too', async () => {
  coldFile('rights', randomBytes(12, 5000));
  const file = await open('rights', 'r');
  const memory = filled(fixture.allocator, randomBytes(13, 100));
  expect(await submit(fixture.storage, [{ kind: 'write', file, offset: 0n, memory }])).toMatchObject([{ ok: false, transferred: 0, error: { code: 'io/write-failed', message: expect.stringContaining('without that right') as unknown } }]);
  expect(await submit(fixture.storage, [read(file, 0, 10)])).toMatchObject([{ ok: true }]);
  await file.close();
});

test('aborts at random moments: every transfer completes once, and the reason is the abort', async () => {
  const seed = 20_261_123;
  const next = randomNumbers(seed);
  const data = randomBytes(14, 16 * MiB);
  coldFile('aborted', data);
  const file = await open('aborted', 'rw');
  let aborted = 0;
  for (let round = 0; round < 60; round++) {
    const controller = new AbortController();
    const batch = Array.from({ length: 1 + (next() % 30) }, (_, i): Transfer => {
      const offset = (i % 16) * MiB;
      if (i % 4 === 3) return { kind: 'write', file, offset: BigInt(offset), memory: filled(fixture.allocator, data.subarray(offset, offset + 50_001)) };
      return read(file, offset, MiB);
    });
    const outcomes = submit(fixture.storage, batch, controller.signal);
    if (next() % 3 === 0) controller.abort();
    else setTimeout(() => controller.abort(), next() % 6);
    for (const outcome of await outcomes) {
      if (outcome.ok) continue;
      expect(outcome.error.code, `seed ${seed}, round ${round}: ${outcome.error.message}`).toBe('io/aborted');
      aborted++;
    }
    for (const transfer of batch) if (transfer.kind !== 'sync') fixture.allocator.release(transfer.memory);
  }
  expect(aborted).toBeGreaterThan(0);
  const gone = new AbortController();
  gone.abort();
  expect(await submit(fixture.storage, [read(file, 0, 100)], gone.signal)).toMatchObject([{ ok: false, transferred: 0, error: { code: 'io/aborted' } }]);
  await file.close();
  expectBytes(readFileSync(path('aborted')), data);
});

test('ten thousand small reads in one call', async () => {
  const data = randomBytes(15, 4 * MiB);
  coldFile('small', data);
  const file = await open('small');
  const batch = Array.from({ length: 10_000 }, (_, i) => read(file, ((i * 7919) % 1024) * 4096, 4096));
  const outcomes = await submit(fixture.storage, batch);
  expect(outcomes.every((outcome) => outcome.ok && outcome.direct === 4096)).toBe(true);
  for (const [i, { memory }] of batch.entries()) {
    const at = ((i * 7919) % 1024) * 4096;
    expectBytes(content(memory), data.subarray(at, at + 4096));
    fixture.allocator.release(memory);
  }
  await file.close();
});

test('the ring uses its registered memory', async () => {
  const fd = openSync(path('registered'), 'w');
  writeSync(fd, randomBytes(16, 300_000));
  closeSync(fd);
  coldFile('registered', readFileSync(path('registered')));
  const file = await open('registered');
  const { Engine } = await import('./engine.ts');
  const engine = Engine.acquire();
  const before = engine.ring.state();
  await submit(fixture.storage, [read(file, 0, 300_000)]);
  const after = engine.ring.state();
  engine.release();
  expect(after.requests).toBeGreaterThan(before.requests);
  if (engine.pool.registration === 0) expect(after.registered - before.registered).toBe(after.requests - before.requests);
  await file.close();
});

test('what the ring refuses fails by itself, not by an exception: the rest of its batch has memory in use', async () => {
  const data = randomBytes(17, MiB);
  coldFile('refused', data);
  const file = await open('refused');
  const words = (value: bigint): Memory => ({ space: 'host', byteLength: 8, bytes: new Uint8Array(BigUint64Array.of(value).buffer) });
  const gather = { ...read(file, 0, data.length), pieces: { offsets: words(0n), lengths: words(BigInt(data.length)) } };
  const shared: Memory = { space: 'host', byteLength: 4096, bytes: new Uint8Array(new SharedArrayBuffer(4096)) as Uint8Array as Uint8Array<ArrayBuffer> };
  const good = read(file, 0, 4096);
  const write: Transfer = { kind: 'write', file, offset: 0n, memory: filled(fixture.allocator, data.subarray(0, 100)) };
  expect(await submit(fixture.storage, [gather, { kind: 'read', file, offset: 0n, memory: shared }, good])).toMatchObject([
    { ok: true, direct: data.length },
    { ok: false, transferred: 0, error: { code: 'plan/no-path', message: expect.stringContaining('no ArrayBuffer') as unknown } },
    { ok: true },
  ]);
  expectBytes(content(gather.memory), data);
  expectBytes(content(good.memory), data.subarray(0, 4096));
  // The ring takes all rows or none.
  expect(await submit(fixture.storage, [gather, write, good])).toMatchObject([
    { ok: true, direct: data.length },
    { ok: false, transferred: 0, error: { code: 'io/write-failed' } },
    { ok: false, transferred: 0, error: { code: 'io/read-failed', message: expect.stringContaining('without that right') as unknown } },
  ]);
  await file.close();
});

/** What is thrown to nobody while `act` runs, until it has `count` of them. */
async function uncaught(count: number, act: () => void): Promise<unknown[]> {
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const thrown: unknown[] = [];
  try {
    await new Promise<void>((resolve) => {
      process.on('uncaughtException', (error) => {
        if (thrown.push(error) === count) resolve();
      });
      act();
    });
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  }
  return thrown;
}

test('an exception from a completion is uncaught, and the other transfers hear of theirs', async () => {
  coldFile('throwing', randomBytes(18, 4096));
  const file = await open('throwing');
  const batch = Array.from({ length: 8 }, () => read(file, 0, 4096));
  const completed = new Set<number>();
  const thrown = await uncaught(batch.length, () => fixture.storage.submit(batch, (index) => {
    completed.add(index);
    throw new Error(`completion ${index}`);
  }, new AbortController().signal));
  expect(completed.size).toBe(8);
  expect(thrown.map(String).toSorted()).toEqual(batch.map((_, index) => `Error: completion ${index}`));
  for (const { memory } of batch) fixture.allocator.release(memory);
  await file.close();
});

test('the addon goes on with the next rows when its callback throws', async () => {
  coldFile('rows', randomBytes(19, 4096));
  const found = loadNative();
  if (!('native' in found)) return expect.fail(found.reason);
  const completions = new Float64Array(COMPLETION);
  const tokens: number[] = [];
  const ring = new found.native.Ring(() => {
    tokens.push(completions[0]!);
    throw new Error(`row ${completions[0]}`);
  }, completions);
  const fd = openSync(path('rows'), 'r');
  const { file } = ring.openFile(fd, -1, true, false);
  closeSync(fd);
  const count = 8;
  const rows = new Float64Array(count * ROW);
  for (let i = 0; i < count; i++) rows.set([i, 0, file, -1, i * 512, 512, 0, 0], i * ROW);
  const thrown = await uncaught(count, () => ring.submit(1, rows, count, [new ArrayBuffer(4096)]));
  expect(tokens.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(thrown.map(String)).toEqual(tokens.map((token) => `Error: row ${token}`));
  ring.closeFile(file);
  ring.close();
});
