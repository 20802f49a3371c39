import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The part of a package.json that the tests here ask for. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Package {
  /** Relative to the root, such as `plugins/fs`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

const packageFolders = ['packages', 'plugins', 'tools', 'examples']
  .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
  .filter((folder) => existsSync(join(root, folder, 'package.json')));

/** Every package that is published. */
export const publicPackages: readonly Package[] = packageFolders
  .map((folder) => ({ folder, manifest: manifestIn(join(root, folder)) }))
  .filter(({ manifest }) => manifest.private !== true);

/** Those that a program imports: core, plugins, libraries. */
export const libraries = publicPackages.filter(({ manifest }) => manifest.exports !== undefined);
export const plugins = libraries.filter(({ manifest }) => manifest.exports?.['./plugin'] !== undefined);

/** Where each plugin is defined, relative to the root: a package may have one for each world that it runs in. */
export const pluginFiles: readonly string[] = plugins.flatMap(({ folder, manifest }) =>
  Object.entries(manifest.exports ?? {}).filter(([entry]) => entry.endsWith('/plugin')).map(([, to]) => `${folder}/${(to as Readonly<Record<string, string>>)['@sluice/source']}`));

/** The Markdown that people read: in the root, in `docs/`, and beside each package. Relative to the root. */
export function markdownPages(): readonly string[] {
  const within = (folder: string, recursive: boolean): readonly string[] =>
    readdirSync(join(root, folder), { withFileTypes: true, recursive })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
  return [...within('.', false), ...within('docs', true), ...packageFolders.flatMap((folder) => within(folder, false))].sort();
}
