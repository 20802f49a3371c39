import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { useInstalled } from './installed.ts';

const installed = useInstalled();
beforeAll(() => installed.put('scale.mjs', `
import { buffer, control, defineKernel, defineProgram, kernel, u32 } from '@sluice/core';
const scale = defineKernel('scale', { params: { data: 'buffer<u32, read_write>', by: 'u32' }, workgroup: 64 }, ({ data, by }, { global: { x } }) => {
  control.if(x.lt(data.length), () => data.store(x, data.load(x).mul(by)));
});
export default defineProgram('scaled', { by: 'u32' }, ({ by }) => {
  const data = buffer.alloc('u32', 4);
  buffer.fill(data, u32(3));
  kernel.launch(scale, 4, { data, by });
  return { first: buffer.read(data, 0, { element: 'u32' }) };
});
`));

interface Ran {
  readonly results: { readonly first: number };
  readonly cache: { readonly hits: number; readonly misses: number; readonly problems: readonly unknown[] };
}

async function run(folder: string, ...more: readonly string[]): Promise<Ran> {
  const { status, stdout, stderr } = await installed.run(['run', 'scale.mjs', '--arg', 'by=5', '--backend', 'cpu-ref', '--cache', folder, '--json', ...more]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Ran;
}

test('processes that compile at once and share a folder all have right results; the next one recalls what they made', async () => {
  const at = await Promise.all(Array.from({ length: 6 }, () => run('together')));
  expect(at.map(({ results, cache: { hits, misses, problems } }) => [results.first, hits + misses, problems])).toEqual(Array.from({ length: 6 }, () => [15, 1, []]));
  expect(at.some(({ cache }) => cache.misses === 1)).toBe(true);
  const after = await run('together');
  expect(after).toMatchObject({ results: { first: 15 }, cache: { hits: 1, misses: 0, problems: [] } });
  expect(readdirSync(join(installed.project, 'together')).filter((name) => !name.endsWith('.entry'))).toEqual([]);
});

test('the report says what was recalled; an entry that is damaged is made again', async () => {
  const args = ['run', 'scale.mjs', '--arg', 'by=5', '--backend', 'cpu-ref', '--cache', 'told'];
  expect((await installed.run(args)).stdout).toContain('cache: 0 forms recalled, 1 made\n');
  expect((await installed.run(args)).stdout).toContain('cache: 1 forms recalled, 0 made\n');
  const folder = join(installed.project, 'told');
  const [entry = ''] = readdirSync(folder);
  writeFileSync(join(folder, entry), readFileSync(join(folder, entry)).subarray(0, -1));
  expect((await installed.run(args)).stdout).toContain('cache: 0 forms recalled, 1 made\n');
  expect((await installed.run(args)).stdout).toContain('cache: 1 forms recalled, 0 made\n');
});

test('shows and prunes a folder', async () => {
  await run('pruned');
  const shown = await installed.run(['cache', 'pruned', '--json']);
  expect(JSON.parse(shown.stdout)).toMatchObject({ ok: true, folder: join(installed.project, 'pruned'), entries: 1 });
  expect((await installed.run(['cache', 'pruned', '--prune', '--keep', '1000000'])).stdout).toMatch(/^removed 0 entries, 0 B\n.*pruned: 1 entry, /);
  expect((await installed.run(['cache', 'pruned', '--prune'])).stdout).toMatch(/^removed 1 entry, .*\n.*pruned: 0 entries, 0 B\n$/);
  expect((await run('pruned')).cache.misses).toBe(1);
  expect(await installed.run(['cache', 'nowhere'])).toMatchObject({ status: 0, stdout: expect.stringContaining('nowhere: 0 entries, 0 B') as string });
});

test.each([
  [['cache'], 'no <folder> is given'],
  [['cache', 'x', '--keep', '5'], '--keep is given without --prune'],
  [['cache', 'x', '--prune', '--keep', 'much'], 'no number of bytes'],
])('a bad command line: %j', async (args, message) => {
  expect(await installed.run(args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(message) as string });
});
