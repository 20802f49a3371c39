// The public packages of the workspace, for the tools beside this file.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Every package that is published: its folder and its package.json. */
export const publicPackages = ['packages', 'plugins', 'tools']
  .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
  .filter((folder) => existsSync(join(folder, 'package.json')))
  .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
  .filter(({ manifest }) => manifest.private !== true);

/** Runs a tool of the workspace; gives its exit status and everything that it printed. */
export function tool(name, args, cwd = root) {
  const command = join(root, 'node_modules/.bin', process.platform === 'win32' ? `${name}.cmd` : name);
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (error) throw error;
  return { ok: status === 0, output: stdout + stderr };
}
