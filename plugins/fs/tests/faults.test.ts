import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectBytes, randomBytes } from './fixture.ts';
import type { Printed } from './transfer-process.ts';

// A preloaded library makes the system calls of a Node process fail: what disks seldom do, done on purpose.
const folder = mkdtempSync(join(tmpdir(), 'sluice-fs-faults-'));
const faulty = join(folder, 'faulty');
const here = fileURLToPath(new URL('.', import.meta.url));
const MiB = 2 ** 20;
let unavailable: string | undefined;

beforeAll(async () => {
  if (process.platform !== 'linux') {
    unavailable = 'system calls are interposed on Linux alone';
    return;
  }
  try {
    execFileSync(process.env['CC'] ?? 'cc', ['-shared', '-fPIC', '-O1', '-o', join(folder, 'faults.so'), join(here, 'faults.c'), '-ldl'], { stdio: 'pipe' });
  } catch (error) {
    unavailable = `no C compiler here: ${(error as Error).message.split('\n')[0]}`;
    return;
  }
  await build({
    entry: [join(here, 'transfer-process.ts')], outDir: folder, config: false, silent: true, format: 'esm', target: 'node20', noExternal: [/^@sluice\//],
    outExtension: () => ({ js: '.mjs' }),
    esbuildOptions: (options) => void (options.conditions = ['@sluice/source']),
  });
  writeFileSync(faulty, '');
  const probe = transfer('eio=0', 'read', 0, 4);
  if (probe.ok || probe.error.details.errno !== 'EIO') unavailable = 'this build of Node calls its C library in another way';
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function transfer(faults: string, kind: 'read' | 'write' | 'sync', offset: number, length: number, then?: 'abort' | 'close'): Printed {
  const args = [join(folder, 'transfer-process.mjs'), kind, faulty, String(offset), String(length), ...(then === undefined ? [] : [then])];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000, env: { ...process.env, LD_PRELOAD: join(folder, 'faults.so'), FAULTS: faults } })) as Printed;
}

test('interrupted, postponed and short reads go on to the end', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const data = randomBytes(21, 9 * MiB + 5);
  writeFileSync(faulty, data);
  expect(transfer('flaky', 'read', 3, 9 * MiB)).toMatchObject({ ok: true, buffered: 9 * MiB });
  expectBytes(readFileSync(`${faulty}.copy`), data.subarray(3, 3 + 9 * MiB));
});

test('interrupted, postponed and short writes go on to the end', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const data = randomBytes(22, 9 * MiB);
  writeFileSync(faulty, 'abc');
  writeFileSync(`${faulty}.source`, data);
  expect(transfer('flaky', 'write', 3, data.length)).toMatchObject({ ok: true, buffered: data.length });
  expectBytes(readFileSync(faulty), Buffer.concat([Buffer.from('abc'), data]));
});

test('a read that ends early among flaky calls is short by as much as is missing', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  writeFileSync(faulty, randomBytes(23, 5 * MiB + 1));
  expect(transfer('flaky', 'read', 1, 9 * MiB)).toMatchObject({ ok: false, transferred: 5 * MiB, error: { code: 'io/short-read', details: { transferred: 5 * MiB, requested: 9 * MiB } } });
});

test('EIO in the middle: the prefix ends there exactly, although later chunks succeed', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const at = 3 * MiB + 17;
  const data = randomBytes(24, 9 * MiB);
  for (const kind of ['read', 'write'] as const) {
    writeFileSync(faulty, kind === 'read' ? data : '');
    writeFileSync(`${faulty}.source`, data);
    const outcome = transfer(`eio=${at}`, kind, 0, data.length);
    expect(outcome).toMatchObject({ ok: false, transferred: at, error: { code: `io/${kind}-failed`, details: { errno: 'EIO', op: kind, offset: '0', file: faulty, transferred: at, requested: data.length } } });
    const result = readFileSync(kind === 'read' ? `${faulty}.copy` : faulty);
    expectBytes(result.subarray(0, at), data.subarray(0, at));
    expectBytes(result.subarray(8 * MiB), data.subarray(8 * MiB));
  }
});

test('a call that never gets anywhere ends with its signal', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  writeFileSync(faulty, 'content');
  expect(transfer('again', 'read', 0, 7, 'abort')).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/aborted' } });
});

test('closing the file waits for slow calls, which keep their descriptor', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const data = randomBytes(25, 16 * MiB);
  writeFileSync(faulty, data);
  expect(transfer('slow', 'read', 0, data.length, 'close')).toMatchObject({ ok: true, buffered: data.length });
  expectBytes(readFileSync(`${faulty}.copy`), data);
});

test('a write that takes no byte fails, and is not repeated for ever', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  writeFileSync(faulty, '');
  writeFileSync(`${faulty}.source`, 'content');
  expect(transfer('nothing', 'write', 0, 7)).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/write-failed' } });
});

test('a failed sync is io/sync-failed, also where the device is full', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  expect(transfer('nosync', 'sync', 0, 0)).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/sync-failed', details: { errno: 'ENOSPC', op: 'sync', file: faulty } } });
});
