// What kernels, containers and disks do to the engine, done on purpose. What this machine cannot do is skipped, and says why.
import { execFileSync, spawnSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import type { Outcome, Probe } from '@sluice/core';
import { expectBytes, randomBytes, unavailable } from './fixture.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-io-uring-faults-'));
// Away from the sources, which another user may not be allowed to read; the addon is where the bundle looks for it.
const bundle = join(folder, 'package/dist');
const deny = join(folder, 'deny');
const fuse = join(folder, 'fuse');
const MiB = 2 ** 20;
const undo: (() => unknown)[] = [];
let noCompiler: string | undefined;

beforeAll(async () => {
  chmodSync(folder, 0o755);
  try {
    for (const program of [deny, fuse]) execFileSync('cc', ['-O1', '-o', program, join(here, `../native/tests/${basename(program)}.c`)], { stdio: 'pipe' });
  } catch (error) {
    noCompiler = `no C compiler here: ${(error as Error).message.split('\n')[0]}`;
  }
  await build({
    entry: [join(here, 'transfer-process.ts')], outDir: bundle, config: false, silent: true, format: 'esm', target: 'node20', noExternal: [/^@sluice\//],
    outExtension: () => ({ js: '.mjs' }),
    esbuildOptions: (options) => void (options.conditions = ['@sluice/source']),
  });
  if (unavailable === undefined) cpSync(join(here, '../native/prebuilds'), join(folder, 'package/native/prebuilds'), { recursive: true });
}, 60_000);
afterAll(async () => {
  for (const each of undo.toReversed()) await each();
  rmSync(folder, { recursive: true });
});

interface Printed {
  readonly probe: Probe;
  readonly open?: { readonly code: string; readonly message: string; readonly fix: string };
  readonly refused?: { readonly code: string; readonly message: string; readonly fix: string };
  readonly file?: { readonly via: string; readonly viaReason: string };
  readonly outcomes?: readonly Outcome[];
  readonly registered?: number;
}

/** Runs `transfer-process.ts`, under a command that takes something away from it. */
function run(under: readonly string[], ...args: string[]): Printed {
  const [command = '', ...rest] = [...under, process.execPath, join(bundle, 'transfer-process.mjs'), ...args];
  return JSON.parse(execFileSync(command, rest, { encoding: 'utf8', timeout: 60_000, stdio: ['ignore', 'pipe', 'inherit'] })) as Printed;
}

function command(skip: TestContext['skip'], name: string, ...args: string[]): string {
  try {
    return execFileSync(name, args, { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch (error) {
    return skip(`\`${name} ${args.join(' ')}\` fails here: ${(error as Error).message.split('\n').slice(0, 2).join(' ')}`);
  }
}

/** A file that FUSE serves; see `native/tests/fuse.c`. */
async function served(skip: TestContext['skip'], name: string, options: { size: number; short?: number; eio?: number; slow?: number; errno?: number }): Promise<string> {
  skip(noCompiler !== undefined, noCompiler);
  skip(process.getuid?.() !== 0, 'only root mounts');
  skip(!existsSync('/dev/fuse'), 'there is no /dev/fuse');
  const mounted = join(folder, name);
  mkdirSync(mounted);
  const { size, short = 0, eio = -1, slow = 0, errno = 5 } = options;
  const server = spawn(fuse, [mounted, ...[size, short, eio, slow, errno].map(String)], { stdio: 'pipe' });
  let said = '';
  server.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exited = once(server, 'exit');
  await Promise.race([once(server.stdout, 'data'), exited]);
  skip(server.exitCode !== null, `nothing can be served through FUSE: ${said}`);
  undo.push(async () => {
    server.stdin.end();
    await exited;
  });
  return join(mounted, 'file');
}

/** What such a file holds. */
function servedBytes(length: number): Uint8Array {
  return new Uint8Array(length).map((_, i) => i * 7 + Math.floor(i / 4096));
}

/** A small ext4 on a loop device, of which the backing file is given too. */
function loopDisk(skip: TestContext['skip'], name: string, megabytes: number): { folder: string; backing: string } {
  skip(process.getuid?.() !== 0, 'only root mounts');
  const backing = join(folder, `${name}.img`);
  command(skip, 'truncate', '-s', `${megabytes}M`, backing);
  command(skip, 'mkfs.ext4', '-q', '-F', '-m', '0', '-O', '^has_journal', backing);
  const mounted = join(folder, name);
  mkdirSync(mounted);
  command(skip, 'mount', '-o', 'loop', backing, mounted);
  undo.push(() => execFileSync('umount', ['-l', mounted], { stdio: 'pipe' }));
  return { folder: mounted, backing };
}

test.for([
  ['setup=EPERM', 'io_uring_setup failed with EPERM', 'seccomp'],
  ['setup=ENOSYS', 'io_uring_setup failed with ENOSYS', 'newer kernel'],
  ['enter=EPERM', 'io_uring_enter failed with EPERM', 'seccomp'],
  ['enter=ENOSYS', 'io_uring_enter failed with ENOSYS', 'newer kernel'],
  ['register=EPERM', 'io_uring_register failed with EPERM', 'seccomp'],
  ['register=ENOSYS', 'io_uring_register failed with ENOSYS', 'newer kernel'],
] as const)('%s: the probe says why, and what to do', ([rule, reason, remedy], { skip }) => {
  skip(noCompiler !== undefined, noCompiler);
  skip(unavailable !== undefined, unavailable);
  const { status } = spawnSync(deny, [rule, process.execPath, '-e', "require('net').createServer().listen(0, '127.0.0.1', () => process.exit(0))"]);
  skip(status !== 0, `Node ${process.version} itself ends under ${rule}: libuv has a ring of its own`);
  const { probe, open } = run([deny, rule], 'probe', '-');
  expect(probe).toMatchObject({ available: false, reason });
  expect(probe.available ? '' : probe.fix).toContain(remedy);
  expect(probe.available ? '' : probe.fix).toContain('@sluice/fs');
  expect(open).toMatchObject({ code: 'backend/open-failed' });
  expect(open?.message).toContain(reason);
});

test('a ring that stops being usable fails every transfer, and nothing hangs', ({ skip }) => {
  skip(noCompiler !== undefined, noCompiler);
  skip(unavailable !== undefined, unavailable);
  const path = join(folder, 'lost');
  writeFileSync(path, randomBytes(1, 40 * MiB));
  const { probe, outcomes } = run([deny, 'enter@8=EPERM'], 'read', path, '0', String(4 * MiB), '10');
  expect(probe.available).toBe(true);
  expect(outcomes).toHaveLength(10);
  for (const outcome of outcomes ?? []) expect(outcome).toMatchObject({ ok: false, error: { code: 'io-uring/ring-lost', details: { errno: 'EPERM' } } });
});

test('locked memory is limited: plain reads, and the file says so', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  skip(process.getuid?.() !== 0, 'only root becomes another user');
  const path = join(folder, 'locked');
  const data = randomBytes(2, 8 * MiB);
  writeFileSync(path, data, { mode: 0o666 });
  command(skip, 'sync', path);
  const limited = ['prlimit', '--memlock=1048576:1048576', 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];
  command(skip, limited[0] as string, ...limited.slice(1), process.execPath, '--version');
  command(skip, limited[0] as string, ...limited.slice(1), 'test', '-r', bundle);
  const { file, outcomes, registered } = run(limited, 'read-cold', path, '0', String(8 * MiB), '1');
  expect(file).toMatchObject({ via: 'direct' });
  expect(file?.viaReason).toContain('registering memory failed with ENOMEM (raise RLIMIT_MEMLOCK: ulimit -l)');
  expect(outcomes).toMatchObject([{ ok: true, direct: 8 * MiB }]);
  expect(registered).toBe(0);
});

test.for([
  ['what the page cache holds of a control group is given up for the pool', 500_000_000, true],
  ['a control group that is full refuses the pool', 0, false],
] as const)('%s', ([, cached, opens], { skip }) => {
  skip(unavailable !== undefined, unavailable);
  skip(process.getuid?.() !== 0, 'only root mounts');
  const path = join(folder, `grouped-${cached}`);
  writeFileSync(path, randomBytes(4, MiB));
  command(skip, 'unshare', '-m', 'true');
  const files = { 'memory.max': 536_870_912, 'memory.current': 530_000_000, 'memory.stat': `anon 1\\ninactive_file ${cached}\\nactive_file 0` };
  const script = ['mount -t tmpfs none /sys/fs/cgroup', ...Object.entries(files).map(([name, content]) => `printf '${content}\\n' > /sys/fs/cgroup/${name}`), 'exec "$@"'].join(' && ');
  const grouped = ['-m', 'sh', '-c', script, 'sh'];
  if (opens) expect(run(['unshare', ...grouped], 'read', path, '0', String(MiB), '1', `${path}.copy`).outcomes).toMatchObject([{ ok: true }]);
  else {
    const refused = spawnSync('unshare', [...grouped, process.execPath, join(bundle, 'transfer-process.mjs'), 'read', path, '0', String(MiB), '1', `${path}.copy`], { encoding: 'utf8', timeout: 60_000 });
    // Huge pages that somebody reserved are no part of a group's memory.
    expect(`${refused.stdout}${refused.stderr}`).toMatch(/mem\/too-large|hugetlb pages/);
  }
});

test('a file system without O_DIRECT blocks: tmpfs', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  skip(process.getuid?.() !== 0, 'only root mounts');
  const mounted = join(folder, 'tmpfs');
  mkdirSync(mounted);
  command(skip, 'mount', '-t', 'tmpfs', 'none', mounted);
  undo.push(() => execFileSync('umount', ['-l', mounted], { stdio: 'pipe' }));
  const path = join(mounted, 'file');
  const data = randomBytes(3, 3 * MiB + 1);
  writeFileSync(path, data);
  const { file, outcomes } = run([], 'read', path, '1', String(3 * MiB), '1', `${path}.copy`);
  expect(file).toMatchObject({ via: 'buffered' });
  expect(outcomes).toMatchObject([{ ok: true, direct: 0, buffered: 3 * MiB }]);
  expectBytes(readFileSync(`${path}.copy`), data.subarray(1));
  expect(run([], 'write', path, '5', String(3 * MiB), '1', path).outcomes).toMatchObject([{ ok: true }]);
});

test('no space in the middle of a write: the prefix is exact and is in the file', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const disk = loopDisk(skip, 'full', 24);
  const path = join(disk.folder, 'file');
  writeFileSync(join(folder, 'source'), randomBytes(4, 40 * MiB));
  writeFileSync(path, '');
  const { outcomes } = run([], 'write', path, '0', String(40 * MiB), '1', join(folder, 'source'));
  const [outcome] = outcomes ?? [];
  expect(outcome).toMatchObject({ ok: false, error: { code: 'io/no-space', details: { errno: 'ENOSPC', op: 'write' } } });
  const { transferred } = outcome as Extract<Outcome, { ok: false }>;
  expect(transferred).toBeGreaterThan(0);
  expect(transferred).toBeLessThan(24 * MiB);
  expectBytes(readFileSync(path).subarray(0, transferred), randomBytes(4, 40 * MiB).subarray(0, transferred));
});

test('EIO from the block layer: the prefix ends before it', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const disk = loopDisk(skip, 'broken', 64);
  const path = join(disk.folder, 'file');
  const data = randomBytes(5, 48 * MiB);
  writeFileSync(path, data);
  command(skip, 'sync');
  command(skip, 'truncate', '-s', '30M', disk.backing);
  command(skip, 'sh', '-c', 'echo 3 > /proc/sys/vm/drop_caches');
  const { outcomes } = run([], 'read', path, '0', String(48 * MiB), '1', join(folder, 'broken-copy'));
  const [outcome] = outcomes ?? [];
  expect(outcome).toMatchObject({ ok: false, error: { code: 'io/read-failed', details: { errno: 'EIO', op: 'read' } } });
  const { transferred } = outcome as Extract<Outcome, { ok: false }>;
  expect(transferred).toBeGreaterThan(0);
  expectBytes(readFileSync(join(folder, 'broken-copy')).subarray(0, transferred), data.subarray(0, transferred));
});

