import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SluiceError } from '@sluice/core';
import type { CompileCache, SystemCall } from '@sluice/core';
import { problemOf } from './errors.ts';
import type { SystemError } from './errors.ts';

export interface DiskCacheOptions {
  /** Bytes that all entries together may take; 256 MiB if absent. */
  readonly bytes?: number;
}

export interface CacheContents {
  readonly entries: number;
  readonly bytes: number;
}

/** A folder with what compiling made. Any number of processes may use it at once. */
export interface DiskCache extends CompileCache {
  readonly folder: string;
  /** What is in the folder now. */
  contents(): Promise<CacheContents>;
  /** Removes what was not used for longest until the rest takes at most `bytes`, and gives what it removed. */
  prune(bytes: number): Promise<CacheContents>;
}

const DEFAULT_BYTES = 2 ** 28;
const KEY = /^[0-9a-f]{16,128}$/;
const ENTRY = /^([0-9a-f]{16,128})\.entry$/;
/** Of entries that are being written: renamed when they are whole, so that nobody reads half of one. */
const UNFINISHED = /^[0-9a-f]{16,128}\.[0-9a-f]+\.unfinished$/;
/** Older ones are of processes that ended before they had finished. */
const UNFINISHED_MS = 600_000;
const MAGIC = Buffer.from('sluice cache 1\n\n');
const DIGEST_BYTES = 32;
const HEADER_BYTES = MAGIC.length + DIGEST_BYTES;

/**
 * A cache in a folder, which is made when something is put into it. Whoever can write there decides what programs do that
 * are compiled with it: it is to be the user's own.
 * @throws SluiceError `session/option`
 */
export function diskCache(folder: string, { bytes = DEFAULT_BYTES }: DiskCacheOptions = {}): DiskCache {
  if (typeof folder !== 'string' || folder === '') throw new SluiceError({ code: 'session/option', message: `the folder of a cache is ${JSON.stringify(folder)}`, fix: 'give the path of a folder' });
  if (typeof bytes !== 'number' || !(bytes >= 0)) throw new SluiceError({ code: 'session/option', message: `a cache of ${String(bytes)} bytes`, fix: 'give a number of bytes, 0 or more' });
  return new FolderCache(resolve(folder), bytes);
}

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

class FolderCache implements DiskCache {
  readonly folder: string;
  readonly #limit: number;

  constructor(folder: string, limit: number) {
    this.folder = folder;
    this.#limit = limit;
  }

  /** An entry that is damaged is removed, and is none. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(key);
    const file = await unlessMissing(readFile(path), 'read', path);
    if (file === undefined) return undefined;
    const payload = file.subarray(HEADER_BYTES);
    const isWhole = file.length >= HEADER_BYTES && MAGIC.equals(file.subarray(0, MAGIC.length)) && digestOf(key, payload).equals(file.subarray(MAGIC.length, HEADER_BYTES));
    if (!isWhole) {
      await rm(path, { force: true }).catch(() => {});
      return undefined;
    }
    // That it was used is worth knowing, and no reason to fail.
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
    return new Uint8Array(payload);
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(key);
    if (HEADER_BYTES + bytes.length > this.#limit) return;
    const unfinished = join(this.folder, `${key}.${randomBytes(8).toString('hex')}.unfinished`);
    try {
      await mkdir(this.folder, { recursive: true });
      await writeFile(unfinished, Buffer.concat([MAGIC, digestOf(key, bytes), bytes]), { flag: 'wx' });
      await rename(unfinished, path);
    } catch (cause) {
      await rm(unfinished, { force: true }).catch(() => {});
      throw failed('write', path, cause);
    }
    await this.prune(this.#limit);
  }

  async contents(): Promise<CacheContents> {
    return sumOf(await this.#entries());
  }

  async prune(bytes: number): Promise<CacheContents> {
    const entries = [...(await this.#entries())].sort((a, b) => a.usedMs - b.usedMs);
    let kept = sumOf(entries).bytes;
    const removed: Entry[] = [];
    for (const entry of entries) {
      if (kept <= bytes) break;
      kept -= entry.bytes;
      removed.push(entry);
      await remove(entry.path);
    }
    return sumOf(removed);
  }

  /** Also removes what was left unfinished long ago. */
  async #entries(): Promise<readonly Entry[]> {
    const names = (await unlessMissing(readdir(this.folder), 'read', this.folder)) ?? [];
    const found = await Promise.all(names.map(async (name): Promise<readonly Entry[]> => {
      if (!ENTRY.test(name) && !UNFINISHED.test(name)) return [];
      const path = join(this.folder, name);
      // Another process may have removed it meanwhile.
      const known = await unlessMissing(stat(path), 'size', path);
      if (known === undefined) return [];
      if (ENTRY.test(name)) return [{ path, bytes: known.size, usedMs: known.mtimeMs }];
      if (Date.now() - known.mtimeMs > UNFINISHED_MS) await remove(path);
      return [];
    }));
    return found.flat();
  }

  #pathOf(key: string): string {
    if (KEY.test(key)) return join(this.folder, `${key}.entry`);
    throw new SluiceError({ code: 'cache/failed', message: `${JSON.stringify(key)} is no key of a cache`, fix: 'give 16 to 128 hexadecimal digits, in lower case' });
  }
}

/** Of the key too: an entry under another one's name is damaged. */
function digestOf(key: string, payload: Uint8Array): Buffer {
  return createHash('sha256').update(key).update(payload).digest();
}

function sumOf(entries: readonly Entry[]): CacheContents {
  return { entries: entries.length, bytes: entries.reduce((sum, e) => sum + e.bytes, 0) };
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw failed('write', path, cause);
  }
}

async function unlessMissing<T>(work: Promise<T>, call: SystemCall, path: string): Promise<T | undefined> {
  try {
    return await work;
  } catch (cause) {
    if ((cause as SystemError).code === 'ENOENT') return undefined;
    throw failed(call, path, cause);
  }
}

function failed(call: SystemCall, path: string, cause: unknown): SluiceError {
  return new SluiceError(problemOf(call, path, cause as SystemError));
}
