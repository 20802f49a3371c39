/*
 * The pages that are generated from the code are what the code says. After a change to the code, bring them up to date:
 *   npx vitest run --project tools/acceptance tests/reference.test.ts -u
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Registry } from '@sluice/core';
import type { CodeRow, Plugin } from '@sluice/core';
import { expect, test } from 'vitest';
import { errorPage, opPage } from './reference.ts';
import { markdownPages, pluginFiles, publicPackages, root } from './workspace.ts';

const load = async <T>(file: string): Promise<T> => (await import(pathToFileURL(join(root, file)).href)) as T;

/** A registry with every plugin of the workspace, from source: what is new is on the pages without a build. */
async function everyPlugin(): Promise<Registry> {
  const loaded = await Promise.all(pluginFiles.map((file) => load<{ readonly plugin: Plugin }>(file)));
  return loaded.reduce((registry, { plugin }) => registry.with(plugin), new Registry());
}

/** The codes of the registry, and of packages that raise errors and are no plugins: those with a `src/codes.ts`. */
async function everyCode(): Promise<ReadonlyMap<string, CodeRow>> {
  const tables = [...publicPackages.map(({ folder }) => folder), 'examples/bytes'].map((folder) => `${folder}/src/codes.ts`).filter((file) => existsSync(join(root, file)));
  const more = await Promise.all(tables.map((file) => load<{ readonly codes?: Readonly<Record<string, CodeRow>> }>(file)));
  return new Map([...(await everyPlugin()).codes, ...more.flatMap(({ codes }) => Object.entries(codes ?? {}))]);
}

test('docs/reference/errors.md has every code', async () => {
  await expect(errorPage(await everyCode())).toMatchFileSnapshot(join(root, 'docs/reference/errors.md'));
});

test('docs/reference/ops.md has every op', async () => {
  await expect(opPage(await everyPlugin())).toMatchFileSnapshot(join(root, 'docs/reference/ops.md'));
});

/** Pages on which names of the form of codes are those of bench rows and of suites. */
const OTHER_NAMES: ReadonlySet<string> = new Set(['docs/performance.md', 'packages/conformance/README.md']);

test('every code that a page names is in the table', async () => {
  const codes = await everyCode();
  const parts = new Set([...codes.keys()].map((code) => code.split('/')[0]));
  const named = markdownPages().filter((page) => !OTHER_NAMES.has(page)).flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/`([a-z]+)\/([a-z-]+)`/g)].filter((m) => parts.has(m[1])).map((m) => ({ page, code: `${m[1]}/${m[2]}` })),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ code }) => !codes.has(code))).toEqual([]);
});

test('every op that a page names is registered', async () => {
  const registry = await everyPlugin();
  const prefixes = [...new Set([...registry.ops.keys()].map((id) => id.split('.')[0]))].join('|');
  const named = markdownPages().flatMap((page) =>
    // A block of problems shows mistakes on purpose.
    [...readFileSync(join(root, page), 'utf8').replace(/^```text problems$[^]*?^```$/gm, '').matchAll(new RegExp(`\`((?:${prefixes})\\.[a-z_]+)\``, 'g'))].map((m) => ({ page, id: m[1] ?? '' })),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ id }) => !registry.ops.has(id))).toEqual([]);
});
