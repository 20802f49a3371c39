#!/usr/bin/env node
// The way into the workspace for `npm test` and `npm run demo|sluice|bench|...`: installs what is missing, builds what changed, then runs
// the target with the arguments given. Needs Node and npm only. Standard output belongs to the target alone; everything
// that this file has to say goes to standard error.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { swiftshaderEnvironment } from './testing/adapters.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';

/**
 * For each target: the Node script to run and, unless it is all of them, the packages to build first (turbo filters);
 * `inSoftware`: WebGPU finds the software adapter of the tests.
 */
const targets = {
  setup: {},
  test: { script: 'node_modules/vitest/vitest.mjs', args: ['run'], inRoot: true, needsNative: true },
  'test:nodes': { script: 'tools/test-nodes.mjs' },
  demo: { script: 'examples/bytes/dist/main.js', build: ['@sluice/example-bytes...'] },
  sluice: { script: 'tools/cli/dist/main.js', build: ['sluice...', './plugins/*...'] },
  bench: { script: 'tools/bench/dist/main.js', build: ['@sluice/bench...'], inSoftware: process.env.SLUICE_TEST_ADAPTERS === 'swiftshader' },
  fuzz: { script: 'packages/conformance/dist/main.js', build: ['@sluice/conformance...'] },
  packages: { script: 'tools/packages.mjs' },
  api: { script: 'tools/api.mjs' },
};

const [name = '', ...args] = process.argv.slice(2);
const target = Object.hasOwn(targets, name) ? targets[name] : undefined;
if (target === undefined) fail(`usage: node tools/run.mjs ${Object.keys(targets).join('|')} [arguments]`);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) fail(`Sluice needs Node 20.19 or later; this is ${process.version}`);

const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
};

install();
if (target.script !== undefined) {
  build(target.build ?? []);
  buildNative(target.needsNative === true);
  run(target);
}

/** A frozen install on every call: it takes under 0.1 s when nothing is missing, and its failure ends the call. */
function install() {
  const { packageManager, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const options = ['install', '--frozen-lockfile'];
  const local = join(root, 'node_modules/.bin', windows ? 'pnpm.cmd' : 'pnpm');
  const found = spawnSync(local, ['--version'], { cwd: root, env, encoding: 'utf8', shell: windows });
  // The workspace depends on its own pnpm, so that only the very first call goes through npx.
  if (found.stdout?.trim() === devDependencies.pnpm) quietly('installing the dependencies', local, options);
  else {
    say('installing the dependencies (first run)');
    const { status, error } = spawnSync('npx', ['-y', packageManager, ...options], {
      cwd: root, env: { ...env, CI: 'true' }, stdio: ['ignore', 2, 2], shell: windows,
    });
    if (status !== 0) fail(`installing the dependencies failed${error ? `: ${error.message}` : ''}`);
  }
}

function build(filters) {
  const options = ['run', 'build', '--output-logs=errors-only', ...filters.map((filter) => `--filter=${filter}`)];
  quietly('building', join(root, 'node_modules/.bin', windows ? 'turbo.cmd' : 'turbo'), options);
}

/**
 * Builds the native addons where there is a compiler: whether there is one is looked up here on every call, so that no
 * cached build remembers it. The tests need them; everything else goes on without, and says so.
 */
function buildNative(needed) {
  if (process.platform !== 'linux') return;
  const missing = [process.env.CXX ?? 'g++', 'make', 'python3'].filter((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0);
  if (missing.length === 0) return quietly('building the native addons', join(root, 'node_modules/.bin/turbo'), ['run', 'build:native', '--output-logs=errors-only'], needed);
  const remedy = `install ${missing.join(', ')} (Debian: apt-get install g++ make python3)`;
  if (needed) fail(`the native addons cannot be built: ${remedy}`);
  say(`going on without the native addons, and so without @sluice/io-uring, @sluice/cuda and @sluice/gds: to have them, ${remedy}`);
}

/** Runs a tool in the root; what it prints is shown only if it fails, which ends the call where it is needed. */
function quietly(doing, command, options, needed = true) {
  const { status, error, stdout, stderr } = spawnSync(command, options, {
    cwd: root, env: { ...env, CI: 'true' }, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28, shell: windows,
  });
  if (status === 0) return;
  process.stderr.write(stdout ?? '');
  process.stderr.write(stderr ?? '');
  const what = `${doing} failed${error ? `: ${error.message}` : ''}`;
  if (needed) fail(what);
  say(`${what}: going on without`);
}

function run({ script, args: own = [], inRoot = false, inSoftware = false }) {
  // Paths among the arguments are relative to where the person stands, which npm keeps in INIT_CWD.
  const cwd = inRoot ? root : ((process.env.npm_lifecycle_event === name && process.env.INIT_CWD) || process.cwd());
  const child = spawn(process.execPath, [join(root, script), ...own, ...args], { cwd, env: { ...process.env, ...(inSoftware ? swiftshaderEnvironment() : {}) }, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function say(line) {
  process.stderr.write(`sluice: ${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
