import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import { isSluiceError } from '@sluice/core';
import type { FileSource, SluiceError } from '@sluice/core';
import { descriptors, memory, openFixture, randomBytes, submit } from '../tests/fixture.ts';

const fixture = openFixture();
const { path } = fixture;
const windows = process.platform === 'win32';
const rights = ['r', 'w', 'rw'] as const;
const read = { rights: 'r', create: 'no' } as const;

/** The error of an open that must fail. */
async function refused(source: FileSource, options: Parameters<typeof fixture.storage.open>[1] = read): Promise<SluiceError> {
  const error: unknown = await fixture.storage.open(source, options).then(async (file) => {
    await file.close();
    expect.fail('it opened');
  }, (e: unknown) => e);
  if (!isSluiceError(error)) throw error;
  expect(error.family).toBe('run');
  expect(error.fix).not.toBe('');
  return error;
}

const execute = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' }).trim();
function run(skip: TestContext['skip'], command: string, ...args: string[]): string {
  try {
    return execute(command, ...args);
  } catch (error) {
    return skip(`${command} fails here: ${(error as Error).message.split('\n').join(' ')}`);
  }
}

test('a path and a file URL open the same file', async () => {
  writeFileSync(path('a file#1'), 'twelve bytes');
  const byPath = await fixture.storage.open(path('a file#1'), read);
  const byUrl = await fixture.storage.open(pathToFileURL(path('a file#1')), read);
  const { dev, ino } = statSync(path('a file#1'), { bigint: true });
  expect(byPath).toMatchObject({ name: path('a file#1'), identity: `${dev}:${ino}`, via: 'buffered' });
  expect(byUrl).toMatchObject({ name: byPath.name, identity: byPath.identity });
  expect(await byUrl.size()).toBe(12n);
  await byPath.close();
  await byUrl.close();
});

test('identity follows the file, not its name', async () => {
  writeFileSync(path('one'), '');
  writeFileSync(path('two'), '');
  linkSync(path('one'), path('one again'));
  const files = await Promise.all(['one', 'one again', 'two'].map((name) => fixture.storage.open(path(name), read)));
  const [one, again, two] = files.map((file) => file.identity);
  expect(again).toBe(one);
  expect(two).not.toBe(one);
  await Promise.all(files.map((file) => file.close()));
});

test('size follows the file, beyond 4 GiB too', async ({ skip }) => {
  skip(windows, 'files are not sparse here');
  writeFileSync(path('growing'), 'x');
  const file = await fixture.storage.open(path('growing'), read);
  expect(await file.size()).toBe(1n);
  truncateSync(path('growing'), 5 * 2 ** 30 + 1);
  expect(await file.size()).toBe(5n * 2n ** 30n + 1n);
  await file.close();
});

test('a missing file', async () => {
  for (const right of rights) {
    const error = await refused(path('missing'), { rights: right, create: 'no' });
    expect(error.code).toBe('io/not-found');
    expect(error.message).toContain(path('missing'));
    expect(error.details).toMatchObject({ errno: 'ENOENT', op: 'open', file: path('missing') });
  }
  expect(existsSync(path('missing'))).toBe(false);
  expect((await refused(path('no folder/file'), { rights: 'w', create: 'truncate' })).code).toBe('io/not-found');
  writeFileSync(path('not a folder'), '');
  expect((await refused(path('not a folder/file'))).code).toBe('io/not-found');
  expect((await refused('')).code).toBe('io/not-found');
});

test('creation: no, if-missing, truncate', async () => {
  const open = async (name: string, create: 'if-missing' | 'truncate', right: 'r' | 'w' | 'rw' = 'w') => (await fixture.storage.open(path(name), { rights: right, create })).close();
  for (const create of ['if-missing', 'truncate'] as const) {
    await open(`new ${create}`, create);
    expect(statSync(path(`new ${create}`)).size).toBe(0);
    if (!windows) expect(statSync(path(`new ${create}`)).mode & 0o777).toBe(0o666 & ~process.umask());
  }
  writeFileSync(path('kept'), 'content');
  await open('kept', 'if-missing', 'rw');
  await open('kept', 'if-missing', 'r');
  expect(readFileSync(path('kept'), 'utf8')).toBe('content');
  await open('kept', 'truncate', 'rw');
  expect(statSync(path('kept')).size).toBe(0);
});

