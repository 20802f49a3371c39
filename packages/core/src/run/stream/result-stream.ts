import { SluiceError } from '../../diagnostics/error.ts';
import { inWords } from '../../diagnostics/in-words.ts';
import type { DeviceBuffer, RunResults } from '../api.ts';
import type { CompiledProgram, Host, Ran } from '../executable.ts';
import { onAbort, unlessAborted } from '../on-abort.ts';
import type { ResultStream, StreamItem, StreamOptions } from './api.ts';
import type { Chunk, Chunks } from './chunks.ts';
import { chunkParams } from './options.ts';
import { StreamedFiles } from './written.ts';

/** A chunk whose run has begun, and whose results nobody has yet. */
interface UnderWay {
  readonly chunk: Chunk;
  readonly abort: AbortController;
  readonly ran: Promise<Ran>;
}

/** A program that runs on chunk after chunk. Nothing begins before the first result is asked for. */
export class ProgramStream<R> implements ResultStream<R> {
  readonly #host: Host;
  readonly #compiled: () => Promise<CompiledProgram>;
  readonly #args: object;
  readonly #chunks: Chunks;
  readonly #options: StreamOptions;
  readonly #window: number;
  readonly #items: AsyncGenerator<StreamItem<R>, undefined>;
  readonly #files = new StreamedFiles();
  /** Aborted when the stream is to end early: by its signal, by the session's end, by whoever leaves it. */
  readonly #stop = new AbortController();
  /** In the order of chunks. */
  readonly #underWay: UnderWay[] = [];
  #program: CompiledProgram | undefined;
  #params: ReturnType<typeof chunkParams> = [];
  /** The application has an item. */
  #handedOver = false;
  /** No more chunks are to begin: there are none, or one has failed. */
  #exhausted = false;
  #pulling: Promise<void> | undefined;
  #sourceFailed: { readonly error: unknown } | undefined;
  #left = false;
  #finished: Promise<void> | undefined;

  constructor(host: Host, compiled: () => Promise<CompiledProgram>, args: object, chunks: Chunks, options: StreamOptions) {
    this.#host = host;
    this.#compiled = compiled;
    this.#args = args;
    this.#chunks = chunks;
    this.#options = options;
    this.#window = options.window ?? host.window;
    this.#items = this.#all();
  }

  next(): Promise<IteratorResult<StreamItem<R>, undefined>> {
    return this.#items.next();
  }

