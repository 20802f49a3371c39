import { Writer } from './writer.ts';

/** Differs from process to process, so that nobody can make entries that all fall into one place; the table does not depend on it. */
const SEED = (Math.random() * 0x100000000) | 1;

/** A table of byte strings, each once, in the order in which they first came. */
export class ByteTable {
  /** The entries, one after the other. To add one, write it here and call `intern`. */
  readonly entries = new Writer(1024);
  count = 0;
  /** Where each entry starts; one more for the end of the last. */
  #starts = new Int32Array(256);
  /** Entry + 1 by hash, 0 where there is none; a power of two, at least twice as many as entries. */
  #slots = new Int32Array(512);

  /** The index of the entry that was just written behind the others; it is taken back if it is there already. */
  intern(): number {
    const { entries } = this;
    const { bytes, at: end } = entries;
    const start = this.#starts[this.count] as number;
    const mask = this.#slots.length - 1;
    let slot = hash(bytes, start, end) & mask;
    for (let found = this.#slots[slot] as number; found !== 0; found = this.#slots[slot] as number) {
      if (this.#isAt(found - 1, bytes, start, end)) {
        entries.at = start;
        return found - 1;
      }
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = ++this.count;
    if (this.count === this.#starts.length) this.#grow();
    this.#starts[this.count] = end;
    return this.count - 1;
  }

  #isAt(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[entry] as number;
    if ((this.#starts[entry + 1] as number) - from !== end - start) return false;
    for (let i = 0; i < end - start; i++) if (bytes[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #grow(): void {
    const starts = new Int32Array(2 * this.#starts.length);
    starts.set(this.#starts);
    this.#starts = starts;
    this.#slots = new Int32Array(2 * this.#slots.length);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.count; entry++) {
      // The last one ends where the writer stands: its end is not in the table yet.
      const end = entry === this.count - 1 ? this.entries.at : (starts[entry + 1] as number);
      let slot = hash(this.entries.bytes, starts[entry] as number, end) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  let h = SEED;
  for (let i = start; i < end; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193 ^ (SEED << 1));
  return h ^ (h >>> 15);
}
