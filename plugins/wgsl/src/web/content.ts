import { exception } from './errors.ts';
import { isHandle } from './page.ts';
import type { FileHandle, SyncAccess, WritableFile } from './page.ts';

/** The bytes of a file, in the way that the page has them. All fail as the browser does. */
export interface Content {
  /** Every byte is copied by the CPU on its way. */
  readonly copied: boolean;
  readonly reason: string;
  /** One call for at most `part.length` bytes between `part` and the file. Gives how many it moved; 0 at the end of the file. */
  move(kind: 'read' | 'write', part: Uint8Array<ArrayBuffer>, position: bigint): Promise<number>;
  size(): Promise<bigint>;
  truncate(): Promise<void>;
  /** Puts what was written on stable storage, as far as a page can tell. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

async function readBlob(blob: Blob, part: Uint8Array, position: bigint): Promise<number> {
  if (position >= BigInt(blob.size)) return 0;
  const from = Number(position);
  const bytes = new Uint8Array(await blob.slice(from, from + part.length).arrayBuffer());
  part.set(bytes);
  return bytes.length;
}

const readOnly = () => {
  throw exception('NotAllowedError', 'a File or Blob is only read');
};

/** What a person chose, or the page made: read alone. */
export function blobContent(blob: Blob): Content {
  return {
    copied: true,
    reason: 'the browser reads a File or Blob into memory of its own, and the CPU copies it from there',
    move: async (kind, part, position) => (kind === 'read' ? readBlob(blob, part, position) : readOnly()),
    size: async () => BigInt(blob.size),
    truncate: async () => readOnly(),
    sync: async () => {},
    close: async () => {},
  };
}

/** A file through its handle: straight into memory in a worker, where the browser has that for the file; copied elsewhere. */
export async function handleContent(handle: FileHandle): Promise<Content> {
  if (handle.createSyncAccessHandle === undefined) return streamContent(handle, 'only a worker has access to files without a copy');
  // Of a file that was removed, some browsers give an access handle that knows no size.
  await handle.getFile();
  try {
    // Two sessions may have one file open, as everywhere; a browser that does not know the mode takes it for one alone.
    return syncContent(await handle.createSyncAccessHandle({ mode: 'readwrite-unsafe' }));
  } catch (cause) {
    // What a person chose is no file of the origin's own.
    if ((cause as { readonly name?: string }).name !== 'InvalidStateError') throw cause;
    return streamContent(handle, 'the browser has access without a copy to files of the origin private file system alone');
  }
}

function syncContent(access: SyncAccess): Content {
  return {
    copied: false,
    reason: 'the browser reads and writes files of the origin private file system straight from memory',
    // Past 2^53 there is nothing to read, and what is written there is refused before.
    move: async (kind, part, position) => (kind === 'write' ? access.write(part, { at: Number(position) }) : position >= BigInt(access.getSize()) ? 0 : access.read(part, { at: Number(position) })),
    size: async () => BigInt(access.getSize()),
    truncate: async () => access.truncate(0),
    sync: async () => access.flush(),
    close: async () => access.close(),
  };
}

/** One thing at a time: what was written can be read when the stream is closed, and not before. */
function streamContent(handle: FileHandle, why: string): Content {
  let stream: WritableFile | undefined;
  /** Why writes that were reported as done are lost. */
  let lost: { readonly cause: unknown } | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    return turn;
  }
  async function commit(): Promise<void> {
    const closing = stream;
    stream = undefined;
    await closing?.close();
    const { cause } = lost ?? {};
    lost = undefined;
    if (cause !== undefined) throw cause;
  }
  async function write(data: Uint8Array<ArrayBuffer>, position: bigint): Promise<number> {
    stream ??= await handle.createWritable({ keepExistingData: true, mode: 'exclusive' });
    try {
      await stream.write({ type: 'write', position: Number(position), data });
    } catch (cause) {
      // The stream is of no use any more, and what it held goes with it.
      stream = undefined;
      lost = { cause };
      throw cause;
    }
    return data.length;
  }
  const current = async () => {
    await commit();
    return handle.getFile();
  };
  return {
    copied: true,
    reason: `the browser reads the file into memory of its own, and writes it through a stream: ${why}`,
    move: (kind, part, position) => inTurn(async () => (kind === 'write' ? write(part, position) : readBlob(await current(), part, position))),
    size: () => inTurn(async () => BigInt((await current()).size)),
    truncate: () => inTurn(async () => {
      stream = await handle.createWritable({ keepExistingData: false, mode: 'exclusive' });
      await commit();
    }),
    sync: () => inTurn(commit),
    close: () => inTurn(commit),
  };
}

/** Whether two sources are one file. */
export async function isSame(a: object, b: object): Promise<boolean> {
  return a === b || (isHandle(a) && isHandle(b) && (await a.isSameEntry(b)));
}
