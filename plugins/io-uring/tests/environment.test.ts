// What a device does to the process: sessions, threads, memory, workers, exits, children.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { backend, content, expectBytes, randomBytes, registry, expectResources, expectThreads, resources, submit, unavailable } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-io-uring-env-'));
const here = fileURLToPath(new URL('.', import.meta.url));
const MiB = 2 ** 20;
const data = randomBytes(1, 24 * MiB);
const file = join(folder, 'data');

beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));
beforeAll(async () => {
  writeFileSync(file, data);
  // Beside the sources, so that the bundle finds the addon at the same relative place.
  await build({
    entry: [join(here, 'scenario.ts')], outDir: join(here, '../dist-tests'), config: false, silent: true, format: 'esm', target: 'node20', noExternal: [/^@sluice\//],
    outExtension: () => ({ js: '.mjs' }),
    esbuildOptions: (options) => void (options.conditions = ['@sluice/source']),
  });
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(join(here, '../dist-tests'), { recursive: true, force: true });
});

function scenario(name: string, ...args: string[]): { status: number | null; signal: string | null; stdout: string; stderr: string } {
  try {
    const stdout = execFileSync(process.execPath, [join(here, '../dist-tests/scenario.mjs'), name, file, ...args], { encoding: 'utf8', timeout: 60_000, stdio: 'pipe' });
    return { status: 0, signal: null, stdout, stderr: '' };
  } catch (error) {
    const failed = error as ReturnType<typeof scenario>;
    if (failed.stderr !== '') console.error(`scenario ${name} ended with ${failed.status ?? failed.signal}:\n${failed.stderr}`);
    return failed;
  }
}

test('64 sessions at once share one ring', async () => {
  const before = resources();
  const devices = await Promise.all(Array.from({ length: 64 }, () => backend.open({ registry })));
  await expectThreads(1);
  await Promise.all(devices.map(async ({ storage, allocators: [allocator] = [] }, i) => {
    const opened = await storage!.open(file, { rights: 'r', create: 'no' });
    const memory = allocator!.allocate(300_000, 'any');
    const [outcome] = await submit(storage!, [{ kind: 'read', file: opened, offset: BigInt(i * 1000), memory }]);
    expect(outcome?.ok).toBe(true);
    expectBytes(content(memory), data.subarray(i * 1000, i * 1000 + 300_000));
  }));
  // Files and memory that are left are the device's to give back.
  await Promise.all(devices.map((device) => device.close()));
  await expectResources(before);
});

test('10,000 files opened and closed leave nothing behind', async () => {
  const device = await backend.open({ registry });
  const open = async () => (await device.storage!.open(file, { rights: 'r', create: 'no' })).close();
  for (let i = 0; i < 500; i++) await open();
  const before = resources();
  const rss = process.memoryUsage.rss();
  for (let i = 0; i < 100; i++) await Promise.all(Array.from({ length: 100 }, open));
  await expectResources(before);
  expect(process.memoryUsage.rss() - rss).toBeLessThan(64 * MiB);
  await device.close();
}, 60_000);

test('300 engines opened and closed leave nothing behind', async () => {
  const cycle = async () => {
    const device = await backend.open({ registry });
    const memory = device.allocators![0]!.allocate(MiB, 'zero');
    await device.close();
    expect(memory.bytes?.byteLength).toBe(0);
  };
  for (let i = 0; i < 20; i++) await cycle();
  const before = resources();
  const rss = process.memoryUsage.rss();
  for (let i = 0; i < 300; i++) await cycle();
  await expectResources(before);
  expect(process.memoryUsage.rss() - rss).toBeLessThan(128 * MiB);
}, 60_000);

test('memory is reused, and given back when it is trimmed', async () => {
  const device = await backend.open({ registry });
  const allocator = device.allocators![0]!;
  const first = allocator.allocate(5 * MiB, 'any');
  const place = first.bytes!.byteOffset;
  first.bytes!.fill(7);
  allocator.release(first);
  const second = allocator.allocate(5 * MiB, 'zero');
  expect(second.bytes!.byteOffset).toBe(place);
  expect(second.bytes!.every((byte) => byte === 0)).toBe(true);
  const many = Array.from({ length: 40 }, () => allocator.allocate(3 * MiB, 'any'));
  expect(new Set(many.map(({ bytes }) => `${many.findIndex((m) => m.bytes!.buffer === bytes!.buffer)} ${bytes!.byteOffset}`)).size).toBe(40);
  for (const memory of [second, ...many]) allocator.release(memory);
  expect(allocator.kept).toBeGreaterThanOrEqual(120 * MiB);
  allocator.trim();
  expect(allocator.kept).toBe(0);
  expect(() => allocator.allocate(2 ** 32, 'any')).toThrow(expect.objectContaining({ code: 'mem/too-large' }));
  await device.close();
});

test('a ring that is closed answers, and takes nothing any more', async () => {
  const { loadNative } = await import('../src/native.ts');
  const loaded = loadNative();
  if (!('native' in loaded)) return expect.fail(loaded.reason);
  const ring = new loaded.native.Ring(() => {}, new Float64Array(5));
  ring.close();
  // Its thread-safe function is finalized by now.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ring.state()).toMatchObject({ broken: 0, requests: 0 });
  expect(() => ring.map(MiB, MiB)).toThrow('the ring is closed');
  expect(() => ring.submit(0, new Float64Array(0), 0, [])).toThrow('the ring is closed');
  expect(() => ring.openFile(0, -1, true, false)).toThrow('the ring is closed');
  ring.cancel(1);
  ring.close();
});

test('an idle session does not keep the process alive; a transfer does', () => {
  expect(scenario('idle')).toMatchObject({ status: 0, stdout: 'open\n' });
  expect(scenario('unawaited')).toMatchObject({ status: 0, stdout: 'read 25165824\n' });
});

test('process.exit in the middle of transfers', () => {
  expect(scenario('exit')).toMatchObject({ status: 7, signal: null, stderr: '' });
});

test('a worker that is terminated in the middle of transfers', () => {
  expect(scenario('worker')).toMatchObject({ status: 0, signal: null, stdout: 'terminated 20\n' });
}, 60_000);

test('buffers that nobody holds any more, collected in the middle of transfers', () => {
  expect(scenario('collected')).toMatchObject({ status: 0, signal: null, stdout: 'done\n' });
});

test('children do not inherit the ring or its memory', async () => {
  const device = await backend.open({ registry });
  const opened = await device.storage!.open(file, { rights: 'r', create: 'no' });
  const child = spawn('sh', ['-c', 'ls -l /proc/self/fd'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const printed = await new Promise<string>((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('close', () => resolve(text));
  });
  expect(printed).not.toMatch(/io_uring|eventfd|data/u);
  const flags = readFileSync('/proc/self/smaps', 'utf8').split('\n').filter((line) => /^VmFlags:.* dc( |$)/u.test(line));
  expect(flags.length).toBeGreaterThan(0);
  await opened.close();
  await device.close();
});
