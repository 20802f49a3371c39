import { constants, read, write } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '@sluice/core';
import type { FileSource, OpenFile, StorageDevice } from '@sluice/core';
import { problemOf } from './errors.ts';
import type { SystemError } from './errors.ts';

/** An open file. It owns the descriptor, and closes it when no call uses it any more. */
export interface FsFile extends OpenFile {
  /** One call for at most `count` bytes between `bytes` from `at` on and the file. Gives how many it moved; fails as Node does. */
  move(kind: 'read' | 'write', bytes: Uint8Array, at: number, count: number, position: bigint): Promise<number>;
  /** Puts what was written on stable storage; fails as Node does. */
  sync(): Promise<void>;
}

/** From here on a number is not exact. `fs.read` takes a bigint; `fs.write`, given one, writes at the current position. */
export const NUMBERS_END = 2n ** 53n;

const access = { r: constants.O_RDONLY, w: constants.O_WRONLY, rw: constants.O_RDWR };
const creation = { no: 0, 'if-missing': constants.O_CREAT, truncate: constants.O_CREAT | constants.O_TRUNC };
// Without it, opening a FIFO waits for the other end. Regular files ignore it; Windows has neither.
const NONBLOCK = (constants.O_NONBLOCK as number | undefined) ?? 0;

/** `Storage.open`: the file is in `owned` until it is closed. One that is created has mode 0o666 less the umask. */
export async function openFile(source: FileSource, { rights, create, signal }: Parameters<StorageDevice['open']>[1], owned: Set<FsFile>): Promise<FsFile> {
  let path = typeof source === 'string' ? source : source instanceof URL ? source.href : 'an object';
  let handle: FileHandle | undefined;
  try {
    if (typeof source !== 'string') path = fileURLToPath(source as URL);
    // What O_TRUNC does without the right to write is up to the system.
    if (create === 'truncate' && rights === 'r') throw systemError('EACCES', 'truncating takes the right to write');
    // Opening a device can act on it (rewind a tape, arm a watchdog), so look before; and again at what was opened,
    // because the name may have changed hands in between.
    const before = await stat(path, { bigint: true }).catch((cause: SystemError) => {
      if (create === 'no' || cause.code !== 'ENOENT') throw cause;
    });
    if (before !== undefined) requireFile(before);
    signal?.throwIfAborted();
    handle = await open(path, access[rights] | creation[create] | NONBLOCK, 0o666);
    const stats = await handle.stat({ bigint: true });
    requireFile(stats);
    signal?.throwIfAborted();
    const file = fileOf(path, handle, stats, () => owned.delete(file));
    owned.add(file);
    return file;
  } catch (cause) {
    await handle?.close();
    throw signal?.aborted === true ? signal.reason : new SluiceError(problemOf('open', path, cause as SystemError));
  }
}

function requireFile(stats: BigIntStats): void {
  if (stats.isDirectory()) throw systemError('EISDIR', 'it is a directory');
  if (!stats.isFile() && !stats.isBlockDevice()) throw systemError('ENXIO', 'it is a FIFO, a socket or a character device');
}

function fileOf(name: string, handle: FileHandle, stats: BigIntStats, onClose: () => void): FsFile {
  let calls = 0;
  let idle = () => {};
  let closed: Promise<void> | undefined;
  const failed = (op: 'read' | 'write') => (cause: SystemError) => {
    throw new SluiceError(problemOf(op, name, cause));
  };

  const move: FsFile['move'] = (kind, bytes, at, count, position) =>
    new Promise((resolve, reject) => {
      // By now the descriptor's number may be another file's.
      if (closed !== undefined) throw systemError('EBADF', 'the file is closed');
      const done = (cause: SystemError | null, moved: number) => {
        if (--calls === 0) idle();
        if (cause === null) resolve(moved);
        else reject(cause);
      };
      if (kind === 'write') write(handle.fd, bytes, at, count, Number(position), done);
      else read(handle.fd, bytes, at, count, position < NUMBERS_END ? Number(position) : position, done);
      calls++;
    });

  async function size(): Promise<bigint> {
    const now = await handle.stat({ bigint: true });
    if (!now.isBlockDevice()) return now.size;
    // fstat gives 0 and Node has no seek: search for the last byte that can be read.
    let end = 0n;
    for (let step = 2n ** 62n; step > 0n; step /= 2n) end += step * BigInt(await move('read', new Uint8Array(1), 0, 1, end + step - 1n));
    return end;
  }
  async function close(): Promise<void> {
    if (calls > 0) await new Promise<void>((resolve) => (idle = resolve));
    onClose();
    await handle.close();
  }
  return {
    name,
    // Several nodes may stand for one block device: its number tells, not the inode.
    identity: stats.isBlockDevice() ? `block:${stats.rdev}` : `${stats.dev}:${stats.ino}`,
    via: 'buffered',
    viaReason: "Node's fs goes through the page cache",
    move,
    sync: () => handle.datasync(),
    size: () => size().catch(failed('read')),
    // Network file systems refuse as late as on closing what was written before.
    close: () => (closed ??= close().catch(failed('write'))),
  };
}

function systemError(code: string, message: string): SystemError {
  return Object.assign(new Error(message), { code });
}
