#!/usr/bin/env node
// Makes `.gpu/`, all that gpu.sh or on-gpu.sh needs on a machine that has a GPU and its driver, and neither Node nor a network:
// Node, and the packages bundled as they are published; for gpu.sh also Dawn and the Vulkan loader. Linux on x86-64 only.
//   node tools/bench/pack-gpu.mjs          for gpu.sh: the backend wgsl
//   node tools/bench/pack-gpu.mjs cuda     for on-gpu.sh: storage on CUDA memory
// What a run before has left there is taken as it is, but for the packages.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pack = join(root, '.gpu');
/** What may travel with the tree. */
const MOST = 55 * 2 ** 20;

const require = createRequire(import.meta.url);
// The bundler that tsup brings.
const { build } = createRequire(require.resolve('tsup'))('esbuild');

mkdirSync(pack, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'sluice-pack-'));
const tree = join(scratch, 'tree');
const CONFORMANCE = { '@sluice/conformance': join(root, 'packages/conformance/src/index.ts') };
try {
  unlessThere('node.xz', node);
  if (process.argv[2] === 'cuda') await cudaTree();
  else {
    unlessThere('dawn.node.xz', dawn);
    if (!readdirSync(pack).some((name) => /^libvulkan1.*\.deb$/.test(name))) run('apt-get', ['download', 'libvulkan1'], pack);
    await wgslTree();
  }
} finally {
  rmSync(scratch, { recursive: true });
}
const sizes = readdirSync(pack).filter((name) => statSync(join(pack, name)).isFile()).map((name) => [name, statSync(join(pack, name)).size]);
const all = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [name, size] of sizes) console.log(`${name}  ${(size / 2 ** 20).toFixed(1)} MiB`);
if (all > MOST) throw new Error(`.gpu/ has ${all} bytes, and ${MOST} may travel`);

function unlessThere(name, make) {
  if (!existsSync(join(pack, name))) make(join(pack, name));
}

function node(target) {
  const binary = join(scratch, 'node');
  copyFileSync(process.execPath, binary);
  run('strip', [binary]);
  compress(binary, target);
}

function dawn(target) {
  compress(join(dirname(require.resolve('webgpu')), 'dist/linux-x64/dawn.node'), target);
}

/** For gpu.sh. */
async function wgslTree() {
  const modules = await packages(['cpu-ref', 'fs', 'io-uring', 'wgsl']);
  const webgpu = dirname(require.resolve('webgpu'));
  mkdirSync(join(modules, 'webgpu'));
  for (const file of ['index.js', 'package.json']) copyFileSync(join(webgpu, file), join(modules, 'webgpu', file));
  await bundle([join(root, 'examples/bytes/src/main.ts')], join(tree, 'demo'));
  await bundle([join(root, 'tools/bench/gpu.mjs')], join(tree, 'gpu'), CONFORMANCE);
  packTree('packages.tar.xz');
}

/** For on-gpu.sh. */
async function cudaTree() {
  await packages(['cpu-ref', 'io-uring', 'cuda', 'gds']);
  await bundle([join(root, 'tools/bench/on-gpu.mjs')], join(tree, 'gpu'), CONFORMANCE);
  // Without the C++ library, so that it runs with any.
  run('gcc', ['-std=c++17', '-O2', '-fno-exceptions', '-fno-rtti', '-include', 'plugins/cuda/native/binding/old_systems.h', '-static-libgcc', '-o', join(tree, 'cufile_peer'), 'tools/bench/native/cufile_peer.cc', '-ldl', '-lpthread']);
  packTree('cuda.tar.xz');
}

/**
 * A folder as npm lays them out: each package in one file for each entry, which share what they have in common, with the
 * addon where it has one; and the bench.
 */
async function packages(plugins) {
  const modules = join(tree, 'node_modules');
  const names = { '@sluice/core': 'packages/core', ...Object.fromEntries(plugins.map((name) => [`@sluice/${name}`, `plugins/${name}`])) };
  for (const [name, folder] of Object.entries(names)) {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    // `./dist/web-plugin.js` is built from `src/web-plugin.ts`, whatever it is exported as.
    const entries = Object.values(manifest.exports).flatMap((to) => (to.default?.startsWith('./dist/') === true ? [basename(to.default, '.js')] : []));
    await bundle(entries.map((entry) => join(root, folder, `src/${entry}.ts`)), join(modules, name, 'dist'));
    const { version, type, exports } = manifest;
    writeFileSync(join(modules, name, 'package.json'), JSON.stringify({ name, version, type, exports: Object.fromEntries(Object.entries(exports).map(([key, to]) => [key, to.default ?? to])) }));
    if (!existsSync(join(root, folder, 'native'))) continue;
    const addon = 'native/prebuilds/linux-x64';
    const built = join(root, folder, addon);
    if (!existsSync(built)) throw new Error(`${built} is missing: npx turbo run build:native`);
    cpSync(built, join(modules, name, addon), { recursive: true });
  }
  await bundle([join(root, 'tools/bench/src/main.ts')], join(tree, 'bench'));
  writeFileSync(join(tree, 'package.json'), '{ "type": "module" }');
  return modules;
}

function packTree(name) {
  const tar = join(scratch, 'packages.tar');
  run('tar', ['-cf', tar, '-C', tree, '.']);
  compress(tar, join(pack, name));
}

/** Imports of other packages stay, but for those of `alias` and of what is not packed. */
function bundle(entryPoints, outdir, alias = {}) {
  const packed = /^(@sluice\/(core|cpu-ref|cuda|fs|gds|io-uring|wgsl)(\/.*)?|webgpu|node:.*)$/;
  return build({
    entryPoints, outdir, alias, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', conditions: ['@sluice/source'], logLevel: 'error', absWorkingDir: root,
    plugins: [{
      name: 'packages',
      setup: (b) => {
        b.onResolve({ filter: packed }, ({ path }) => ({ path, external: true }));
        b.onLoad({ filter: /[\\/]package\.json$/ }, ({ path }) => {
          const { name, version } = JSON.parse(readFileSync(path, 'utf8'));
          return { contents: JSON.stringify({ name, version }), loader: 'json' };
        });
      },
    }],
  });
}

function compress(from, target) {
  const { status, stdout, stderr } = spawnSync('xz', ['-6', '--threads=2', '--stdout', from], { maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`xz failed: ${String(stderr)}`);
  writeFileSync(target, stdout);
}

function run(command, args, cwd = root) {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
}
