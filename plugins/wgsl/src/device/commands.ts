import type { SluiceError } from '@sluice/core';
import type { Health } from './health.ts';
import { Records } from './records.ts';

/** Commands of one submission; more would keep the device waiting for the encoder. */
const LONGEST = 128;
/** Submissions that the device has not answered; more would only be kept in memory. */
const IN_FLIGHT = 8;

/** What was encoded on behalf of one run, or of one read or upload outside of runs, by its signal. */
interface Work {
  /** The last submission with commands of it: the queue ends them in order. */
  last: Submission | undefined;
  failure: SluiceError | undefined;
}

/** Commands that go to the queue together. */
interface Submission {
  readonly encoder: GPUCommandEncoder;
  /** Whose they are. */
  readonly work: Work[];
  /** When the device has done them; absent while more may be added. */
  ended?: Promise<void>;
}

/** A pipeline, and the buffers that it gets beside the launch record. */
export interface Bound {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
}

/**
 * The one queue of a device. Commands are encoded as they come and submitted together, in a turn of the event loop of
 * their own at the latest; whatever is encoded later sees what was encoded before. Each error that WebGPU reports of a
 * submission belongs to every run that has commands in it.
 */
export class Commands {
  readonly #device: GPUDevice;
  readonly #health: Health;
  readonly #records: Records;
  readonly #work = new WeakMap<AbortSignal, Work>();
  #open: Submission | undefined;
  #pass: GPUComputePassEncoder | undefined;
  /** What the pass is set to. */
  #pipeline: GPUComputePipeline | undefined;
  #bindGroup: GPUBindGroup | undefined;
  #record = -1;
  #count = 0;
  #scheduled = false;
  /** From the oldest on. */
  readonly #inFlight: Submission[] = [];
  /** The last of those who wait for room, while there are any. */
  #waiting: Promise<void> | undefined;

  constructor(device: GPUDevice, health: Health) {
    this.#device = device;
    this.#health = health;
    this.#records = new Records(device);
  }

  /** Where launch records lie: a uniform buffer with an offset that each dispatch gives. */
  get records(): GPUBuffer {
    return this.#records.buffer;
  }

  /**
   * Resolves when the device has caught up; undefined where it has. To be awaited before much is encoded, which is to be
   * done at once: those who wait are let in one after the other, as long as there is room.
   */
  room(): Promise<void> | undefined {
    if (this.#waiting === undefined && this.#inFlight.length < IN_FLIGHT) return undefined;
    const turn: Promise<void> = this.#roomBehind(this.#waiting).then(() => {
      if (this.#waiting === turn) this.#waiting = undefined;
    });
    return (this.#waiting = turn);
  }

  async #roomBehind(others: Promise<void> | undefined): Promise<void> {
    await others;
    while (this.#inFlight.length >= IN_FLIGHT) await this.#inFlight[0]?.ended;
  }

  /** Encodes one dispatch on behalf of `signal`, with a launch record, which is copied. */
  dispatch(signal: AbortSignal, { pipeline, bindGroup }: Bound, words: Uint32Array, [x, y, z]: readonly [number, number, number]): void {
    const pass = this.#passFor(signal, words.byteLength);
    const record = this.#records.add(words);
    if (pipeline !== this.#pipeline) pass.setPipeline((this.#pipeline = pipeline));
    if (bindGroup !== this.#bindGroup || record !== this.#record) {
      pass.setBindGroup(0, bindGroup, [record]);
      this.#bindGroup = bindGroup;
      this.#record = record;
    }
    pass.dispatchWorkgroups(x, y, z);
  }

  #passFor(signal: AbortSignal, recordBytes: number): GPUComputePassEncoder {
    if (!this.#records.fits(recordBytes)) this.flush();
    const encoder = this.#encoder(signal);
    return (this.#pass ??= encoder.beginComputePass());
  }

  /** An encoder to copy and clear with, on behalf of `signal`; without one, of whoever comes next. */
  copies(signal?: AbortSignal): GPUCommandEncoder {
    const encoder = this.#encoder(signal);
    this.#endPass();
    return encoder;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = this.#pipeline = this.#bindGroup = undefined;
    this.#record = -1;
  }

  #encoder(signal: AbortSignal | undefined): GPUCommandEncoder {
    if (this.#count >= LONGEST) this.flush();
    this.#count++;
    const submission = (this.#open ??= { encoder: this.#device.createCommandEncoder(), work: [] });
    const work = signal === undefined ? undefined : this.#workOf(signal);
    if (work !== undefined && work.last !== submission) {
      work.last = submission;
      submission.work.push(work);
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      void NOW.then(this.#schedule);
    }
    return submission.encoder;
  }

  /** Most of what is small is submitted by those who wait for it, before this is called: then the event loop has nothing to do. */
  readonly #schedule = (): void => {
    this.#scheduled = this.#open !== undefined;
    if (this.#scheduled) soon(this.#flushSoon);
  };

  readonly #flushSoon = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  #workOf(signal: AbortSignal): Work {
    const known = this.#work.get(signal);
    if (known !== undefined) return known;
    const made: Work = { last: undefined, failure: undefined };
    this.#work.set(signal, made);
    return made;
  }

  /** Submits what is encoded. */
  flush(): void {
    const submission = this.#open;
    if (submission === undefined) return;
    this.#endPass();
    this.#open = undefined;
    this.#count = 0;
    const { queue } = this.#device;
    const refused = this.#health.watch(() => {
      this.#records.send();
      queue.submit([submission.encoder.finish()]);
    });
    const over = queue.onSubmittedWorkDone();
    if (refused instanceof Promise) submission.ended = Promise.all([refused, over.catch(() => {}), this.#inFlight.at(-1)?.ended]).then(([failure]) => this.#ended(submission, failure));
    else {
      const ended = () => this.#ended(submission, refused);
      submission.ended = over.then(ended, ended);
    }
    this.#inFlight.push(submission);
  }

  #ended(submission: Submission, refused: SluiceError | undefined): void {
    const { work } = submission;
    // They end in order.
    this.#inFlight.shift();
    // What broke earlier, where nobody looked, comes first: the submission may have failed because of it.
    const failure = refused === undefined ? this.#health.lost : (this.#health.take() ?? refused);
    if (failure !== undefined && work.length === 0) this.#health.add(failure);
    for (const of of work) {
      of.failure ??= failure;
      if (of.last === submission) of.last = undefined;
    }
  }

  /**
   * Resolves when everything that was encoded on behalf of `signal` has run.
   * @throws SluiceError the `wgsl/` codes of family `run`
   */
  async done(signal: AbortSignal): Promise<void> {
    const work = this.#work.get(signal);
    if (work?.last !== undefined) {
      if (work.last === this.#open) this.flush();
      await work.last.ended;
    }
    const failure = work?.failure ?? this.#health.take();
    if (failure !== undefined) throw failure;
  }

  /** Resolves when the device is idle. */
  async idle(): Promise<void> {
    this.flush();
    while (this.#inFlight.length > 0) await this.#inFlight.at(-1)?.ended;
  }
}

const NOW = Promise.resolve();
const immediate = (globalThis as { setImmediate?: (call: () => void) => unknown }).setImmediate;
const soon: (call: () => void) => unknown = immediate ?? ((call) => setTimeout(call, 0));
