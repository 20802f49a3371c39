import type { ProgramParams } from '../../build/program.ts';
import type { DeviceBuffer, Grant, Report, RunArgs, RunResults } from '../api.ts';
import type { Timeline } from '../trace/timeline.ts';

/** Bytes that come from elsewhere, in pieces of any size: a Web Stream, or whatever can be iterated. */
export type ByteSource = AsyncIterable<Uint8Array> | ByteReadable;

/** What is used of a `ReadableStream`; not every runtime can iterate one. */
export interface ByteReadable {
  getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>; cancel(reason?: unknown): Promise<void>; releaseLock(): void };
}

export interface StreamOptions {
  /**
   * What is cut into chunks. A grant, or a number of bytes: the program gets each chunk's place, as its parameters
   * `offset: 'u64'` and `length: 'u64'`, and reads for itself. Bytes from elsewhere: it gets each chunk's bytes, as its
   * parameter `data: 'GpuBufferHandle'`, and the place where it declares that. Of a grant, as many bytes as it had when it
   * was granted.
   */
  readonly over: Grant | bigint | number | ByteSource;
  /** Bytes of a chunk; the last one may have fewer. */
  readonly chunk: number;
  /** Chunks at once, that in the hands of the application among them; the session's `window` if absent. */
  readonly window?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: StreamProgress) => void) | undefined;
  /** Collects what the runs do, in place of the session's timeline. */
  readonly trace?: Timeline | undefined;
}

export interface StreamProgress {
  /** Chunks and bytes of them that are done, with all that is before them. */
  readonly chunks: number;
  readonly done: bigint;
  /** Undefined where nobody knows how much will come. */
  readonly total: bigint | undefined;
}

/** Parameters that the stream gives to each run. */
type ChunkParams<O> = O extends { readonly over: Grant | bigint | number } ? 'offset' | 'length' : 'offset' | 'length' | 'data';
/** What every run is given: all that a run takes but the chunk. */
export type StreamArgs<P extends ProgramParams, O> = Omit<RunArgs<P>, ChunkParams<O>>;

/** What came of one chunk. */
export interface StreamItem<R> {
  readonly index: number;
  /** The chunk's place in what is streamed, in bytes. */
  readonly offset: bigint;
  readonly length: number;
  /** Buffers among them are the stream's: it closes them when the next item is asked for, and when it ends. */
  readonly results: RunResults<R>;
  readonly report: Report;
}

type BufferNames<R> = { [K in keyof RunResults<R> & string]: RunResults<R>[K] extends DeviceBuffer ? K : never }[keyof RunResults<R> & string];

/**
 * The results of a program that runs on chunk after chunk, in order. At most `window` chunks are under way, so nothing begins
 * faster than the results are taken. It ends with the first error in the order of chunks, or with the signal's own reason, when
 * nothing is in flight any more and everything is released. A loop that is left ends it too; who calls `next` by hand ends it
 * with `return`.
 */
export interface ResultStream<R> extends AsyncIterableIterator<StreamItem<R>>, AsyncDisposable {
  return(): Promise<IteratorResult<StreamItem<R>, undefined>>;
  /** The bytes of one buffer of each item, as a Web Stream: in place of iterating. Cancelling it ends the stream. */
  readable(name: BufferNames<R>): ReadableStream<Uint8Array<ArrayBuffer>>;
}
