import { SluiceError } from '@sluice/core';
import type { FileSource, OpenFile, StorageDevice } from '@sluice/core';
import { blobContent, handleContent, isSame } from './content.ts';
import type { Content } from './content.ts';
import { exception, problemOf } from './errors.ts';
import { isBlob, isHandle } from './page.ts';
import type { FileHandle } from './page.ts';

export interface WebFile extends OpenFile {
  readonly content: Content;
}

/** A file that is open, once for all that have it open: a browser lets one writer in at a time. */
interface Shared {
  readonly source: object;
  readonly identity: string;
  readonly content: Content;
  users: number;
}

type OpenOptions = Parameters<StorageDevice['open']>[1];

let identities = 0;

/** The open files of a device. */
export class Files {
  readonly #shared = new Set<Shared>();
  #opening: Promise<unknown> = Promise.resolve();

  /** `Storage.open`: one after the other, so that one file is never opened twice at once. */
  open(source: FileSource, options: OpenOptions): Promise<WebFile> {
    const opening = this.#opening.then(() => this.#open(source, options));
    this.#opening = opening.catch(() => {});
    return opening;
  }

  async #open(source: FileSource, { rights, create, signal }: OpenOptions): Promise<WebFile> {
    signal?.throwIfAborted();
    const name = nameOf(source);
    let shared: Shared | undefined;
    try {
      const known = checkedSource(source);
      if (create === 'truncate' && rights === 'r') throw exception('NotAllowedError', 'truncating takes the right to write');
      if (isHandle(known)) await requirePermission(known, rights);
      else if (rights !== 'r') throw exception('NotAllowedError', 'a File or Blob is only read');
      shared = await this.#share(known);
      // A file that was removed shows here at the latest.
      await shared.content.size();
      if (create === 'truncate') await shared.content.truncate();
      signal?.throwIfAborted();
      return this.#fileOf(name, shared);
    } catch (cause) {
      if (shared !== undefined) await this.#leave(shared).catch(() => {});
      if (signal?.aborted === true) throw signal.reason;
      throw cause instanceof SluiceError ? cause : new SluiceError(openProblem(name, source, cause));
    }
  }

  async #share(source: object): Promise<Shared> {
    for (const shared of this.#shared) {
      if (!(await isSame(shared.source, source))) continue;
      shared.users++;
      return shared;
    }
    const content = isHandle(source) ? await handleContent(source) : blobContent(source as Blob);
    const shared: Shared = { source, identity: `web:${++identities}`, content, users: 1 };
    this.#shared.add(shared);
    return shared;
  }

  async #leave(shared: Shared): Promise<void> {
    if (--shared.users > 0) return shared.content.sync();
    this.#shared.delete(shared);
    await shared.content.close();
  }

  #fileOf(name: string, shared: Shared): WebFile {
    const { content, identity } = shared;
    let closed: Promise<void> | undefined;
    const failed = (call: 'size' | 'close') => (cause: unknown) => {
      throw new SluiceError(problemOf(call, name, cause));
    };
    return {
      name, identity, content,
      via: 'buffered',
      viaReason: content.reason,
      size: () => content.size().catch(failed('size')),
      close: () => (closed ??= this.#leave(shared).catch(failed('close'))),
    };
  }

  /** Closes them all, whoever has them open. */
  async close(): Promise<void> {
    const open = [...this.#shared];
    this.#shared.clear();
    await Promise.all(open.map(({ content }) => content.close()));
  }
}

function nameOf(source: FileSource): string {
  const { name } = (typeof source === 'object' ? source : {}) as { readonly name?: unknown };
  if (typeof name === 'string' && name !== '') return name;
  return typeof source === 'string' ? source : source instanceof URL ? source.href : isBlob(source) ? 'a Blob' : 'an object';
}

/** What a page can grant. @throws SluiceError `io/source` */
function checkedSource(source: FileSource): Blob | FileHandle {
  if (typeof source === 'object' && (isBlob(source) || isHandle(source))) {
    if (isHandle(source) && source.kind === 'directory') throw exception('TypeMismatchError', 'it is a directory');
    return source;
  }
  throw new SluiceError({
    code: 'io/source', message: `\`${nameOf(source)}\` is nothing that a page can open`,
    fix: 'pass a File or a Blob to read, or the FileSystemFileHandle of a file in `navigator.storage.getDirectory()`; a page has no paths',
  });
}

/** Files that a person chose ask for permission, and only where an event of theirs lets them: too late for a run. */
async function requirePermission(handle: FileHandle, rights: OpenOptions['rights']): Promise<void> {
  const state = await handle.queryPermission?.({ mode: rights === 'r' ? 'read' : 'readwrite' });
  if (state !== undefined && state !== 'granted') throw exception('NotAllowedError', `the page has no permission to ${rights === 'r' ? 'read' : 'write'} it (\`${state}\`)`);
}

function openProblem(name: string, source: FileSource, cause: unknown): ConstructorParameters<typeof SluiceError>[0] {
  const problem = problemOf('open', name, cause);
  const blob = problem.code === 'io/permission' && typeof source === 'object' && isBlob(source);
  return blob ? { ...problem, fix: 'grant the FileSystemFileHandle of a file in `navigator.storage.getDirectory()` to write to, or read the results of the run' } : problem;
}
