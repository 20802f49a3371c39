import { SluiceError } from '../../diagnostics/error.ts';
import { inWords } from '../../diagnostics/in-words.ts';
import type { ByteReadable, ByteSource } from './api.ts';

/** One chunk of what is streamed. */
export interface Chunk {
  readonly index: number;
  readonly offset: bigint;
  readonly length: number;
  /** Where the bytes come from elsewhere; theirs again for the source when the chunk is over. */
  readonly data?: Uint8Array<ArrayBuffer>;
}

/** Where chunks come from, one after the other. Its user waits for one before it asks for the next. */
export interface Chunks {
  /** Undefined where nobody knows. */
  readonly total: bigint | undefined;
  /** The next chunk, or undefined at the end. */
  pull(): Chunk | undefined | Promise<Chunk | undefined>;
  /** The run of a chunk is over. */
  over(chunk: Chunk): void;
  /** Nothing more is asked for. Called once. */
  cancel(reason: unknown): void;
}

/** `total` bytes in ranges. */
export function rangesOf(total: bigint, chunk: number): Chunks {
  let index = 0;
  return {
    total,
    pull() {
      const offset = BigInt(index) * BigInt(chunk);
      if (offset >= total) return undefined;
      const left = total - offset;
      return { index: index++, offset, length: left < BigInt(chunk) ? Number(left) : chunk };
    },
    over: () => {},
    cancel: () => {},
  };
}

/** Bytes from elsewhere, in chunks of equal size, whatever the pieces are in which they come. */
export function chunksOf(source: ByteSource, chunk: number): Chunks {
  const pieces = piecesOf(source);
  /** Arrays whose chunk is over: touching fresh memory costs more than filling it. */
  const spare: ArrayBuffer[] = [];
  let index = 0;
  let rest: Uint8Array = new Uint8Array();

  async function pull(): Promise<Chunk | undefined> {
    const bytes = new Uint8Array(spare.pop() ?? new ArrayBuffer(chunk));
    let length = 0;
    while (length < chunk) {
      if (rest.length === 0) {
        const piece = await pieces.next();
        if (piece === undefined) break;
        rest = piece;
      }
      const taken = rest.subarray(0, chunk - length);
      bytes.set(taken, length);
      length += taken.length;
      rest = rest.subarray(taken.length);
    }
    if (length === 0) return undefined;
    const offset = BigInt(index) * BigInt(chunk);
    return { index: index++, offset, length, data: bytes.subarray(0, length) };
  }
  return {
    total: undefined,
    pull,
    over: ({ data }) => {
      // An application may have transferred it: then it has no bytes any more.
      if (data !== undefined && data.buffer.byteLength === chunk) spare.push(data.buffer);
    },
    cancel: (reason) => pieces.cancel(reason),
  };
}

interface Pieces {
  next(): Promise<Uint8Array | undefined>;
  cancel(reason: unknown): void;
}

function piecesOf(source: ByteSource): Pieces {
  if (isReadable(source)) {
    const reader = source.getReader();
    return {
      next: async () => checked(await reader.read()),
      cancel: (reason) => void reader.cancel(reason).catch(() => {}).finally(() => reader.releaseLock()),
    };
  }
  const iterator = source[Symbol.asyncIterator]();
  return {
    next: async () => checked(await iterator.next()),
    // What it does to clean up is its own affair, and may wait for what never comes.
    cancel: () => void (async () => iterator.return?.())().catch(() => {}),
  };
}

export function isReadable(source: unknown): source is ByteReadable {
  return typeof (source as Partial<ByteReadable> | null)?.getReader === 'function';
}

export function isByteSource(source: unknown): source is ByteSource {
  return isReadable(source) || (typeof source === 'object' && source !== null && typeof (source as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function');
}

function checked({ done, value }: { readonly done?: boolean | undefined; readonly value?: unknown }): Uint8Array | undefined {
  if (done === true) return undefined;
  if (value instanceof Uint8Array) return value;
  throw new SluiceError({ code: 'run/argument', message: `a piece of what is streamed is ${inWords(value)}`, fix: 'stream Uint8Arrays: text goes through a TextEncoderStream' });
}
