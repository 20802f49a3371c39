/*
 * A backend and a dialect of somebody else, as they would be written: a package outside of the workspace, that has nothing of
 * Sluice but the packed tarballs. Needs the build.
 */
import { cpSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ConformanceReport, Outcome } from '@sluice/conformance';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { emptyFolder, linkNodeTypes, requireBuild, runIn, runNode, writeFiles } from './project.ts';
import { manifestIn, root } from './workspace.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly adapters: readonly string[];
  }
}

const source = join(root, 'examples/third-party/acme-wasm');
const folder = emptyFolder('third-party');
const project = join(folder, 'acme-wasm');
const PACKED = ['packages/core', 'packages/conformance', 'plugins/cpu-ref', 'plugins/wgsl'] as const;
const LIMIT = 600_000;
const require = createRequire(import.meta.url);

/** Why the package could not be installed, if so. */
let missing: string | undefined;

beforeAll(async () => {
  requireBuild();
  const names = PACKED.map((at) => manifestIn(join(root, at)));
  const packed = await runIn(root, join(root, 'node_modules/.bin', process.platform === 'win32' ? 'pnpm.cmd' : 'pnpm'), ['-r', ...names.map(({ name }) => `--filter=${name}`), 'pack', '--pack-destination', folder]);
  expect(packed.status, packed.stdout + packed.stderr).toBe(0);
  cpSync(source, project, { recursive: true, filter: (file) => !/[\\/](node_modules|dist)$/.test(file) });
  // What is not published is a tarball; the device of wgsl and the compiler are those of the workspace.
  const tarballs = names.map(({ name, version }) => [name, `file:${join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)}`] as const);
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(project, 'package.json'), JSON.stringify({ ...manifest, devDependencies: Object.fromEntries(tarballs) }));
  // The kit has a dependency that is not of this workspace.
  const install = await runIn(project, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund']);
  if (/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT)\b/.test(install.stderr)) {
    missing = 'no package registry can be reached for the dependencies of @sluice/conformance';
    return;
  }
  expect(install.status, install.stderr).toBe(0);
  linkNodeTypes(project);
  symlinkSync(join(root, 'tools/acceptance/node_modules/webgpu'), join(project, 'node_modules/webgpu'), 'junction');
  const built = await runNode(project, require.resolve('typescript/lib/tsc.js'), '-p', '.');
  expect(built).toEqual({ status: 0, stdout: '', stderr: '' });
}, LIMIT);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sources = readdirSync(join(source, 'src')).map((name) => ({ name, text: readFileSync(join(source, 'src', name), 'utf8') }));

test('it imports what packages export, and no more', () => {
  const imported = sources.flatMap(({ text }) => [...text.matchAll(/ from '([^.][^']*)'/g)].map((m) => m[1]));
  expect(new Set(imported)).toEqual(new Set(['@sluice/core', '@sluice/conformance']));
});

test('the backend is small: under 300 lines of code, beside its assembler', () => {
  const lines = (name: string) => (sources.find((s) => s.name === name)?.text ?? '').split('\n').filter((line) => !/^\s*(\/\/|\/?\*|$)/.test(line)).length;
  expect(lines('backend.ts')).toBeGreaterThan(0);
  expect(lines('backend.ts') + lines('lowerings.ts')).toBeLessThan(300);
});

function wrongIn(report: ConformanceReport): readonly Outcome[] {
  return report.backends.flatMap((b) => b.outcomes).filter((o) => o.verdict !== 'passed' && o.verdict !== 'unsupported');
}

test('it passes the kit; what it lacks is skipped with a reason', { timeout: LIMIT }, async (context) => {
  if (missing !== undefined) return context.skip(missing);
  const { status, stdout, stderr } = await runNode(project, 'dist/conform.js', '--json');
  const report = JSON.parse(stdout) as ConformanceReport;
  expect({ status, stderr, wrong: wrongIn(report) }).toEqual({ status: 0, stderr: '', wrong: [] });
  const outcomes = report.backends.flatMap((b) => b.outcomes);
  const passed = outcomes.filter((o) => o.verdict === 'passed').map((o) => `${o.suite}/${o.case}`);
  expect(passed.length).toBeGreaterThan(180);
  expect(passed).toEqual(expect.arrayContaining(['ops/edges/arith.div', 'ops/edges/acme.mean', 'ops/edges/acme.saturate', 'ops/laws/acme.mean is commutative', 'programs/generated/seed 8', 'memory/rules/elements of vec3<f32>']));
  const left = outcomes.filter((o) => o.verdict === 'unsupported');
  expect(left.length).toBeGreaterThan(0);
  expect(left.filter((o) => !/is unavailable on acme-wasm|acme-wasm has no/.test(o.reason ?? ''))).toEqual([]);
});

test.for(inject('adapters'))('its op runs on WebGPU too, on %s', { timeout: LIMIT }, async (adapter, context) => {
  if (missing !== undefined) return context.skip(missing);
  writeFiles(project, {
    'on-wgsl.mjs': `
      import { registered, runConformance } from '@sluice/conformance';
      import { Registry } from '@sluice/core';
      import { wgsl } from '@sluice/wgsl/plugin';
      import { plugin } from '@acme/wasm/plugin';
      const registry = new Registry().with(wgsl({ adapter: ${JSON.stringify(adapter)} })).with(plugin);
      const probe = await registry.backends.get('wgsl').probe();
      console.log(JSON.stringify(probe.available ? await runConformance([registered(registry, 'wgsl')], { only: 'acme.' }) : { why: probe.reason, backends: [] }));
    `,
  });
  const { stdout, stderr } = await runNode(project, 'on-wgsl.mjs');
  const { why, ...report } = JSON.parse(stdout) as ConformanceReport & { readonly why?: string };
  if (why !== undefined) return context.skip(why);
  expect({ stderr, wrong: wrongIn(report) }).toEqual({ stderr: '', wrong: [] });
  const outcomes = report.backends.flatMap((b) => b.outcomes);
  expect(outcomes.filter((o) => o.verdict === 'passed').map((o) => `${o.suite}/${o.case}`).sort()).toEqual(['ops/edges/acme.mean', 'ops/edges/acme.saturate', 'ops/laws/acme.mean is commutative', 'ops/laws/acme.mean is idempotent']);
});