  return(): Promise<IteratorResult<StreamItem<R>, undefined>> {
    return this.#leave(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  readable(name: string): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        try {
          const { done, value } = await this.next();
          if (done === true) controller.close();
          else controller.enqueue(await bufferOf<R>(value, name).read());
        } catch (error) {
          await this.#leave(error);
          throw error;
        }
      },
      cancel: async (reason) => {
        await this.#leave(reason);
      },
    // Nothing is made before somebody wants it.
    }, { highWaterMark: 0 });
  }

  /** Ends the stream before its time; a result that is waited for never comes. */
  async #leave(reason: unknown): Promise<IteratorResult<StreamItem<R>, undefined>> {
    this.#left = true;
    this.#stop.abort(reason);
    const returned = await this.#items.return(undefined);
    // One that never began has its source all the same.
    await this.#finish(undefined);
    return returned;
  }

  async *#all(): AsyncGenerator<StreamItem<R>, undefined> {
    const { signal } = this.#options;
    const { ended } = this.#host;
    const disregard = [
      onAbort(this.#stop.signal, () => this.#calledOff()),
      onAbort(signal, () => this.#stop.abort(signal?.reason)),
      // At once: nobody may ever go on with it, and the session waits for its files.
      onAbort(ended, () => {
        this.#stop.abort(ended.reason);
        void this.#finish({ error: ended.reason }).catch(() => {});
      }),
    ];
    let failure: { readonly error: unknown } | undefined;
    try {
      ended.throwIfAborted();
      signal?.throwIfAborted();
      this.#program = await unlessAborted(this.#compiled(), this.#stop.signal);
      this.#params = chunkParams(this.#program.program, this.#args, this.#chunks.total === undefined);
      yield* this.#inOrder();
    } catch (error) {
      if (!this.#left) failure = { error };
    } finally {
      for (const forget of disregard) forget();
      await this.#finish(failure);
    }
    if (failure !== undefined) throw failure.error;
    return undefined;
  }

  async *#inOrder(): AsyncGenerator<StreamItem<R>, undefined> {
    const { onProgress } = this.#options;
    for (;;) {
      this.#fill();
      while (this.#underWay.length === 0 && this.#pulling !== undefined) await unlessAborted(this.#pulling, this.#stop.signal);
      const [first] = this.#underWay;
      if (first === undefined) break;
      const { results, report } = await first.ran;
      this.#underWay.shift();
      const { index, offset, length } = first.chunk;
      this.#handedOver = true;
      try {
        this.#stop.signal.throwIfAborted();
        const returned: unknown = onProgress?.({ chunks: index + 1, done: offset + BigInt(length), total: this.#chunks.total });
        if (returned instanceof Promise) returned.catch((error: unknown) => this.#stop.abort(error));
        yield { index, offset, length, results: results as RunResults<R>, report };
        this.#stop.signal.throwIfAborted();
      } finally {
        this.#handedOver = false;
        await release(results);
      }
    }
    if (this.#sourceFailed !== undefined) throw this.#sourceFailed.error;
    return undefined;
  }

  /** Begins chunks for as long as there is room. */
  #fill(): void {
    while (this.#pulling === undefined && !this.#exhausted && !this.#stop.signal.aborted && this.#underWay.length + (this.#handedOver ? 1 : 0) < this.#window) {
      const pulled = this.#chunks.pull();
      if (!(pulled instanceof Promise)) {
        this.#begin(pulled);
        continue;
      }
      this.#pulling = pulled.then((chunk) => this.#begin(chunk), (error: unknown) => {
        this.#sourceFailed = { error };
        this.#exhausted = true;
      }).then(() => {
        this.#pulling = undefined;
        this.#fill();
      });
    }
  }

  #begin(chunk: Chunk | undefined): void {
    const program = this.#program;
    if (chunk === undefined || program === undefined) this.#exhausted = true;
    // A chunk that came too late.
    if (chunk === undefined || program === undefined || this.#exhausted || this.#stop.signal.aborted) return;
    const { offset, length } = chunk;
    const own = { offset, length, data: chunk.data };
    const abort = new AbortController();
    const args = { ...this.#args, ...Object.fromEntries(this.#params.map((name) => [name, own[name]])) };
    const begin = async () => program.start(this, args, { signal: abort.signal, trace: this.#options.trace }, this.#files);
    const underWay = { chunk, abort, ran: begin() };
    this.#underWay.push(underWay);
    underWay.ran.then(() => this.#chunks.over(chunk), () => this.#failed(underWay));
  }

  /** Chunks before one that failed go on, since their results come first; those behind it have no use any more. */
  #failed(underWay: UnderWay): void {
    this.#exhausted = true;
    const at = this.#underWay.indexOf(underWay);
    if (at >= 0) for (const { abort } of this.#underWay.slice(at + 1)) abort.abort();
  }

  #calledOff(): void {
    for (const { abort } of this.#underWay) abort.abort(this.#stop.signal.reason);
  }

  /** Once, however often it is called: the session waits for it when it closes. */
  #finish(failure: { readonly error: unknown } | undefined): Promise<void> {
    this.#finished ??= this.#host.track(this.#end(failure));
    return this.#finished;
  }

  /** Waits until nothing is in flight, and lets go of everything. */
  async #end(failure: { readonly error: unknown } | undefined): Promise<void> {
    this.#exhausted = true;
    this.#chunks.cancel(failure?.error);
    for (const { abort } of this.#underWay) abort.abort();
    const ended = await Promise.allSettled(this.#underWay.splice(0).map((u) => u.ran));
    await Promise.all(ended.map((e) => (e.status === 'fulfilled' ? release(e.value.results) : undefined)));
    try {
      if (failure === undefined && this.#host.durability === 'run') await this.#files.makeDurable(this.#options.trace ?? this.#host.timeline);
    } finally {
      this.#files.end();
    }
  }
}

function bufferOf<R>({ results }: StreamItem<R>, name: string): DeviceBuffer {
  const found = (results as Readonly<Record<string, unknown>> | undefined)?.[name];
  if (isBuffer(found)) return found;
  throw new SluiceError({ code: 'run/argument', message: `result \`${name}\` of a stream is ${inWords(found)}, not a buffer`, fix: 'name a buffer that the program returns', available: Object.entries(results ?? {}).flatMap(([n, v]) => (isBuffer(v) ? [n] : [])) });
}

function isBuffer(value: unknown): value is DeviceBuffer {
  return typeof value === 'object' && value !== null && '~buffer' in value;
}

/** Closes the buffers among results. */
async function release(results: Ran['results']): Promise<void> {
  await Promise.all(Object.values(results ?? {}).map((value) => (isBuffer(value) ? value.close() : undefined)));
}
