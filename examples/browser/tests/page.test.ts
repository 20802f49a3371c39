/*
 * The page as `vite build` makes it, in a headless browser: what it shows is compared with plain JavaScript. With
 * UPDATE_SCREENSHOT=1 it also takes the picture for the documentation.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build, preview } from 'vite';
import type { PreviewServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '@sluice/testing/chromium';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-page-'));
const complaints: string[] = [];
let server: PreviewServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  const outDir = join(folder, 'dist');
  await build({ root, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  server = await preview({ root, logLevel: 'error', build: { outDir }, preview: { host: '127.0.0.1', port: 0 } });
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 1120, height: 900 } });
  page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && complaints.push(message.text())));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(server.resolvedUrls?.local[0] ?? expect.fail('the server has no address'));
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Chooses a file of these bytes, and waits for what comes of it. */
async function choose(name: string, data: Uint8Array): Promise<void> {
  writeFileSync(join(folder, name), data);
  await page.setInputFiles('#file', join(folder, name));
  await page.waitForSelector('#result:not([hidden]), #error:not([hidden])');
}
const shown = (selector: string) => page.locator(selector).allTextContents();

test('a chosen file is drawn as plain JavaScript counts it, with what served each step', async () => {
  const data = readFileSync(process.execPath).subarray(0, 35_000_001);
  await choose('node', data);
  expect(await shown('#error')).toEqual(['']);
  const counts = new Array<number>(256).fill(0);
  for (const byte of data) counts[byte]!++;
  const titles = await shown('#chart rect title');
  expect(titles.map((title) => Number(title.replace(/^.*: /, '').replaceAll(',', '')))).toEqual(counts);
  const highest = Math.max(...counts);
  const heights = await page.locator('#chart rect').evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('height'))));
  expect(heights.indexOf(Math.max(...heights))).toBe(counts.indexOf(highest));
  expect(await shown('#facts dd')).toEqual(['node', '35 MB', '256', expect.stringMatching(/^\d+ ms$/), expect.stringMatching(/ [KMG]?B\/s$/), '35 MB']);
  const steps = await shown('#placement td:nth-child(-n + 3)');
  expect(steps).toEqual(expect.arrayContaining(['io.dma_from_nvme', 'web', 'copied', 'kernel count', 'wgsl', 'kernel fold']));
  if (process.env['UPDATE_SCREENSHOT'] === '1') {
    const images = join(root, '../../docs/images');
    mkdirSync(images, { recursive: true });
    await page.locator('#wgsl').evaluate((pre) => (pre.scrollTop = 0));
    await page.screenshot({ path: join(images, 'browser.png'), fullPage: true });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: join(folder, '../sluice-browser-dark.png'), fullPage: true });
    await page.emulateMedia({ colorScheme: 'light' });
  }
});

test('an empty file has no bytes', async () => {
  await choose('empty', new Uint8Array(0));
  expect(await shown('#error')).toEqual(['']);
  expect((await shown('#chart rect title')).every((title) => title.endsWith(': 0'))).toBe(true);
});

test('the WGSL is that of the kernels, with their names', async () => {
  const [text = ''] = await shown('#wgsl');
  expect(text).toContain('@compute @workgroup_size(256');
  expect(text).toContain('atomicAdd');
  expect(text).toMatch(/Kernel count[\s\S]*Kernel fold/);
});

test('nothing was complained about', () => expect(complaints).toEqual([]));

test('a browser without an adapter shows the codes, and what to do', async () => {
  const without = await browser.newPage();
  await without.addInitScript('Object.defineProperty(navigator.gpu, "requestAdapter", { value: async () => null })');
  await without.goto(page.url());
  writeFileSync(join(folder, 'x'), 'x');
  await without.setInputFiles('#file', join(folder, 'x'));
  await without.waitForSelector('#error:not([hidden])');
  const text = await without.locator('#error').innerText();
  expect(text).toMatch(/plan\/|session\//);
  expect(text).toContain('What to do:');
  expect(text).toContain('the browser has no adapter for this page');
  await without.close();
});
