/*
 * The README's program in a real browser, in a page and in a worker, bundled as applications are, on @sluice/wgsl and
 * @sluice/wgsl/web alone. Needs the build.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyFolder, linkLibraries, writeFiles } from '../project.ts';
import { openPage, serve } from './page.ts';

const folder = emptyFolder('browser');
const application = join(folder, 'application');
const SCRIPTS = ['application.js', 'page.js', 'worker.js'];
const source = (name: string) => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
const HTML = '<!doctype html><title>Test</title><link rel="icon" href="data:,"><input type="file"><script type="module" src="./page.js"></script>';

beforeAll(() => {
  linkLibraries(application);
  writeFiles(application, { 'package.json': '{ "type": "module", "private": true, "sideEffects": false }', 'index.html': HTML, ...Object.fromEntries(SCRIPTS.map((name) => [name, source(name)])) });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bundlers: Readonly<Record<string, (out: string) => Promise<void>>> = {
  async esbuild(out) {
    // Whatever is of Node fails here: nothing is left for the browser to find.
    await esbuild({ entryPoints: ['page.js', 'worker.js'].map((name) => join(application, name)), outdir: out, bundle: true, format: 'esm', platform: 'browser', minify: true, logLevel: 'silent' });
    writeFileSync(join(out, 'index.html'), HTML);
  },
  async vite(out) {
    await vite({ root: application, configFile: false, logLevel: 'error', base: './', worker: { format: 'es' }, build: { outDir: out, emptyOutDir: true } });
  },
};

const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);
function binsOf(data: Uint8Array): number[] {
  const bins = Array.from({ length: 256 }, () => 0);
  for (const byte of data) bins[byte]!++;
  return bins;
}

describe.each(Object.keys(bundlers))('bundled by %s', (bundler) => {
  let server: Awaited<ReturnType<typeof serve>>;
  let opened: Awaited<ReturnType<typeof openPage>>;
  const out = join(folder, bundler);

  beforeAll(async () => {
    await bundlers[bundler]!(out);
    server = await serve(out);
    opened = await openPage(server.url);
    await opened.page.waitForFunction('globalThis.inPage !== undefined');
  });
  afterAll(async () => {
    await opened?.browser.close();
    server?.close();
  });
  const run = (where: 'inPage' | 'inWorker', name: string, ...args: readonly number[]): Promise<unknown> =>
    opened.page.evaluate(`globalThis.${where}(${[name, ...args].map((a) => JSON.stringify(a)).join(', ')})`);

  test('the bundle holds the plugins, and nothing of Node', async () => {
    const text = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.js')).map((f) => readFileSync(join(out, f), 'utf8')).join('\n');
    expect(text).toContain('navigator');
    // Channels are asked for by name, where a runtime has them; nothing is imported.
    expect(text).not.toMatch(/\b(?:from|import)\s*\(?\s*["'`]node:|\brequire\(/);
    expect(await run('inPage', 'plugins')).toEqual(['@sluice/wgsl', '@sluice/wgsl/web']);
  });

  test('a file that a person chooses is counted on the GPU, its bytes are copied, and the page says so', async () => {
    const data = pattern(1_000_003);
    writeFileSync(join(folder, 'chosen.bin'), data);
    await opened.page.setInputFiles('input', join(folder, 'chosen.bin'));
    const result = await run('inPage', 'chosen') as { ops: { op: string; backend: string; how: string }[] };
    expect(result).toMatchObject({ size: String(data.length), bins: binsOf(data), written: binsOf(data), bytes: { read: String(data.length), bounced: String(data.length + 1024) } });
    expect(result.ops.find((o) => o.op === 'io.dma_from_nvme')).toMatchObject({ backend: 'web', how: 'copied' });
    expect(result.ops.find((o) => o.op === 'kernel count')).toMatchObject({ backend: 'wgsl' });
  });

  test('in a worker, files of the origin go straight into memory of the GPU and back', async () => {
    const result = await run('inWorker', 'opfs', 5_000_001);
    const expected = binsOf(pattern(5_000_001));
    expect(result).toMatchObject({ size: '5000001', bins: expected, written: expected, bytes: { buffered: String(5_000_001 + 1024), bounced: '0' } });
  });

  test.each(['inPage', 'inWorker'] as const)('%s: Blobs, and files of the origin', async (where) => {
    expect(await run(where, 'blob', 70_001)).toMatchObject({ bins: binsOf(pattern(70_001)) });
    expect(await run(where, 'opfs', 0)).toMatchObject({ size: '0', bins: binsOf(pattern(0)), written: binsOf(pattern(0)) });
    expect(await run(where, 'opfs', 123_457)).toMatchObject({ bins: binsOf(pattern(123_457)), written: binsOf(pattern(123_457)) });
  });

  test.each(['inPage', 'inWorker'] as const)('%s: a write changes its own bytes alone, extends the file, and is there when the grant is closed', async (where) => {
    for (const [from, to, length] of [[0, 100_001, 777], [5, 299_990, 100], [1, 400_000, 1001]] as const) {
      const before = pattern(300_000);
      const expected = new Uint8Array(Math.max(before.length, to + length));
      expected.set(before);
      expected.set(before.subarray(from, from + length), to);
      const sha256 = [...createHash('sha256').update(expected).digest()];
      expect(await run(where, 'move', from, to, length), `${from}, ${to}, ${length}`).toMatchObject({ size: expected.length, sha256 });
    }
  });

  test.each(['inPage', 'inWorker'] as const)('%s: what cannot be done has its code', async (where) => {
    expect(await run(where, 'short')).toMatchObject({ code: 'io/short-read', message: expect.stringMatching(/short\.bin.* after 100 bytes/) as string });
    expect(await run(where, 'removed')).toMatchObject({ code: 'io/not-found', message: expect.stringContaining('removed.bin') as string });
    expect(await run(where, 'folder')).toMatchObject({ code: 'io/is-directory' });
    expect(await run(where, 'blobToWrite')).toMatchObject({ code: 'io/permission', fix: expect.stringContaining('FileSystemFileHandle') as string });
    expect(await run(where, 'path')).toMatchObject({ code: 'io/source', fix: expect.stringContaining('File') as string });
  });

  test('a file that something else has open alone', async () => {
    expect(await run('inWorker', 'locked')).toMatchObject({ code: 'io/open-failed', fix: expect.stringContaining('close what else has the file open') as string });
  });

  test('nothing was complained about', () => {
    expect(opened.complaints).toEqual([]);
  });
});
