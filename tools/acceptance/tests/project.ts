import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { libraries, publicPackages, root } from './workspace.ts';

/** An empty folder outside the workspace. */
export function emptyFolder(name: string): string {
  return realpathSync(mkdtempSync(join(tmpdir(), `sluice-${name}-`)));
}

/** Makes `folder` a project whose `node_modules` has the workspace's libraries, as built, and Node's types. */
export function linkLibraries(folder: string): void {
  requireBuild();
  for (const { folder: from, manifest } of libraries) link(join(root, from), join(folder, 'node_modules', manifest.name));
  linkNodeTypes(folder);
}

/** These tests see packages as their users do. `npm test` builds them first. */
export function requireBuild(): void {
  const missing = publicPackages.filter(({ folder }) => !existsSync(join(root, folder, 'dist')));
  if (missing.length > 0) throw new Error(`not built: ${missing.map((p) => p.folder).join(', ')}; run \`npm run build\` first`);
}

export function linkNodeTypes(folder: string): void {
  link(realpathSync(join(root, 'tools/acceptance/node_modules/@types/node')), join(folder, 'node_modules/@types/node'));
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, 'junction');
}

export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. Packages are found as they are published: the source condition is not passed on. */
export function runIn(cwd: string, command: string, args: readonly string[]): Promise<Finished> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' && command !== process.execPath });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

export function runNode(cwd: string, ...args: readonly string[]): Promise<Finished> {
  return runIn(cwd, process.execPath, args);
}
