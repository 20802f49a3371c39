import { constants, close as closeFd, open as openFd, stat as statPath, fstat as statFd, statfs as statFs } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getSystemErrorMap, getSystemErrorName, promisify } from 'node:util';
import { SluiceError, systemProblem } from '@sluice/core';
import type { Create, FileSource, OpenFile, Problem, Rights, StorageDevice, SystemCall } from '@sluice/core';
import type { Missing } from '@sluice/cuda/device';
import type { Engine } from './engine.ts';
import { logEnd, logged } from './log.ts';
import { fileObstacles, system, udevObstacles } from './machine.ts';
import type { FileFacts } from './machine.ts';
import { fileError } from './results.ts';

const open = promisify(openFd);
const close = promisify(closeFd);
// With `bigint`, so that identities are exact.
const stat = (path: string) => promisify(statPath)(path, { bigint: true });
const fstat = (fd: number) => promisify(statFd)(fd, { bigint: true });
const statfs = (path: string) => promisify(statFs)(path, { bigint: true });

const access: Readonly<Record<Rights, number>> = { r: constants.O_RDONLY, w: constants.O_WRONLY, rw: constants.O_RDWR };
const creation: Readonly<Record<Create, number>> = { no: 0, 'if-missing': constants.O_CREAT, truncate: constants.O_CREAT | constants.O_TRUNC };

/** What it means that `call` on `file` failed with `errno`. */
export function errnoProblem(call: SystemCall, file: string, errno: number): Problem {
  const name = getSystemErrorName(-errno) || `errno ${errno}`;
  const [, text] = getSystemErrorMap().get(-errno) ?? ['', 'no text for it'];
  return systemProblem(call, file, name, `${name}, ${text}`);
}

/**
 * Opens a path or file URL, which is in `owned` until it is closed, and settles the way that its transfers take.
 * @throws SluiceError `gds/file-refused`, `gds/not-direct`, `io/source`, `io/not-found`, `io/is-directory`, `io/permission`, `io/not-a-file`, `io/open-failed`
 */
export async function openFile(engine: Engine, source: FileSource, { rights, create, signal }: Parameters<StorageDevice['open']>[1], owned: Set<GdsFile>): Promise<GdsFile> {
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
    const { direct, facts } = await factsOf(fd, stats.dev, rights, descriptors);
    const obstacles = fileObstacles(engine.library, facts, system);
    if (engine.library.mode === 'direct' && obstacles.length > 0) throw notDirect(path, obstacles);
    signal?.throwIfAborted();
    const logFrom = logEnd();
    const kept = engine.native.openFile(fd, direct, rights !== 'w', rights !== 'r');
    if (kept.errno !== 0) throw new SluiceError(errnoProblem('open', path, kept.errno));
    if (kept.result !== 0) throw refused(path, kept.result, facts, logFrom);
    const identity = stats.isBlockDevice() ? `block:${stats.rdev}` : `${stats.dev}:${stats.ino}`;
    return new GdsFile(engine, kept.file, path, identity, obstacles, owned);
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason;
    throw cause instanceof SluiceError ? cause : new SluiceError({ ...openProblem(path, cause as NodeJS.ErrnoException), cause });
  } finally {
    // The engine keeps descriptors of its own.
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

/** What the way of a file depends on, and a descriptor past the page cache, or -1. */
async function factsOf(fd: number, device: bigint, rights: Rights, descriptors: number[]): Promise<{ readonly direct: number; readonly facts: FileFacts }> {
  // Through the descriptor: the name may lead to another file by now.
  const self = `/proc/self/fd/${fd}`;
  const fileSystem = await statfs(self).then((found) => BigInt.asUintN(32, found.type), () => undefined);
  const facts = { fileSystem, major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)), minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)) };
  try {
    const direct = await open(self, access[rights] | constants.O_DIRECT);
    descriptors.push(direct);
    return { direct, facts };
  } catch (cause) {
    return { direct: -1, facts: { ...facts, directRefused: (cause as NodeJS.ErrnoException).code ?? String(cause) } };
  }
}

function notDirect(path: string, obstacles: readonly Missing[]): SluiceError {
  return new SluiceError({ code: 'gds/not-direct', family: 'run', message: `\`${path}\` would go through memory of the host, and the mode is \`direct\`: ${obstacles.map((o) => o.reason).join('; ')}`, fix: obstacles.map((o) => o.fix).join('; '), details: { op: 'open', file: path } });
}

function refused(path: string, result: number, facts: FileFacts, logFrom: number): SluiceError {
  const { name, text, fix } = fileError(result);
  // It says no more than that it does not take the file: mostly this is why.
  const found = udevObstacles(facts, system);
  const log = logged(logFrom);
  return new SluiceError({
    code: 'gds/file-refused', family: 'run',
    message: `cuFile does not take \`${path}\`: ${name}, ${text}${found.map((o) => `; ${o.reason}`).join('')}${log === undefined ? '' : `; its log: ${log}`}`,
    fix: [...found.map((o) => o.fix), ...(fix === undefined ? [] : [fix]), "or use '@sluice/io-uring', which reads into pinned memory of '@sluice/cuda'"].join('; '),
    details: { op: 'open', file: path, result: name },
  });
}

/** An open file; the engine has its descriptors. */
export class GdsFile implements OpenFile {
  readonly name: string;
  readonly identity: string;
  readonly via: 'direct' | 'compat';
  readonly viaReason: string;
  /** Its number in the engine. */
  readonly id: number;
  readonly #engine: Engine;
  readonly #owned: Set<GdsFile>;
  #transfers = 0;
  #idle: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(engine: Engine, id: number, name: string, identity: string, obstacles: readonly Missing[], owned: Set<GdsFile>) {
    this.#engine = engine;
    this.id = id;
    this.name = name;
    this.identity = identity;
    this.via = obstacles.length === 0 ? 'direct' : 'compat';
    this.viaReason = obstacles.length === 0 ? 'cuFile moves whole blocks between the drive and the device' : `cuFile goes through memory of the host: ${obstacles.map((o) => `${o.reason} (to mend it: ${o.fix})`).join('; ')}`;
    this.#owned = owned.add(this);
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
    const size = this.closed ? -9n : this.#engine.native.sizeOfFile(this.id);
    if (size < 0n) throw new SluiceError(errnoProblem('size', this.name, Number(-size)));
    return size;
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      if (this.#transfers > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
      const errno = this.#engine.native.closeFile(this.id);
      this.#owned.delete(this);
      if (errno !== 0) throw new SluiceError(errnoProblem('close', this.name, errno));
    })();
    return this.#closed;
  }
}
