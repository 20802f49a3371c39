/*
 * An application in one file, by the bundlers that applications use, with tree-shaking: what a plugin does when it is
 * imported must survive it. Needs the build.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';
import { rollup } from 'rollup';
import type { OutputOptions } from 'rollup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyFolder, linkLibraries, runNode, writeFiles } from './project.ts';

const folder = emptyFolder('bundled');
const application = join(folder, 'application');

beforeAll(() => {
  linkLibraries(application);
  writeFiles(application, {
    'package.json': '{ "type": "module", "private": true, "sideEffects": false }\n',
    // No name of a plugin is used: nothing but the imports themselves says that they are needed.
    'app.js': `
      import '@sluice/fs';
      import '@sluice/cpu-ref';
      import { Registry, buffer, control, defineKernel, defineProgram, fd, grant, io, kernel, session, u64 } from '@sluice/core';

      const mix = defineKernel('mix', { params: { data: 'buffer<u8, read>', out: 'buffer<u32, read_write>', scale: 'f32', wide: 'u64' }, workgroup: 64 }, ({ data, out, scale, wide }, { global, local }) => {
        const shared = buffer.workgroup('u32', 64);
        shared.store(local.x, data.load(global.x));
        control.barrier();
        const sum = control.for({ to: 64 }, u64(0), (i, sum) => sum.add(shared.load(i).to('u64').mul(wide)));
        control.if(global.x.lt(data.length), () => {
          out.atomicAdd(0, data.load(global.x));
          out.atomicMax(1, data.load(global.x).to('f32').mul(scale).to('u32'));
          out.store(2, sum.shr(32).to('u32'));
        });
      });
      const program = defineProgram('mixed', { input: fd('r'), output: fd('w') }, ({ input, output }) => {
        const size = grant.size(input);
        const out = buffer.alloc('u32', 3);
        kernel.launch(mix, size, { data: io.dma_from_nvme(input, 0, size), out, scale: 1.5, wide: 1n << 32n });
        io.write_back_to_nvme(out, output, 0);
        return { size };
      });

      const main = async () => {
        const s = await session({ backends: ['fs', 'cpu-ref'] });
        const executable = await s.compile(program);
        const { results } = await executable.run({ input: await s.grant('input.bin'), output: await s.grant('output.bin', { rights: 'w', create: 'truncate' }) });
        await s.close();
        console.log(JSON.stringify({ plugins: Registry.default.plugins.map((p) => p.name), size: Number(results.size) }));
      };
      main();
    `,
    // The control: what is not imported is not there.
    'bare.js': `
      import { Registry, defineProgram } from '@sluice/core';
      console.log(JSON.stringify({ plugins: Registry.default.plugins.map((p) => p.name), program: defineProgram('nothing', {}, () => undefined).name }));
    `,
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Bundle = (entry: string, out: string) => Promise<unknown>;
const withEsbuild = (options: BuildOptions): Bundle => (entry, out) =>
  build({ entryPoints: [join(application, entry)], outfile: out, bundle: true, treeShaking: true, platform: 'node', target: 'node20', logLevel: 'silent', ...options });
const withRollup = (output: OutputOptions): Bundle => async (entry, out) => {
  const bundle = await rollup({
    input: join(application, entry), treeshake: true, external: /^node:/, plugins: [nodeResolve({ exportConditions: ['node'] })],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  try {
    await bundle.write({ file: out, inlineDynamicImports: true, ...output });
  } finally {
    await bundle.close();
  }
};

const bundles: readonly (readonly [string, string, Bundle])[] = [
  ['esbuild, as a module', 'mjs', withEsbuild({ format: 'esm' })],
  ['esbuild, minified', 'mjs', withEsbuild({ format: 'esm', minify: true })],
  ['esbuild, as CommonJS', 'cjs', withEsbuild({ format: 'cjs' })],
  ['rollup, as a module', 'mjs', withRollup({ format: 'es' })],
  ['rollup, as CommonJS', 'cjs', withRollup({ format: 'cjs' })],
];

describe.each(bundles)('%s', (name, extension, bundle) => {
  const out = (app: string) => join(folder, name.replace(/\W+/g, '-'), `${app}.${extension}`);
  /** What a bundle prints, which stands alone: the folder has no packages. */
  const run = async (app: string): Promise<unknown> => {
    await bundle(`${app}.js`, out(app));
    const cwd = join(out(app), '..');
    writeFileSync(join(cwd, 'input.bin'), Uint8Array.from({ length: 100 }, (_, i) => i + 1));
    const { status, stdout, stderr } = await runNode(cwd, out(app));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout) as unknown;
  };

  test('finds the plugins registered, and computes with them', async () => {
    expect(await run('app')).toEqual({ plugins: ['@sluice/cpu-ref', '@sluice/fs'], size: 100 });
    const output = readFileSync(join(out('app'), '../output.bin'));
    // The sum and one and a half times the greatest of 1 to 100; the last workgroup stores last: 65 to 100, then zeros.
    expect([0, 4, 8].map((at) => output.readUInt32LE(at))).toEqual([5050, 150, (65 + 100) * 18]);
  }, 60_000);

  test('has no plugin that was not imported', async () => {
    expect(await run('bare')).toEqual({ plugins: [], program: 'nothing' });
    expect(readFileSync(out('bare'), 'utf8')).not.toContain('new Function');
  }, 60_000);
});
