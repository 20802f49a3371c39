import { constants, close as closeFd, open as openFd, stat as statPath, fstat as statFd } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SluiceError } from '@sluice/core';
import type { Create, FileSource, OpenFile, Problem, Rights, StorageDevice } from '@sluice/core';
import type { Engine } from './engine.ts';
import { requireShortReads } from './fuse.ts';
import { errnoName } from './denied.ts';
import { errnoProblem } from './errors.ts';
import type { Inspection } from './native.ts';

const open = promisify(openFd);
const close = promisify(closeFd);
// With `bigint`, so that identities are exact.
const stat = (path: string) => promisify(statPath)(path, { bigint: true });
const fstat = (fd: number) => promisify(statFd)(fd, { bigint: true });

const access: Readonly<Record<Rights, number>> = { r: constants.O_RDONLY, w: constants.O_WRONLY, rw: constants.O_RDWR };
const creation: Readonly<Record<Create, number>> = { no: 0, 'if-missing': constants.O_CREAT, truncate: constants.O_CREAT | constants.O_TRUNC };
/** From here on a file counts as cached: what is missing costs less than reading all of it from the device again. */
const CACHED = 0.9;

/**
 * Opens a path or file URL, which is in `owned` until it is closed, and settles the way that its transfers take.
 * @throws SluiceError `io/source`, `io/not-found`, `io/is-directory`, `io/permission`, `io/not-a-file`, `io/open-failed`
 */
export async function openFile(engine: Engine, source: FileSource, { rights, create, signal }: Parameters<StorageDevice['open']>[1], owned: Set<RingFile>): Promise<RingFile> {
  const path = pathOf(source);
  const descriptors: number[] = [];
  try {
    if (create === 'truncate' && rights === 'r') throw new SluiceError(errnoProblem('open', path, 13));
    // Opening a device can act on it, so look before; and again at what was opened, for the name may change hands.
    const before = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      if (create === 'no' || cause.code !== 'ENOENT') throw cause;
    });
    if (before !== undefined) requireFile(path, before);
    signal?.throwIfAborted();
    // O_NONBLOCK: opening a FIFO would wait for its other end.
    const fd = await open(path, access[rights] | creation[create] | constants.O_NONBLOCK, 0o666);
    descriptors.push(fd);
    const stats = await fstat(fd);
    requireFile(path, stats);
    const way = await choosePath(engine, fd, rights, descriptors);
    signal?.throwIfAborted();
    const kept = engine.ring.openFile(fd, way.direct, rights !== 'w', rights !== 'r');
    if (kept.errno !== 0) throw new SluiceError(errnoProblem('open', path, kept.errno));
    const identity = stats.isBlockDevice() ? `block:${stats.rdev}` : `${stats.dev}:${stats.ino}`;
    const file = new RingFile(engine, kept.file, path, identity, way, owned);
    if (rights !== 'w') await requireShortReads(engine, fd, file, stats.size);
    return file;
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason;
    throw cause instanceof SluiceError ? cause : new SluiceError({ ...openProblem(path, cause as NodeJS.ErrnoException), cause });
  } finally {
    // The ring keeps descriptors of its own.
    await Promise.all(descriptors.map((fd) => close(fd)));
  }
}

function pathOf(source: FileSource): string {
  try {
    return typeof source === 'string' ? source : fileURLToPath(source as URL);
  } catch (cause) {
    throw new SluiceError({ code: 'io/source', message: `the source is ${source instanceof URL ? source.href : typeof source}, which is no path and no file URL`, fix: 'pass a path, or a `file:` URL', cause });
  }
}

function openProblem(path: string, cause: NodeJS.ErrnoException): Problem {
  if (typeof cause.errno === 'number') return errnoProblem('open', path, -cause.errno);
  return { code: 'io/source', message: `\`${path}\` cannot be opened: ${cause.message}`, fix: 'pass a path, or a `file:` URL' };
}