test('a file system that answers reads in part: the kernel gets that right, or the file is refused', async ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  // Parts that end in the middle of blocks, parts that are whole blocks, and one only at the end of the file.
  for (const [name, short] of [['odd', 5001], ['whole', 8192], ['last', MiB]] as const) {
    const path = await served(skip, name, { size: 3 * MiB + 77, short });
    const copy = join(folder, `${name}-copy`);
    const { refused, outcomes } = run([], 'read', path, '3', String(3 * MiB), '1', copy);
    if (refused !== undefined) {
      expect(refused).toMatchObject({ code: 'io/open-failed', message: expect.stringContaining('is served through FUSE') as unknown, fix: expect.stringContaining('@sluice/fs') as unknown });
      continue;
    }
    expect(outcomes).toMatchObject([{ ok: true }]);
    expectBytes(readFileSync(copy), servedBytes(3 * MiB + 3).subarray(3));
    expect(run([], 'read', path, '0', String(4 * MiB), '1', copy).outcomes).toMatchObject([{ ok: false, transferred: 3 * MiB + 77, error: { code: 'io/short-read' } }]);
  }
});

test('EIO at an offset of a file: the prefix ends before it, and is right', async ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  for (const [name, eio] of [['middle', 2 * MiB + 4321], ['start', 0]] as const) {
    const path = await served(skip, name, { size: 4 * MiB, eio });
    const copy = join(folder, `${name}-copy`);
    const { outcomes } = run([], 'read', path, '0', String(4 * MiB), '1', copy);
    const [outcome] = outcomes ?? [];
    expect(outcome).toMatchObject({ ok: false, error: { code: 'io/read-failed', details: { errno: 'EIO', op: 'read', offset: '0', requested: 4 * MiB } } });
    const { transferred } = outcome as Extract<Outcome, { ok: false }>;
    expect(transferred).toBeLessThanOrEqual(eio);
    // What the kernel does not ask for together with the byte that fails has arrived.
    if (eio > 0) expect(transferred).toBeGreaterThanOrEqual(MiB);
    expectBytes(readFileSync(copy).subarray(0, transferred), servedBytes(transferred));
  }
});