test('truncating with the right to read alone is refused, and truncates nothing', async () => {
  writeFileSync(path('precious'), 'content');
  expect((await refused(path('precious'), { rights: 'r', create: 'truncate' })).code).toBe('io/permission');
  expect(readFileSync(path('precious'), 'utf8')).toBe('content');
});

test('a directory', async () => {
  for (const right of rights) {
    for (const create of ['no', 'if-missing'] as const) expect((await refused(dirname(path('x')), { rights: right, create })).code).toBe('io/is-directory');
  }
});

test('a file without permission', async ({ skip }) => {
  skip(process.getuid === undefined, 'no user ids here');
  writeFileSync(path('secret'), 'secret');
  chmodSync(path('secret'), 0o000);
  chmodSync(dirname(path('secret')), 0o755);
  const root = process.getuid?.() === 0;
  skip(root && process.seteuid === undefined, 'root may read anything, and this thread cannot become another user');
  if (root) process.seteuid?.(65534);
  try {
    for (const right of rights) {
      const error = await refused(path('secret'), { rights: right, create: 'no' });
      expect(error.code).toBe('io/permission');
      expect(error.details['errno']).toBe('EACCES');
    }
    if (root) expect((await refused(path('not mine'), { rights: 'w', create: 'truncate' })).code).toBe('io/permission');
  } finally {
    if (root) process.seteuid?.(0);
  }
});

test('a FIFO, a socket, a character device: refused, never waited for', async ({ skip }) => {
  skip(windows, 'none of these here');
  run(skip, 'mkfifo', path('fifo'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path('socket'), resolve));
  for (const source of [path('fifo'), path('socket'), '/dev/null', '/dev/full']) {
    if (!existsSync(source)) continue;
    for (const right of rights) {
      const error = await refused(source, { rights: right, create: 'if-missing' });
      expect(error.code).toBe('io/not-a-file');
      expect(error.message).toContain(source);
    }
  }
  await new Promise((resolve) => server.close(resolve));
});

