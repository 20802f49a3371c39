import { SluiceError, onAbort } from '@sluice/core';
import { CudaDevice } from '@sluice/cuda/device';
import type { Block, BlockUser } from '@sluice/cuda/device';
import { findLibrary } from './find-library.ts';
import type { FoundLibrary } from './find-library.ts';
import { forgetLog } from './log.ts';
import type { Library } from './machine.ts';
import { COMPLETION, ROW } from './native.ts';
import type { NativeEngine } from './native.ts';
import type { GdsOptions } from './options.ts';

/** Completions that one call of the addon brings at most. */
const COMPLETIONS = 256;
/** Registering costs more than a small transfer: blocks from here on are. */
const REGISTERED = 1 << 20;
const ALREADY_REGISTERED = 5023;

export interface Completed {
  /** An errno, or `END_OF_FILE`; an error of cuFile; one of the driver. All 0 where it went well. */
  readonly error: number;
  readonly result: number;
  readonly driver: number;
  /** The prefix that was moved. */
  readonly transferred: number;
  /** Bytes that cuFile moved, and those at the edges that came through the page cache. */
  readonly whole: number;
  readonly edges: number;
}

/** The transfers of one signal, which are cancelled together. */
interface Group {
  readonly id: number;
  inFlight: number;
  disregard(): void;
}

/** cuFile on one device, for this Node environment. It lives as long as a device of the backend holds it. */
export class Engine implements BlockUser {
  static readonly #open = new Map<number, Engine>();

  readonly library: Library;
  readonly device: CudaDevice;
  readonly native: NativeEngine;
  readonly #unwatch: () => void;
  readonly #completions = new Float64Array(COMPLETIONS * COMPLETION);
  /** By token. */
  readonly #waiting: ((completed: Completed) => void)[] = [];
  readonly #tokens: number[] = [];
  readonly #groups = new Map<AbortSignal, Group>();
  /** What registering a block gave, by its number. */
  readonly #registered = new Map<number, { readonly result: number; readonly address: bigint }>();
  #groupIds = 0;
  #holders = 0;

  private constructor({ native, library }: FoundLibrary, device: CudaDevice) {
    this.library = library;
    this.device = device;
    this.native = new native.Engine(device.context, (count) => this.#completed(count), this.#completions);
    this.#unwatch = device.watch(this);
  }

  /**
   * The engine, held until `release`.
   * @throws SluiceError `backend/open-failed`, `gds/mode` and what opening the device throws
   */
  static acquire(options: GdsOptions): Engine {
    const found = findLibrary(options);
    if (!('library' in found)) throw new SluiceError({ code: found.otherMode === true ? 'gds/mode' : 'backend/open-failed', family: 'unsupported', message: found.reason, fix: found.fix });
    const { ordinal } = found.cuda.device;
    const device = CudaDevice.acquire({ ...options, device: ordinal });
    let engine = Engine.#open.get(ordinal);
    if (engine === undefined) {
      try {
        engine = new Engine(found, device);
      } catch (cause) {
        device.release();
        throw new SluiceError({ code: 'backend/open-failed', message: `the threads of @sluice/gds could not be started: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'raise the limit on processes and threads (ulimit -u)', cause });
      }
      Engine.#open.set(ordinal, engine);
    } else device.release();
    engine.#holders++;
    return engine;
  }

  release(): void {
    if (--this.#holders > 0) return;
    Engine.#open.delete(this.device.traits.ordinal);
    // Blocks that another session keeps live on.
    for (const { result, address } of this.#registered.values()) if (result === 0) this.native.deregisterBuffer(address);
    this.#unwatch();
    this.native.close();
    this.device.release();
    forgetLog();
  }

  /** Registers a block, once and for as long as it lives, where that pays. Gives the error of cuFile, or 0. */
  register({ id, address, capacity }: Block): number {
    if (capacity < REGISTERED) return 0;
    let known = this.#registered.get(id);
    if (known === undefined) {
      const { result } = this.native.registerBuffer(address, capacity);
      known = { result: result === ALREADY_REGISTERED ? 0 : result, address };
      this.#registered.set(id, known);
    }
    return known.result;
  }

  forget({ id, address }: Block): void {
    if (this.#registered.get(id)?.result === 0) this.native.deregisterBuffer(address);
    this.#registered.delete(id);
  }

  /** Starts one transfer: `row` but for its token. `completed` is called once, later. */
  start(signal: AbortSignal, row: readonly number[], completed: (completed: Completed) => void): void {
    const token = this.#tokens.pop() ?? this.#waiting.length;
    const group = this.#enter(signal);
    const forget = () => {
      this.#tokens.push(token);
      this.#leave(signal, group);
    };
    this.#waiting[token] = (found) => {
      forget();
      completed(found);
    };
    const rows = new Float64Array(ROW);
    rows.set([token, ...row]);
    try {
      this.native.submit(group.id, rows, 1);
    } catch (error) {
      forget();
      throw error;
    }
  }

  #enter(signal: AbortSignal): Group {
    let group = this.#groups.get(signal);
    if (group === undefined) {
      const id = (this.#groupIds = (this.#groupIds + 1) % 2 ** 32);
      group = { id, inFlight: 0, disregard: onAbort(signal, () => this.native.cancel(id)) };
      this.#groups.set(signal, group);
    }
    group.inFlight++;
    return group;
  }

  #leave(signal: AbortSignal, group: Group): void {
    if (--group.inFlight > 0) return;
    group.disregard();
    this.#groups.delete(signal);
  }

  #completed(count: number): void {
    const rows = this.#completions;
    for (let at = 0; at < count * COMPLETION; at += COMPLETION) {
      const [token = 0, error = 0, result = 0, driver = 0, transferred = 0, whole = 0, edges = 0] = rows.subarray(at, at + COMPLETION);
      this.#waiting[token]?.({ error, result, driver, transferred, whole, edges });
    }
  }
}