function requireFile(path: string, stats: { isDirectory(): boolean; isFile(): boolean; isBlockDevice(): boolean }): void {
  if (stats.isDirectory()) throw new SluiceError(errnoProblem('open', path, 21));
  if (!stats.isFile() && !stats.isBlockDevice()) throw new SluiceError({ code: 'io/not-a-file', message: `\`${path}\` is a FIFO, a socket or a character device`, fix: 'copy its content into a regular file and grant that', details: { op: 'open', file: path } });
}

const MiB = 2 ** 20;

/** The way of a file's transfers; fixed from here on. `direct` is a descriptor, or -1. */
interface Way {
  readonly via: 'direct' | 'buffered';
  /** In words, as the pool is at the time: it grows, and what it grows by may be refused. */
  reason(): string;
  readonly direct: number;
  readonly offsetAlign: number;
}

async function choosePath(engine: Engine, fd: number, rights: Rights, descriptors: number[]): Promise<Way> {
  const found = engine.native.inspect(fd);
  const buffered = (reason: string): Way => ({ via: 'buffered', reason: () => reason, direct: -1, offsetAlign: 1 });
  if (rights === 'r' && found.resident >= CACHED) return buffered(`${Math.floor(found.resident * 100)}% of it is in the page cache`);
  if (!found.directSupported) return buffered('the file system takes no O_DIRECT for it');
  try {
    // Through the descriptor: the name may lead to another file by now.
    const direct = await open(`/proc/self/fd/${fd}`, access[rights] | constants.O_DIRECT);
    descriptors.push(direct);
    return { via: 'direct', reason: () => directReason(engine, found), direct, offsetAlign: found.offsetAlign };
  } catch (cause) {
    return buffered(`O_DIRECT is refused: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`);
  }
}

function directReason({ pool }: Engine, { offsetAlign, alignmentKnown }: Inspection): string {
  const block = `O_DIRECT in blocks of ${offsetAlign} bytes${alignmentKnown ? '' : ' (assumed: the file system does not say)'}`;
  const memory = { hugetlb: 'hugetlb pages', transparent: 'transparent huge pages', small: '4 KiB pages' }[pool.pages];
  const isPlain = pool.mapped === 0 ? pool.registration !== 0 : pool.registered < pool.mapped;
  if (!isPlain) return `${block}, registered memory, ${memory}`;
  const refused = errnoName(pool.registration);
  const some = pool.registered === 0 ? 'plain reads' : `${pool.registered / MiB} of ${pool.mapped / MiB} MiB registered, plain reads`;
  return `${block}, ${some} into ${memory}: registering memory failed with ${refused}${refused === 'ENOMEM' ? ' (raise RLIMIT_MEMLOCK: ulimit -l)' : ''}`;
}

/** An open file; the ring has its descriptors. */
export class RingFile implements OpenFile {
  readonly name: string;
  readonly identity: string;
  readonly via: 'direct' | 'buffered';
  readonly offsetAlign: number;
  /** Its number in the ring. */
  readonly id: number;
  readonly #engine: Engine;
  readonly #way: Way;
  readonly #owned: Set<RingFile>;
  #transfers = 0;
  #idle: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(engine: Engine, id: number, name: string, identity: string, way: Way, owned: Set<RingFile>) {
    this.#engine = engine;
    this.id = id;
    this.name = name;
    this.identity = identity;
    this.via = way.via;
    this.#way = way;
    this.offsetAlign = way.offsetAlign;
    this.#owned = owned.add(this);
  }

  get viaReason(): string {
    return this.#way.reason();
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  began(): void {
    this.#transfers++;
  }

  ended(): void {
    if (--this.#transfers === 0) this.#idle?.();
  }

  async size(): Promise<bigint> {
    const size = this.closed ? -9n : this.#engine.ring.sizeOfFile(this.id);
    if (size < 0n) throw new SluiceError(errnoProblem('size', this.name, Number(-size)));
    return size;
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      if (this.#transfers > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
      const errno = this.#engine.ring.closeFile(this.id);
      this.#owned.delete(this);
      if (errno !== 0) throw new SluiceError(errnoProblem('close', this.name, errno));
    })();
    return this.#closed;
  }
}
