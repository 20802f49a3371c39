import { randomUUID } from 'node:crypto';
import { access, chmod, constants, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cliError } from './codes.ts';

/**
 * All bytes of a file.
 * @throws SluiceError `cli/file`, or the signal's reason
 */
export async function readBytes(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    return await readFile(path, signal === undefined ? {} : { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw cliError('cli/file', `\`${path}\` cannot be read: ${messageOf(cause)}`, 'name a readable file; give a large one to a program as a grant', { cause });
  }
}

/**
 * The text of a file in UTF-8; a byte order mark is a part of it.
 * @throws SluiceError `cli/file`
 */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw cliError('cli/file', `\`${path}\` is no text in UTF-8`, 'save it in UTF-8', { cause });
  }
}

/**
 * Puts `text` in the place of a file that is there, with its rights: all of it, or nothing where that fails.
 * @throws SluiceError `cli/file`
 */
export async function replaceText(path: string, text: string): Promise<void> {
  let made: string | undefined;
  try {
    // Beside the file itself: where a link leads to another file system, nothing is renamed into it from here.
    const target = await realpath(path);
    const { mode } = await stat(target);
    made = `${target}.${randomUUID()}.tmp`;
    await writeFile(made, text, { flag: 'wx', mode: 0o600 });
    await chmod(made, mode); // and not on the way: the mode of a new file is cut by the umask, and nobody else may read it before
    await rename(made, target);
  } catch (cause) {
    if (made !== undefined) await rm(made, { force: true });
    throw cliError('cli/file', `\`${path}\` cannot be written: ${messageOf(cause)}`, 'make room, and see that its folder may be written to', { cause });
  }
}

/** @throws SluiceError `cli/file` */
export async function writeBytes(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/**
 * Nothing is made or changed.
 * @throws SluiceError `cli/file`
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isDirectory() === true) throw new Error('it is a folder');
    await access(stats === undefined ? dirname(path) : path, constants.W_OK);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Equal for two names of one file; undefined where there is none. */
export async function identityOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats === undefined ? undefined : stats.isBlockDevice() ? `block:${stats.rdev}` : `${stats.dev}:${stats.ino}`;
}

function cannotWrite(path: string, cause: unknown) {
  return cliError('cli/file', `\`${path}\` cannot be written: ${messageOf(cause)}`, 'name a file in a folder that exists and may be written to', { cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