test('a FIFO that takes the place of a file while it is opened', async ({ skip }) => {
  skip(windows, 'no FIFOs here');
  run(skip, 'mkfifo', path('waiting fifo'));
  writeFileSync(path('waiting file'), 'content');
  const { dev, ino } = statSync(path('waiting file'), { bigint: true });
  const regular = `${dev}:${ino}`;
  for (let i = 0; i < 200; i++) {
    linkSync(path('waiting file'), path('contested'));
    const opened = fixture.storage.open(path('contested'), read).then(
      async (file) => {
        await file.close();
        expect(file.identity).toBe(regular);
      },
      (e: unknown) => {
        if (!isSluiceError(e)) throw e;
        expect(e.code).toBe('io/not-a-file');
      },
    );
    linkSync(path('waiting fifo'), path('next'));
    for (let turn = i % 7; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
    renameSync(path('next'), path('contested'));
    await opened;
    rmSync(path('contested'));
  }
});

test('a FIFO is not even opened: whoever waits at its other end goes on waiting', async ({ skip }) => {
  skip(windows, 'no FIFOs here');
  run(skip, 'mkfifo', path('quiet fifo'));
  const writer = spawn('sh', ['-c', 'echo x > "$1"', 'sh', path('quiet fifo')], { stdio: 'ignore' });
  const ended = new Promise<string>((resolve) => writer.on('exit', () => resolve('ended')));
  const waiting = () => Promise.race([ended, setTimeout(100, 'waiting')]);
  expect(await waiting()).toBe('waiting');
  expect((await refused(path('quiet fifo'))).code).toBe('io/not-a-file');
  expect(await waiting()).toBe('waiting');
  writer.kill();
  await ended;
});

test('other refusals of the system keep its errno', async ({ skip }) => {
  const error = await refused(path('n'.repeat(300)));
  expect(error.code).toBe('io/open-failed');
  expect(error.details['errno']).toBe('ENAMETOOLONG');
  skip(windows, 'no symbolic links without privilege here');
  symlinkSync(path('loop'), path('loop'));
  const circle = await refused(path('loop'));
  expect(circle.code).toBe('io/not-found');
  expect(circle.details['errno']).toBe('ELOOP');
});

test('sources that are neither path nor file URL', async () => {
  for (const source of [new URL('https://example.invalid/x'), new URL('file:///a%2fb'), {}, new Blob(['x']), `${path('x')}\0y`]) {
    const error = await refused(source);
    expect(error.code).toBe('io/source');
    expect(error.fix).toContain('path');
  }
});

test('an aborted open rejects with the reason itself and leaves nothing open', async () => {
  writeFileSync(path('to abort'), '');
  const open = (signal: AbortSignal) => fixture.storage.open(path('to abort'), { ...read, signal });
  await expect(open(AbortSignal.abort('because'))).rejects.toBe('because');
  const before = descriptors();
  for (let turns = 0; turns < 60; turns++) {
    const controller = new AbortController();
    const outcome = open(controller.signal).then((file) => file.close(), (e: unknown) => expect(e).toBe('later'));
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    controller.abort('later');
    await outcome;
  }
  expect(descriptors()).toBe(before);
});

test('after close a file is closed, for transfers and questions; closing again is nothing', async () => {
  writeFileSync(path('closed'), 'content');
  const file = await fixture.storage.open(path('closed'), read);
  await Promise.all([file.close(), file.close()]);
  await file.close();
  const failure = await file.size().catch((e: unknown) => e);
  expect(isSluiceError(failure) && failure.code).toBe('io/read-failed');
  for (const kind of ['read', 'write', 'sync'] as const) {
    const [outcome] = await submit(fixture.storage, [{ kind, file, offset: 0n, memory: memory(4) }]);
    expect(outcome).toMatchObject({ ok: false, transferred: 0, error: { code: `io/${kind}-failed`, details: { errno: 'EBADF' } } });
  }
});

test('closing waits for the calls that use the descriptor, and none comes later', async () => {
  const size = 32 << 20;
  writeFileSync(path('busy'), '');
  writeFileSync(path('victim'), 'untouched');
  const file = await fixture.storage.open(path('busy'), { rights: 'w', create: 'no' });
  const transfer = submit(fixture.storage, [{ kind: 'write', file, offset: 0n, memory: memory(size, 7) }]);
  await new Promise((resolve) => setImmediate(resolve));
  const order: string[] = [];
  void transfer.then(() => order.push('transfer'));
  await file.close().then(() => order.push('close'));
  expect(order).toEqual(['transfer', 'close']);
  // Takes the number that the closed descriptor had.
  const victim = await fixture.storage.open(path('victim'), { rights: 'rw', create: 'no' });
  const [outcome] = await transfer;
  expect(outcome).toMatchObject({ ok: false, error: { code: 'io/write-failed', details: { errno: 'EBADF' } } });
  expect(statSync(path('busy')).size).toBeGreaterThan(0);
  await victim.close();
  expect(readFileSync(path('victim'), 'utf8')).toBe('untouched');
});

test('a block device has a size and content, and one identity under two names', async ({ skip }) => {
  skip(process.getuid?.() !== 0 || process.platform !== 'linux', 'loop devices take root on Linux');
  const data = randomBytes(11, 5 * 512 * 7);
  writeFileSync(path('image'), data);
  const device = run(skip, 'losetup', '--find', '--show', path('image'));
  try {
    const { rdev } = statSync(device);
    run(skip, 'mknod', path('node'), 'b', String((rdev >> 8) & 0xfff), String((rdev & 0xff) | ((rdev >> 12) & 0xfff00)));
    const [one, two] = await Promise.all([device, path('node')].map((source) => fixture.storage.open(source, read)));
    expect(await one!.size()).toBe(BigInt(data.length));
    expect(two!.identity).toBe(one!.identity);
    const into = memory(1000);
    const [outcome] = await submit(fixture.storage, [{ kind: 'read', file: one!, offset: 4097n, memory: into }]);
    expect(outcome).toMatchObject({ ok: true, buffered: 1000 });
    expect(into.bytes.subarray(0, 1000)).toEqual(data.subarray(4097, 5097));
    await one!.close();
    await two!.close();
  } finally {
    execute('losetup', '--detach', device);
  }
});

test('closing the device closes its files', async () => {
  mkdirSync(path('folder'));
  writeFileSync(path('folder/left open'), 'x');
  const { Registry } = await import('@sluice/core');
  const { plugin } = await import('./plugin.ts');
  const registry = new Registry().with(plugin);
  const device = await registry.backends.get('fs')!.open({ registry });
  const file = await device.storage!.open(path('folder/left open'), read);
  await device.close();
  await expect(file.size()).rejects.toMatchObject({ code: 'io/read-failed' });
});
