import { SluiceError } from '@sluice/core';
import { denied } from './denied.ts';
import { Groups } from './groups.ts';
import { COMPLETION, ROW, loadNative } from './native.ts';
import type { Native, Ring } from './native.ts';
import { Pool } from './pool.ts';

/** A transfer that the ring has. `transferred` is the prefix in bytes, of which `direct` and `buffered` were moved by each path. */
export type Completed = (error: number, transferred: number, direct: number, buffered: number) => void;

/** Completions that one call of the addon brings at most. */
const COMPLETIONS = 256;

/** The one ring, thread and pool of this Node environment. It lives as long as a device holds it. */
export class Engine {
  static #current: Engine | undefined;

  readonly native: Native;
  readonly ring: Ring;
  readonly pool: Pool;
  readonly groups: Groups;
  #holders = 0;
  /** By token. */
  readonly #waiting: (Completed | undefined)[] = [];
  readonly #tokens: number[] = [];
  readonly #completions = new Float64Array(COMPLETIONS * COMPLETION);
  #rows = new Float64Array(8 * ROW);

  private constructor(native: Native) {
    this.native = native;
    try {
      this.ring = new native.Ring((count) => this.#completed(count), this.#completions);
    } catch (cause) {
      const { stage, errno } = cause as { stage: Parameters<typeof denied>[0]; errno: number };
      throw new SluiceError({ code: 'backend/open-failed', message: `io_uring could not be opened: ${denied(stage, errno).reason}`, fix: denied(stage, errno).fix, cause });
    }
    try {
      this.pool = new Pool(this.ring);
    } catch (error) {
      this.ring.close();
      throw error;
    }
    this.groups = new Groups((id) => this.ring.cancel(id));
  }

  /**
   * The engine, held until `release`.
   * @throws SluiceError `backend/open-failed`, `mem/too-large`
   */
  static acquire(): Engine {
    if (Engine.#current?.broken !== 0) {
      const found = loadNative();
      if (!('native' in found)) throw new SluiceError({ code: 'backend/open-failed', message: found.reason, fix: found.fix });
      Engine.#current = new Engine(found.native);
    }
    Engine.#current.#holders++;
    return Engine.#current;
  }

  release(): void {
    if (--this.#holders > 0) return;
    if (Engine.#current === this) Engine.#current = undefined;
    // The kernel may go on writing to the memory of a ring that is lost: that is left where it is.
    if (this.broken === 0) this.pool.close();
    this.groups.close();
    this.ring.close();
  }

  /** The errno for which the kernel gave up the ring; 0 while it works. */
  get broken(): number {
    return this.ring.state().broken;
  }

  /** Room for rows that the ring is to be given: always the same, so that a transfer makes none. */
  rows(count: number): Float64Array {
    if (this.#rows.length < count * ROW) this.#rows = new Float64Array(2 * count * ROW);
    return this.#rows;
  }

  /** A token for one transfer, which the ring is handed at once. */
  expect(completed: Completed): number {
    const token = this.#tokens.pop() ?? this.#waiting.length;
    this.#waiting[token] = completed;
    return token;
  }

  /** Takes back a token that was never handed to the ring. */
  forget(token: number): void {
    this.#waiting[token] = undefined;
    this.#tokens.push(token);
  }

  #completed(count: number): void {
    const rows = this.#completions;
    for (let at = 0; at < count * COMPLETION; at += COMPLETION) {
      const token = rows[at] as number;
      const completed = this.#waiting[token];
      this.forget(token);
      try {
        completed?.(rows[at + 1] as number, rows[at + 2] as number, rows[at + 3] as number, rows[at + 4] as number);
      } catch (error) {
        // Uncaught, as it would be from any callback; but the others hear of their transfers first.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
