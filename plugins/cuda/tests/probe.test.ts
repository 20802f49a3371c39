// What the probe says where something is missing: never an exception, always a reason and a remedy.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Probe } from '@sluice/core';
import manifest from '../package.json' with { type: 'json' };
import { loadNative } from '../src/native.ts';
import { cuda, plugin } from '../src/plugin.ts';
import { buildFake } from './fake.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-cuda-probe-'));
const libraries: Record<'whole' | 'old', string> = { whole: '', old: '' };
const addon = loadNative();
let unavailable = 'native' in addon ? undefined : addon.reason;

beforeAll(async () => {
  await build({
    entry: [join(root, 'tests/probe-process.ts')], outDir: join(folder, 'dist'), config: false, silent: true, format: 'esm', target: 'node20', noExternal: [/^@sluice\//],
    outExtension: () => ({ js: '.mjs' }),
    esbuildOptions: (options) => void (options.conditions = ['@sluice/source']),
  });
  for (const [kind, define] of [['whole', 'WHOLE'], ['old', 'WITHOUT_HOST_REGISTER']] as const) {
    mkdirSync(join(folder, kind));
    const built = buildFake(join(folder, kind), 'libcuda.so.1', define);
    if (typeof built === 'string') libraries[kind] = built;
    else unavailable ??= built.notBuilt;
  }
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function probe(args: readonly string[], env: NodeJS.ProcessEnv = {}): Probe {
  return JSON.parse(execFileSync(process.execPath, [join(folder, 'dist/probe-process.mjs'), ...args], { encoding: 'utf8', env: { ...process.env, ...env } })) as Probe;
}

test('without a binary, and with one that does not load, importing works and the probe says why', () => {
  expect(probe([])).toMatchObject({ available: false, reason: expect.stringContaining('has no binary for') as string });
  const binary = `native/prebuilds/${process.platform}-${process.arch}/cuda.node`;
  cpSync(join(root, 'package.json'), join(folder, binary));
  expect(probe([])).toMatchObject({ available: false, reason: expect.stringContaining('does not load') as string });
});

test('each thing that a driver may lack is named, with what to do', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const binary = `native/prebuilds/${process.platform}-${process.arch}/cuda.node`;
  cpSync(join(root, binary), join(folder, binary));
  const said = (...args: string[]) => {
    const found = probe(args);
    return found.available ? found.description : `${found.reason} / ${found.fix}`;
  };
  const { whole, old } = libraries;
  expect(said(whole)).toBe('CUDA 13.0 on Fake 0 (device 0, compute capability 9.0, 1 GiB)');
  expect(said(old)).toBe("the driver's libcuda.so.1 lacks cuMemHostRegister_v2: it is too old / install a driver for CUDA 11.1 or later (455.23 or later)");
  expect(said(whole, 'version', '11000')).toBe('the driver is for CUDA 11.0, and 11.1 is the oldest that can register memory read-only / install a driver for CUDA 11.1 or later (455.23 or later)');
  expect(said(whole, 'devices', '0')).toMatch(/^the driver finds no device \/ check that nvidia-smi lists one, that CUDA_VISIBLE_DEVICES/);
  expect(said(whole, 'cuInit', '100')).toMatch(/^the driver finds no device/);
  expect(said(whole, 'cuInit', '803')).toMatch(/^cuInit failed: the driver in the kernel and libcuda are not of one version .* \/ restart the machine/);
  expect(said(whole, 'cuInit', '802')).toMatch(/fabric manager/);
  expect(said(whole, 'cuInit', '12345')).toBe('cuInit failed with CUDA error 12345 / see what dmesg says of nvidia');
  expect(said(whole, 'cuDeviceGetCount', '3')).toMatch(/^the driver cannot list devices: CUDA error 3/);
});

test('a device is chosen by number, by UUID and by the environment; one that is not there is named with those that are', ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const described = (device: string) => {
    const found = probe([libraries.whole], { SLUICE_CUDA_DEVICE: device });
    return found.available ? found.description : found.reason;
  };
  expect(described('1')).toContain('Fake 1');
  expect(described('GPU-10111213-1415')).toContain('Fake 1');
  expect(described('gpu-10111213-1415')).toContain('Fake 1');
  expect(described('')).toContain('Fake 0');
  expect(described('2')).toBe('no device is `2`: the driver has device 0 (Fake 0, GPU-00010203-0405-0607-0809-0a0b0c0d0e0f), device 1 (Fake 1, GPU-10111213-1415-1617-1819-1a1b1c1d1e1f)');
  expect(() => cuda({ device: -1 })).toThrow(/device is -1/);
  expect(() => cuda({ device: '' })).toThrow(/device is ""/);
});

test('the plugin says its version, has no install script, and its binary loads with old libraries', ({ skip }) => {
  expect(plugin).toMatchObject({ name: manifest.name, version: manifest.version });
  expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^gypfile/u.test(name))).toEqual([]);
  expect(manifest.files.some((file) => file.includes('tests'))).toBe(false);
  skip(process.arch !== 'x64' || unavailable !== undefined, unavailable ?? 'not x64');
  const text = readFileSync(join(root, 'native/prebuilds/linux-x64/cuda.node'), 'latin1');
  const newest = (name: string) => Math.max(...[...text.matchAll(new RegExp(`${name}(\\d+)`, 'gu'))].map(([, minor]) => Number(minor)));
  expect(newest('GLIBC_2\\.')).toBeLessThanOrEqual(28);
  expect(newest('GLIBCXX_3\\.4\\.')).toBeLessThanOrEqual(25);
});
