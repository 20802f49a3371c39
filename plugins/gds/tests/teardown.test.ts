// A process, or a worker, that goes down in the middle of transfers: their calls end first, and nothing crashes.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFake } from '@sluice/cuda/fake';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadNative } from '../src/native.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(process.cwd(), 'node_modules/.sluice-gds-down-'));
const addon = loadNative();
let unavailable = 'native' in addon ? undefined : addon.reason;
const libraries: string[] = [];

beforeAll(async () => {
  for (const name of ['libcuda.so.1', 'libcufile.so.0'] as const) {
    const built = buildFake(folder, name);
    if (typeof built === 'string') libraries.push(built);
    else unavailable ??= built.notBuilt;
  }
  if (unavailable !== undefined) return;
  mkdirSync(join(folder, 'dist'));
  await build({
    entry: [join(root, 'tests/teardown-process.ts')], outDir: join(folder, 'dist'), config: false, silent: true, format: 'esm', target: 'node20', noExternal: [/^@sluice\//],
    outExtension: () => ({ js: '.mjs' }),
    esbuildOptions: (options) => void (options.conditions = ['@sluice/source']),
  });
  // Bundled into one file, all addons are looked for beside it.
  for (const name of ['cuda', 'gds']) cpSync(join(root, `../${name}/native/prebuilds`), join(folder, 'native/prebuilds'), { recursive: true });
  writeFileSync(join(folder, 'file'), '');
  truncateSync(join(folder, 'file'), 64_000_000);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

for (const [kind, status, stdout] of [['exit', 7, ''], ['throw', 1, ''], ['terminate', 0, 'terminated with 1\n']] as const) test(kind, ({ skip }) => {
  skip(unavailable !== undefined, unavailable);
  const ended = spawnSync(process.execPath, [join(folder, 'dist/teardown-process.mjs'), kind, ...libraries, join(folder, 'file')], { encoding: 'utf8', timeout: 60_000 });
  expect({ status: ended.status, signal: ended.signal, stdout: ended.stdout }).toEqual({ status, signal: null, stdout });
  if (kind !== 'throw') expect(ended.stderr).toBe('');
});
