import type { ValueId } from '../ir/program.ts';
import { LIMITS } from './limits.ts';

/**
 * Marks on values that hold from where they are made to the end of the region that they are made in: definitions, and
 * frees. Regions are told apart by a serial; a mark is seen while the region of its serial is open.
 */
export class Scopes {
  /** The serial of the open region at each depth, 0 for none. */
  readonly #open = new Int32Array(LIMITS.depth + 1);
  /** For each value, where its mark was made: the region's serial, 0 for none, and its depth. */
  readonly #serials: Int32Array;
  readonly #depths: Uint8Array;
  #serial = 0;

  constructor(values: number) {
    this.#serials = new Int32Array(values);
    this.#depths = new Uint8Array(values);
  }

  /** A region begins at `depth`. */
  open(depth: number): void {
    this.#open[depth] = ++this.#serial;
  }

  /** The region at `depth` ends, and with it what was marked in it. */
  close(depth: number): void {
    this.#open[depth] = 0;
  }

  /** Marks a value in the region at `depth`; false if it has a mark already, seen or not. */
  define(value: ValueId, depth: number): boolean {
    if (this.#serials[value] !== 0) return false;
    this.mark(value, depth);
    return true;
  }

  mark(value: ValueId, depth: number): void {
    this.#serials[value] = this.#open[depth] as number;
    this.#depths[value] = depth;
  }

  isDefined(value: ValueId): boolean {
    return this.#serials[value] !== 0;
  }

  /** Whether the value's mark was made in a region that is still open. */
  sees(value: ValueId): boolean {
    const serial = this.#serials[value] as number;
    return serial !== 0 && this.#open[this.#depths[value] as number] === serial;
  }
}
