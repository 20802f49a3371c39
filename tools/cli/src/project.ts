import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cliError } from './codes.ts';

/** A package.json, as far as it is read. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface PackageFolder {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The package that `folder` is in: the nearest folder at or above it with a package.json. */
export function projectOf(folder: string): PackageFolder | undefined {
  return upwards(folder).map((at) => packageAt(at)).find((found) => found !== undefined);
}

/** The package `name` as a module in `folder` would find it. */
export function findPackage(name: string, folder: string): PackageFolder | undefined {
  return upwards(folder).map((at) => packageAt(join(at, 'node_modules', name))).find((found) => found !== undefined);
}

/** Packages that the project depends on, for running or for developing. */
export function dependenciesOf({ dependencies, devDependencies, optionalDependencies, peerDependencies }: Manifest): readonly string[] {
  return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies });
}

function upwards(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

function packageAt(folder: string): PackageFolder | undefined {
  const file = join(folder, 'package.json');
  try {
    return { folder, manifest: JSON.parse(readFileSync(file, 'utf8')) as Manifest };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw cliError('cli/file', `\`${file}\` cannot be read: ${message}`, 'mend the file', { cause });
  }
}
