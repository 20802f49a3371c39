// What the package does on machines other than this one.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { plugin } from '../src/plugin.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
const binary = join(root, 'native/prebuilds/linux-x64/io-uring.node');
afterAll(() => rmSync(folder, { recursive: true }));

test('the plugin says its version, and has no install script', () => {
  expect(plugin).toMatchObject({ name: manifest.name, version: manifest.version });
  expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^gypfile/u.test(name))).toEqual([]);
  // At the root of a package, package managers would build it on install.
  expect(existsSync(join(root, 'binding.gyp'))).toBe(false);
});

test('the binary loads with the oldest libraries that Node 20 runs on', ({ skip }) => {
  skip(!existsSync(binary), 'the addon is not built');
  const text = readFileSync(binary, 'latin1');
  const newest = (name: string) => Math.max(...[...text.matchAll(new RegExp(`${name}(\\d+)`, 'gu'))].map(([, minor]) => Number(minor)));
  expect(newest('GLIBC_2\\.')).toBeLessThanOrEqual(28);
  expect(newest('GLIBCXX_3\\.4\\.')).toBeLessThanOrEqual(25);
});

test('without a binary, and with one that does not load, importing works and the probe says why', async () => {
  await build({
    entry: { plugin: join(root, 'src/plugin.ts') }, outDir: join(folder, 'dist'), config: false, silent: true, format: 'esm', target: 'node20', noExternal: [/^@sluice\//],
    outExtension: () => ({ js: '.mjs' }),
    esbuildOptions: (options) => void (options.conditions = ['@sluice/source']),
  });
  const script = `import { plugin } from './dist/plugin.mjs';
    let backend; plugin.register({ backend: (b) => (backend = b), lowering() {}, codes() {} });
    console.log(JSON.stringify(await backend.probe())); await backend.open({}).catch((e) => console.log(JSON.stringify(e)));`;
  writeFileSync(join(folder, 'main.mjs'), script);
  const printed = () => execFileSync(process.execPath, [join(folder, 'main.mjs')], { encoding: 'utf8' }).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

  const missing = printed();
  expect(missing[0]).toMatchObject({ available: false, fix: expect.stringContaining('@sluice/fs') as unknown });
  expect(missing[1]).toMatchObject({ code: 'backend/open-failed' });
  if (process.platform === 'linux') {
    expect(missing[0]?.['reason']).toContain('has no binary for linux-');
    cpSync(join(root, 'package.json'), join(folder, `native/prebuilds/linux-${process.arch}/io-uring.node`), { recursive: true });
    expect(printed()[0]).toMatchObject({ available: false, reason: expect.stringContaining('does not load') as unknown });
  }
});
