import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { registerPlugin } from '@sluice/core';
import type { Plugin, SluiceError } from '@sluice/core';
import { moduleResolve } from 'import-meta-resolve';
import { cliError } from './codes.ts';
import { loadFailure, loadModule } from './load-module.ts';
import { dependenciesOf, findPackage, projectOf } from './project.ts';
import type { Manifest } from './project.ts';

/**
 * The plugins that this project makes, where each can run, and its folder in the workspace. None is published, so nothing
 * here may send anybody to a registry: what it has under these names is not ours.
 */
export const KNOWN: readonly { readonly name: string; readonly runs: string; readonly folder: string }[] = [
  { name: '@sluice/cpu-ref', runs: 'compute, anywhere: the reference, slow and exact', folder: 'plugins/cpu-ref' },
  { name: '@sluice/fs', runs: 'storage, anywhere', folder: 'plugins/fs' },
  { name: '@sluice/io-uring', runs: 'storage, Linux', folder: 'plugins/io-uring' },
  { name: '@sluice/wgsl', runs: 'compute, WebGPU', folder: 'plugins/wgsl' },
  { name: '@sluice/gds', runs: 'storage, NVIDIA', folder: 'plugins/gds' },
  { name: '@sluice/cuda', runs: 'memory of NVIDIA devices', folder: 'plugins/cuda' },
];

/** What became of a plugin that was asked for. */
export type Linked = { readonly name: string; readonly version: string | undefined } & (
  /** `own`: the folder does not have it, it came with the command line. */
  | { readonly state: 'imported'; readonly own: boolean }
  | { readonly state: 'missing' }
  | { readonly state: 'failed'; readonly error: unknown }
);

/**
 * Plugins that the project around `folder` depends on: of its dependencies of every kind those whose own package.json
 * has the shape of a plugin, `@sluice/core` as a peer and an entry `./plugin`.
 */
export function declaredPlugins(folder: string): readonly string[] {
  const project = projectOf(folder);
  if (project === undefined) return [];
  return dependenciesOf(project.manifest).filter((name) => isPlugin(findPackage(name, project.folder)?.manifest));
}

function isPlugin(manifest: Manifest | undefined): boolean {
  const { exports, peerDependencies = {} } = manifest ?? {};
  return '@sluice/core' in peerDependencies && typeof exports === 'object' && exports !== null && './plugin' in exports;
}

/** Where plugins are looked for: packages as a module in `folder` would find them, files from `cwd`. */
export interface From {
  readonly folder: string;
  readonly cwd: string;
}

/**
 * Imports a plugin: a package name, `fs` short for `@sluice/fs` and so on, or a path that starts with `.` or a slash.
 * A package that the folder does not have is taken from the dependencies of the command line itself.
 */
export async function link(name: string, { folder, cwd }: From): Promise<Linked> {
  if (name.startsWith('.') || isAbsolute(name)) return linkFile(name, resolve(cwd, name));
  const full = KNOWN.find((k) => k.name === `@sluice/${name}`)?.name ?? name;
  for (const from of [folder, OWN_FOLDER]) {
    const found = findPackage(full, from);
    if (found === undefined) continue;
    const { version } = found.manifest;
    try {
      const entry = moduleResolve(full, pathToFileURL(join(from, 'package.json')), CONDITIONS);
      await loadModule(fileURLToPath(entry));
      return { name: full, version, state: 'imported', own: from !== folder };
    } catch (error) {
      return { name: full, version, state: 'failed', error: await loadFailure(full, error) };
    }
  }
  return { name: full, version: undefined, state: 'missing' };
}

/**
 * Imports the plugins that `names` gives, or else those that the project around the folder depends on.
 * @throws SluiceError `cli/no-plugin`, `cli/load-failed`, or what registering them threw
 */
export async function linkAll(names: readonly string[] | undefined, from: From): Promise<void> {
  for (const name of names ?? declaredPlugins(from.folder)) {
    const linked = await link(name, from);
    if (linked.state === 'failed') throw linked.error;
    if (linked.state === 'missing') throw noPlugin(linked.name, from.folder);
  }
}

/**
 * What `sluice ops` and `sluice doctor` look at: the plugins that `names` gives, or else those of the project around `cwd`
 * and the known ones. Says of each what became of it; nothing is thrown.
 */
export async function linkAvailable(names: readonly string[] | undefined, cwd: string): Promise<readonly Linked[]> {
  const all = names ?? [...new Set([...KNOWN.map((k) => k.name), ...declaredPlugins(cwd)])];
  const linked: Linked[] = [];
  for (const name of all) linked.push(await link(name, { folder: cwd, cwd }));
  return linked;
}

/** Why a plugin is missing and what to do, in words: no command to copy, for whose package it would fetch is not known. */
export function absence(name: string): { readonly reason: string; readonly fix: string } {
  const known = KNOWN.find((k) => k.name === name);
  if (known === undefined) return { reason: 'not installed', fix: 'correct the name, or add the package that you mean, from a source that you trust, to the project' };
  return { reason: `not installed (${known.runs})`, fix: `it is not published: pack the folder ${known.folder} of the Sluice workspace, and add the tarball to the project` };
}

/** The error for a plugin that was asked for and is not there. */
export function noPlugin(name: string, folder: string): SluiceError {
  const { reason, fix } = absence(name);
  return cliError('cli/no-plugin', `plugin \`${name}\` is ${reason}; looked for from \`${folder}\``, fix);
}

/** A file registers itself, or exports its value as `plugin`, as a package's `./plugin` entry does. */
async function linkFile(name: string, file: string): Promise<Linked> {
  try {
    if (!existsSync(file)) throw cliError('cli/no-plugin', `plugin \`${name}\`: \`${file}\` does not exist`, 'name a module that registers a plugin, or exports one as `plugin`');
    const { plugin } = (await loadModule(file)) as { readonly plugin?: Plugin };
    if (plugin !== undefined) registerPlugin(plugin);
    return { name: plugin?.name ?? name, version: plugin?.version, state: 'imported', own: false };
  } catch (error) {
    return { name, version: undefined, state: 'failed', error };
  }
}

const OWN_FOLDER = dirname(fileURLToPath(import.meta.url));

/** What this process was started with: packages are found as `import` would find them. */
export const CONDITIONS = new Set(['node', 'import', ...conditionsIn(process.execArgv), ...conditionsIn((process.env['NODE_OPTIONS'] ?? '').split(/\s+/))]);

function conditionsIn(args: readonly string[]): readonly string[] {
  return args.flatMap((arg, i) => {
    const [, inline] = /^(?:--conditions|-C)=?(.*)$/.exec(arg) ?? [];
    const value = inline === '' ? args[i + 1] : inline;
    return value === undefined ? [] : [value];
  });
}
