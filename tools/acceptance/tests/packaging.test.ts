/*
 * The packages as they are published: packed, installed with npm into projects outside the workspace, and used there.
 * Needs the build. No registry is asked for anything but what a package depends on.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { createRequire } from 'node:module';
import { API_VERSION } from '@sluice/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blocksOf } from './markdown.ts';
import { emptyFolder, linkNodeTypes, requireBuild, runIn, runNode, writeFiles } from './project.ts';
import { libraries, manifestIn, plugins, publicPackages, root } from './workspace.ts';

const folder = emptyFolder('packed');
const tarballs = join(folder, 'tarballs');
/** A project that has installed every library. */
const project = join(folder, 'project');
const LIMIT = 120_000;

const tarballOf = (name: string, version: string) => join(tarballs, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
const installed = (name: string) => join(project, 'node_modules', name);

async function succeeds(cwd: string, command: string, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runIn(cwd, command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** What a program printed, which must have ended well and have had nothing to complain about. */
async function printed(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runNode(project, ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

beforeAll(async () => {
  requireBuild();
  const filters = publicPackages.map(({ manifest }) => `--filter=${manifest.name}`);
  await succeeds(root, join(root, 'node_modules/.bin', process.platform === 'win32' ? 'pnpm.cmd' : 'pnpm'), '-r', ...filters, 'pack', '--pack-destination', tarballs);
  writeFiles(project, { 'package.json': '{ "name": "outside", "private": true }\n' });
  const dependencies = libraries.map(({ manifest }) => tarballOf(manifest.name, manifest.version));
  await succeeds(project, 'npm', 'install', '--offline', '--no-audit', '--no-fund', ...dependencies);
  linkNodeTypes(project);
}, LIMIT);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a tarball', () => {
  test.each(publicPackages.map((p) => [p.manifest.name, p] as const))('%s holds what is meant for its users', async (name, { manifest }) => {
    const unpacked = join(folder, 'unpacked', manifest.name);
    mkdirSync(unpacked, { recursive: true });
    await succeeds(unpacked, 'tar', '-xzf', tarballOf(manifest.name, manifest.version), '--strip-components=1');
    const files = readdirSync(unpacked, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => relative(unpacked, join(f.parentPath, f.name)).split(sep).join('/'));
    const meant = /^(package\.json|README\.md|CHANGELOG\.md|LICENSE(-APACHE|-MIT)?|dist\/[\w./-]+\.(js|d\.ts|js\.map)|prebuilds\/.+|native\/.+)$/;
    expect(files.filter((f) => !meant.test(f) || /\.test\b|\/tests?\//.test(f))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT']));

    const published = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8')) as unknown;
    const named = [...JSON.stringify(published).matchAll(/"\.\/(dist\/[^"]+)"/g)].map((m) => m[1]);
    expect(named.filter((file) => !files.includes(file ?? '')), `${name} names files that it lacks`).toEqual([]);

    const ofThisMachine = files.filter((f) => f.startsWith('dist/') && readFileSync(join(unpacked, f), 'utf8').includes(root));
    expect(ofThisMachine).toEqual([]);
  });
});

describe("the README's example, in a project outside the workspace", () => {
  const blocks = blocksOf('README.md', readFileSync(join(root, 'README.md'), 'utf8'));
  const example = blocks.find((b) => b.language === 'ts');
  const output = blocks.find((b) => b.language === 'text' && b.words.includes('output'))?.text;
  if (example === undefined || output === undefined) throw new Error('the README has no example, or does not say what it prints');

  test('as an ECMAScript module', async () => {
    writeFiles(project, { 'example.mjs': example.text });
    expect(await printed('example.mjs')).toBe(output);
  });

  test('through require', async () => {
    const imports = /^import (?:(\{[^}]*\}|\* as \w+) from )?'([^']+)';$/gm;
    const required = example.text.replace(imports, (_, names: string | undefined, from: string) => `${names === undefined ? '' : `const ${names.replace('* as ', '')} = `}require('${from}');`);
    expect(required).not.toMatch(/^import /m);
    writeFiles(project, { 'example.cjs': `(async () => {\n${required}})();\n` });
    expect(await printed('example.cjs')).toBe(output);
  });

  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noUncheckedSideEffectImports: true, target: 'ES2022', noEmit: true };
  const inNode = { lib: ['ES2023', 'ESNext.Disposable'], types: ['node'], skipLibCheck: true };
  const settings = {
    'moduleResolution nodenext': { ...inNode, module: 'NodeNext', moduleResolution: 'NodeNext' },
    'moduleResolution bundler': { ...inNode, module: 'ESNext', moduleResolution: 'Bundler' },
    'for browsers, declarations checked too': { module: 'ESNext', moduleResolution: 'Bundler', lib: ['ES2023', 'ESNext.Disposable', 'DOM'], types: [], skipLibCheck: false },
  };
  test.each(Object.entries(settings))('in TypeScript, %s', async (name, options) => {
    const config = `tsconfig.${name.replace(/\W+/g, '-')}.json`;
    writeFiles(project, { 'example.mts': example.text, [config]: JSON.stringify({ compilerOptions: { ...strict, ...options }, files: ['example.mts'] }) });
    const { status, stdout } = await runNode(project, createRequire(import.meta.url).resolve('typescript/lib/tsc.js'), '-p', config);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  }, LIMIT);
});

describe('the two entries of a plugin package', () => {
  test.each(plugins.map((p) => p.manifest.name))('%s', async (name) => {
    writeFiles(project, {
      'entries.mjs': `
        import { Registry } from '@sluice/core';
        const names = () => Registry.default.plugins.map((p) => p.name);
        const { plugin } = await import('${name}/plugin');
        const before = names();
        const { plugin: same } = await import('${name}');
        await import('${name}');
        console.log(JSON.stringify({ name: plugin.name, version: plugin.version, before, after: names(), same: plugin === same, warnings: Registry.default.warnings.length }));
      `,
    });
    const { version, peerDependencies = {} } = manifestIn(installed(name));
    // A plugin whose memory this one fills is registered with it.
    const beside = plugins.map((p) => p.manifest.name).filter((other) => Object.hasOwn(peerDependencies, other));
    expect(JSON.parse(await printed('entries.mjs'))).toEqual({ name, version, before: [], after: [...beside, name], same: true, warnings: 0 });
  });

});

test.each(libraries.map((p) => p.manifest.name).filter((name) => name !== '@sluice/core'))('%s has core as a peer, and no other dependency of the workspace', (name) => {
  const { dependencies, peerDependencies } = manifestIn(installed(name));
  expect(Object.keys(peerDependencies ?? {})).toContain('@sluice/core');
  expect(Object.keys(dependencies ?? {}).filter((d) => d.startsWith('@sluice/'))).toEqual([]);
});

/** Another copy of core, of the contract `api`, and of the plugins that then use it, in a folder of the project. */
function copyOf(folder: string, api: number): void {
  for (const { manifest } of libraries) cpSync(installed(manifest.name), join(project, folder, 'node_modules', manifest.name), { recursive: true });
  const file = join(project, folder, 'node_modules/@sluice/core/dist/index.js');
  const code = readFileSync(file, 'utf8');
  const changed = code.replace(/\bAPI_VERSION = \d+\b/, `API_VERSION = ${api}`);
  expect(changed === code).toBe(api === API_VERSION);
  writeFileSync(file, changed);
  writeFiles(project, { [`${folder}/index.mjs`]: "export * as core from '@sluice/core';\nexport { plugin } from '@sluice/fs/plugin';\n" });
}

describe('two copies of core in one process', () => {
  test('share the registry, the grants and the errors where the contract is the same', async () => {
    copyOf('same', API_VERSION);
    writeFiles(project, {
      'same.mjs': `
        import * as one from '@sluice/core';
        import { core as two } from './same/index.mjs';
        import './same/node_modules/@sluice/fs/dist/index.js';
        const s = await one.session();
        const grant = await s.grant('package.json');
        // Built by one copy, run by the other.
        const program = two.defineProgram('size', { file: two.fd('r') }, ({ file }) => ({ size: two.grant.size(file) }));
        const { results } = await (await s.compile(program)).run({ file: grant });
        const error = await two.session({ backends: ['none'] }).catch((e) => e);
        console.log(JSON.stringify({
          copies: one.Registry !== two.Registry, shared: one.Registry.default === two.Registry.default,
          plugins: two.Registry.default.plugins.map((p) => p.name), size: Number(results.size) === Number(grant.byteLength),
          error: [one.isSluiceError(error), error instanceof one.SluiceError, error.code],
        }));
        await s.close();
      `,
    });
    expect(JSON.parse(await printed('same.mjs'))).toEqual({ copies: true, shared: true, plugins: ['@sluice/fs'], size: true, error: [true, false, 'plan/unknown-backend'] });
  });

  test('say registry/api-mismatch where it is another one, and leave the first one as it is', async () => {
    copyOf('other', API_VERSION + 1);
    writeFiles(project, {
      'other.mjs': `
        import * as one from '@sluice/core';
        import '@sluice/cpu-ref';
        import { core as two, plugin } from './other/index.mjs';
        const code = (register) => { try { register(); return 'registered'; } catch (e) { return [one.isSluiceError(e), e.code]; } };
        const { API_VERSION: first } = one, { API_VERSION: second } = two;
        const made = (api) => ({ '~plugin': 1, name: 'made-for-' + api, version: '1.0.0', api, register() {} });
        console.log(JSON.stringify({
          contracts: second - first,
          'a plugin of the second contract, by the second copy': code(() => two.registerPlugin(made(second))),
          'a plugin of the second contract, by the first copy': code(() => one.registerPlugin(made(second))),
          'a plugin of the first contract, by the second copy': code(() => two.registerPlugin(made(first))),
          'a published plugin, by the second copy': code(() => two.registerPlugin(plugin)),
          first: one.Registry.default.plugins.map((p) => p.name),
          second: two.Registry.default.plugins.map((p) => p.name),
          builds: two.defineProgram('nothing', {}, () => undefined).name,
        }));
      `,
    });
    const mismatch = [true, 'registry/api-mismatch'];
    expect(JSON.parse(await printed('other.mjs'))).toEqual({
      contracts: 1,
      'a plugin of the second contract, by the second copy': mismatch,
      'a plugin of the second contract, by the first copy': mismatch,
      'a plugin of the first contract, by the second copy': mismatch,
      'a published plugin, by the second copy': mismatch,
      first: ['@sluice/cpu-ref'],
      second: [],
      builds: 'nothing',
    });
  });
});

describe('a published plugin does not register with a core of another contract', () => {
  beforeAll(() => copyOf('later', API_VERSION + 1));

  test.each(plugins.map((p) => p.manifest.name))('%s', async (name) => {
    writeFiles(project, {
      'later/later.mjs': `
        import { Registry, isSluiceError } from '@sluice/core';
        const error = await import('${name}').catch((e) => e);
        console.log(JSON.stringify({ code: isSluiceError(error) ? error.code : 'registered', plugins: Registry.default.plugins.length }));
      `,
    });
    expect(JSON.parse(await printed('later/later.mjs'))).toEqual({ code: 'registry/api-mismatch', plugins: 0 });
  });
});

describe('the command line', () => {
  const commands = publicPackages.filter((p) => p.manifest.bin !== undefined).map(({ manifest }) => ({ name: manifest.name, manifest }));
  test.for(commands)('$name runs once installed', { timeout: LIMIT }, async ({ name, manifest }, context) => {
    const own = join(folder, 'command-line', name);
    writeFiles(own, { 'package.json': '{ "name": "outside", "private": true }\n' });
    const files = publicPackages.filter((p) => p.manifest.exports !== undefined || p.manifest.name === name).map((p) => tarballOf(p.manifest.name, p.manifest.version));
    // It has dependencies that are not of this workspace.
    const install = await runIn(own, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...files]);
    if (/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT)\b/.test(install.stderr)) context.skip(`no package registry can be reached for the dependencies of ${name}`);
    expect(install.status, install.stderr).toBe(0);
    for (const bin of Object.keys(manifest.bin ?? {})) {
      expect(existsSync(join(own, 'node_modules/.bin', bin))).toBe(true);
      expect(await succeeds(own, 'npx', '--no-install', bin, '--version')).toBe(`${manifest.version}\n`);
    }
  });
});
