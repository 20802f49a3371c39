import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';

const CLI = fileURLToPath(new URL('..', import.meta.url));
const conditions = process.env['TEST_DIST'] === '1' ? [] : ['@sluice/source'];

/** The command line installed beside a project that has its own core: two copies of core, as npm may lay them out. */
export interface Installed {
  /** A folder with a package.json that depends on @sluice/core, @sluice/fs and @sluice/cpu-ref. */
  readonly project: string;
  /** A folder with a package.json and no dependencies, outside of the project. */
  readonly bare: string;
  /** Runs the command line as a process of its own, in `project` unless told otherwise. */
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  remove(): Promise<void>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the rest of its arguments, and takes something away from them. */
  readonly under?: readonly string[];
  /** A file or device that takes standard output, in place of `stdout`. */
  readonly stdout?: string;
  /** `gone`: whoever reads standard output has closed it before anything is written. */
  readonly reader?: 'gone';
  /** Called once the process has started, with what ends it. */
  readonly during?: (kill: (signal: NodeJS.Signals) => void) => Promise<void>;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One for a test file, made before its tests and removed behind them. */
export interface InstalledForTests extends Pick<Installed, 'project' | 'bare' | 'run'> {
  /** Writes a file of the project, and the folders above it; gives its path. */
  readonly put: (name: string, content: string | Uint8Array) => Promise<string>;
}

export function useInstalled(): InstalledForTests {
  let made: Installed | undefined;
  beforeAll(async () => {
    made = await install();
  });
  afterAll(() => made?.remove());
  const installed = () => made as Installed;
  return {
    get project() {
      return installed().project;
    },
    get bare() {
      return installed().bare;
    },
    run: (args, options) => installed().run(args, options),
    async put(name, content) {
      const file = join(installed().project, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },
  };
}

/** Builds everything from the sources as they are, in a new folder for temporary files. */
async function install(): Promise<Installed> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-cli-test-')));
  const [project, bare, tool] = [join(root, 'project'), join(root, 'bare'), join(root, 'tool')];
  await Promise.all([
    writePackage(project, { name: 'project', type: 'module', dependencies: { '@sluice/core': '*', '@sluice/fs': '*' }, devDependencies: { '@sluice/cpu-ref': '*' } }),
    writePackage(bare, { name: 'bare', type: 'module' }),
    plugins(project),
    bundle(join(CLI, 'src/main.ts'), join(tool, 'main.js'), ['esbuild', 'tsx', 'import-meta-resolve']),
    plugins(tool),
    linked(tool, 'esbuild'),
    linked(tool, 'tsx'),
    linked(tool, 'import-meta-resolve'),
  ]);
  return {
    project, bare,
    run: (args, options) => run(join(tool, 'main.js'), args, { cwd: project, ...options }),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** @sluice/core, @sluice/fs and @sluice/cpu-ref in the node_modules of `folder`. */
async function plugins(folder: string): Promise<void> {
  await Promise.all(['core', 'fs', 'cpu-ref'].map(async (name) => {
    const at = join(folder, 'node_modules/@sluice', name);
    const plugin = name !== 'core';
    const entries = plugin ? { '.': './index.js', './plugin': './plugin.js' } : { '.': './index.js' };
    await writePackage(at, { name: `@sluice/${name}`, version: '0.1.0', type: 'module', exports: entries, ...(plugin ? { peerDependencies: { '@sluice/core': '*' } } : {}) });
    await bundle(`@sluice/${name}`, join(at, 'index.js'), plugin ? ['@sluice/core'] : []);
    if (plugin) await writeFile(join(at, 'plugin.js'), `export { plugin } from './index.js';\n`);
  }));
}

/** @sluice/conformance in the node_modules of `folder`, with that folder's own core and reference. */
export async function linkKit(folder: string): Promise<void> {
  const at = join(folder, 'node_modules/@sluice/conformance');
  await writePackage(at, { name: '@sluice/conformance', version: '0.1.0', type: 'module', exports: { '.': './index.js' } });
  await bundle('@sluice/conformance', join(at, 'index.js'), ['@sluice/core', '@sluice/cpu-ref/plugin']);
}

async function bundle(entry: string, outfile: string, external: readonly string[]): Promise<void> {
  await build({
    // A package name is an entry as the command line's own modules would import it.
    stdin: { contents: `export * from ${JSON.stringify(entry)};`, resolveDir: CLI },
    outfile, external: [...external], conditions, bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'error',
  });
}

async function writePackage(folder: string, manifest: object): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
}

/** A dependency of the command line, from its own node_modules. */
async function linked(folder: string, name: string): Promise<void> {
  const require = createRequire(join(CLI, 'package.json'));
  const at = require.resolve.paths(name)?.map((path) => join(path, name, 'package.json')) ?? [];
  const manifest = at.find((path) => canResolve(require, path));
  if (manifest === undefined) throw new Error(`${name} is not installed`);
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await symlink(await realpath(dirname(manifest)), join(folder, 'node_modules', name), 'junction');
}

function canResolve(require: NodeJS.Require, path: string): boolean {
  try {
    require.resolve(path);
    return true;
  } catch {
    return false;
  }
}

function run(main: string, args: readonly string[], { cwd, env = {}, under = [], stdout, reader, during }: RunOptions & { readonly cwd: string }): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const { NO_COLOR: _, FORCE_COLOR: __, NODE_OPTIONS: ___, ...inherited } = process.env;
    const output = stdout === undefined ? undefined : openSync(stdout, 'w');
    const [command = process.execPath, ...rest] = [...under, process.execPath, main, ...args];
    const child = spawn(command, rest, { cwd, env: { ...inherited, ...env }, stdio: ['ignore', output ?? 'pipe', 'pipe'] });
    if (output !== undefined) closeSync(output);
    if (reader === 'gone') child.stdout?.destroy();
    const text = { stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...text }));
    during?.((signal) => child.kill(signal)).catch((error: unknown) => {
      child.kill('SIGKILL');
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}
