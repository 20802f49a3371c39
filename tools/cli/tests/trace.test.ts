import { readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useInstalled } from './installed.ts';
import { COPY } from './sources.ts';

const installed = useInstalled();
const { put } = installed;
const get = (name: string) => readFile(join(installed.project, name), 'utf8');
const copying = ['run', 'copy.ts', '--grant', 'target=b.bin', '--backend', 'fs'];

test('a run is traced to a file for Perfetto, which is drawn as a picture', async () => {
  await put('copy.ts', COPY);
  await put('a.bin', 'some bytes');
  const ran = await installed.run([...copying, '--grant', 'source=a.bin', '--trace', 'out.json']);
  expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: '' });
  const { traceEvents } = JSON.parse(await get('out.json')) as { traceEvents: readonly { ph: string; name: string; cat?: string; args: Record<string, unknown> }[] };
  const transfers = traceEvents.filter((e) => e.ph === 'X' && e.cat === 'transfer');
  expect(transfers.map((e) => e.name)).toEqual(['read', 'sync', 'write']);
  expect(transfers[0]?.args).toMatchObject({ op: 'io.dma_from_nvme', bytes: 10, way: 'buffered', span: expect.stringMatching(/copy\.ts:\d+:\d+$/) as unknown });
  const drawn = await installed.run(['trace', 'out.json', '-o', 'out.svg']);
  expect(drawn).toMatchObject({ status: 0, stdout: '', stderr: '' });
  const svg = await get('out.svg');
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="1200"/);
  for (const text of ['out.json:', 'host', 'storage fs: busy', '>read<', '>write<', '>sync<']) expect(svg).toContain(text);
  expect((await installed.run(['trace', 'out.json'])).stdout).toBe(svg);
  const told = await installed.run(['trace', 'out.json', '--out', 'out.svg', '--json']);
  expect(JSON.parse(told.stdout)).toEqual({ ok: true, out: 'out.svg', stages: ['host', 'storage fs', 'waiting for earlier ops'], tracks: 5, slices: traceEvents.filter((e) => e.ph === 'X').length });
});

test('a run that fails leaves its trace all the same', async () => {
  await put('copy.ts', COPY);
  await put('a.bin', 'some bytes');
  const { status, stderr } = await installed.run(['run', 'copy.ts', '--grant', 'target=/dev/full', '--grant', 'source=a.bin', '--backend', 'fs', '--trace', 'failed.json']);
  expect([status, stderr.slice(0, 15)]).toEqual([1, 'io/not-a-file: ']);
  await put('short.ts', `import { defineProgram, fd, io } from '@sluice/core';\nexport default defineProgram('short', { file: fd('r') }, ({ file }) => { io.dma_from_nvme(file, 0, 100); });\n`);
  const short = await installed.run(['run', 'short.ts', '--grant', 'file=a.bin', '--backend', 'fs', '--trace', 'failed.json']);
  expect([short.status, short.stderr.slice(0, 14)]).toEqual([1, 'io/short-read:']);
  const { traceEvents } = JSON.parse(await get('failed.json')) as { traceEvents: readonly { cat?: string; args: Record<string, unknown> }[] };
  expect(traceEvents.filter((e) => e.cat === 'run' || e.cat === 'transfer').map((e) => e.args['error'])).toEqual(['io/short-read', 'io/short-read']);
});

test('what is no trace, or too large for one, is refused with a code', async () => {
  await put('no.json', '{"traceEvents": 7}');
  const no = await installed.run(['trace', 'no.json', '-o', 'no.svg']);
  expect([no.status, no.stderr.slice(0, 10)]).toEqual([1, 'cli/trace:']);
  expect(await stat(join(installed.project, 'no.svg')).catch(() => undefined)).toBeUndefined();
  await truncate(await put('large.json', '['), 300 * 2 ** 20);
  const large = await installed.run(['trace', 'large.json']);
  expect([large.status, large.stdout]).toEqual([1, '']);
  expect(large.stderr).toMatch(/^cli\/trace: .*314572800 bytes, and at most 268435456/);
  expect((await installed.run(['trace', 'missing.json'])).stderr).toMatch(/^cli\/file: /);
  expect(await installed.run(['trace'])).toMatchObject({ status: 2 });
  expect(await installed.run(['trace', 'no.json', '--json'])).toMatchObject({ status: 2 });
});
