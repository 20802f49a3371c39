import type { SluiceError } from '@sluice/core';
import { reported } from './errors.ts';
import type { Health } from './health.ts';
import { scoped } from './scopes.ts';
import { USAGE } from './webgpu.ts';

/** Commands of one submission; more would keep the device waiting for the encoder. */
const LONGEST = 128;
/** Submissions that the device has not answered; more would only be kept in memory. */
const IN_FLIGHT = 8;
/** Bytes of launch records of one submission. */
const RECORDS = 64 * 1024;
/** `minUniformBufferOffsetAlignment` of every adapter is at most this. */
const SLOT = 256;

/** What was encoded on behalf of one run, or of one read or upload outside of runs, by its signal. */
interface Work {
  readonly pending: Set<Promise<unknown>>;
  failure: SluiceError | undefined;
}

/**
 * The one queue of a device. Commands are encoded as they come and submitted together, in a turn of the event loop of
 * their own at the latest; whatever is encoded later sees what was encoded before. Each error that WebGPU reports of a
 * submission belongs to every run that has commands in it.
 */
export class Commands {
  /** Where launch records lie, at offsets that `record` gives. */
  readonly records: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #health: Health;
  readonly #staged = new Uint8Array(RECORDS);
  readonly #view = new DataView(this.#staged.buffer);
  readonly #work = new WeakMap<AbortSignal, Work>();
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #runs = new Set<Work>();
  #count = 0;
  #used = 0;
  #scheduled = false;
  readonly #inFlight: Promise<unknown>[] = [];
  /** The last of those who wait for room, while there are any. */
  #waiting: Promise<void> | undefined;

  constructor(device: GPUDevice, health: Health) {
    this.#device = device;
    this.#health = health;
    this.records = device.createBuffer({ label: 'launch records', size: RECORDS, usage: USAGE.UNIFORM | USAGE.COPY_DST });
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
    while (this.#inFlight.length >= IN_FLIGHT) await this.#inFlight[0];
  }

  /**
   * Encodes one dispatch on behalf of `signal`: `write` fills in its launch record, `encode` gets the pass and the offset
   * of the record in `records`.
   */
  dispatch(signal: AbortSignal, byteLength: number, write: (view: DataView, at: number) => void, encode: (pass: GPUComputePassEncoder, record: number) => void): void {
    const size = Math.ceil(byteLength / SLOT) * SLOT;
    if (this.#used + size > RECORDS) this.flush();
    const encoder = this.#open(signal);
    const at = this.#used;
    this.#used += size;
    write(this.#view, at);
    encode((this.#pass ??= encoder.beginComputePass()), at);
  }

  /** An encoder to copy and clear with, on behalf of `signal`; without one, of whoever comes next. */
  copies(signal?: AbortSignal): GPUCommandEncoder {
    const encoder = this.#open(signal);
    this.#pass?.end();
    this.#pass = undefined;
    return encoder;
  }

  #open(signal: AbortSignal | undefined): GPUCommandEncoder {
    if (this.#count >= LONGEST) this.flush();
    this.#count++;
    if (signal !== undefined) this.#runs.add(this.#workOf(signal));
    if (!this.#scheduled) {
      this.#scheduled = true;
      soon(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
    return (this.#encoder ??= this.#device.createCommandEncoder());
  }

  #workOf(signal: AbortSignal): Work {
    const known = this.#work.get(signal);
    if (known !== undefined) return known;
    const made: Work = { pending: new Set(), failure: undefined };
    this.#work.set(signal, made);
    return made;
  }

  /** Submits what is encoded. */
  flush(): void {
    const encoder = this.#encoder;
    if (encoder === undefined) return;
    this.#pass?.end();
    const [device, runs, used] = [this.#device, this.#runs, this.#used];
    this.#encoder = this.#pass = undefined;
    this.#runs = new Set();
    this.#count = this.#used = 0;
    const { error } = scoped(device, () => {
      if (used > 0) device.queue.writeBuffer(this.records, 0, this.#staged, 0, used);
      device.queue.submit([encoder.finish()]);
    });
    const over = device.queue.onSubmittedWorkDone().catch(() => {});
    const done = Promise.all([error, over]).then(([found]) => {
      void this.#inFlight.splice(this.#inFlight.indexOf(done), 1);
      // What broke earlier, where nobody looked, comes first: the submission may have failed because of it.
      const failure = found === undefined ? this.#health.lost : (this.#health.take() ?? reported(found));
      if (failure !== undefined && runs.size === 0) this.#health.add(failure);
      for (const run of runs) {
        run.failure ??= failure;
        run.pending.delete(done);
      }
    });
    this.#inFlight.push(done);
    for (const run of runs) run.pending.add(done);
  }

  /**
   * Resolves when everything that was encoded on behalf of `signal` has run.
   * @throws SluiceError the `wgsl/` codes of family `run`
   */
  async done(signal: AbortSignal): Promise<void> {
    const work = this.#work.get(signal);
    if (work !== undefined) {
      if (this.#runs.has(work)) this.flush();
      while (work.pending.size > 0) await Promise.all(work.pending);
    }
    const failure = work?.failure ?? this.#health.take();
    if (failure !== undefined) throw failure;
  }

  /** Resolves when the device is idle. */
  async idle(): Promise<void> {
    this.flush();
    while (this.#inFlight.length > 0) await Promise.all(this.#inFlight);
  }
}

const immediate = (globalThis as { setImmediate?: (call: () => void) => unknown }).setImmediate;
const soon: (call: () => void) => unknown = immediate ?? ((call) => setTimeout(call, 0));