test('a slow file system: reads wait for it, and an abort does not wait for all of it', async ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const copy = join(folder, 'slow-copy');
  const patient = run([], 'read', await served(skip, 'slow', { size: 6 * MiB + 5, slow: 50_000 }), '1', String(6 * MiB), '1', copy);
  expect(patient.outcomes).toMatchObject([{ ok: true }]);
  expectBytes(readFileSync(copy), servedBytes(6 * MiB + 1).subarray(1));
  // Served to the end it would take 18 seconds: no request is over 1 MiB.
  const slower = await served(skip, 'slower', { size: 300 * MiB, slow: 60_000 });
  const aborted = run([], 'read-aborted', slower, '0', String(300 * MiB), '1', copy);
  const [outcome] = aborted.outcomes ?? [];
  expect(outcome).toMatchObject({ ok: false, error: { code: 'io/aborted' } });
  const { transferred } = outcome as Extract<Outcome, { ok: false }>;
  expect(transferred).toBeLessThan(300 * MiB);
  expectBytes(readFileSync(copy).subarray(0, transferred), servedBytes(transferred));
}, 60_000);

test('a file that says EAGAIN for ever fails with it', async ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const path = await served(skip, 'again', { size: MiB, short: 4096, eio: 0, errno: 11 });
  const { outcomes } = run([], 'read', path, '0', '4096', '1');
  expect(outcomes).toMatchObject([{ ok: false, transferred: 0, error: { code: 'io/read-failed', details: { errno: 'EAGAIN' } } }]);
}, 60_000);
