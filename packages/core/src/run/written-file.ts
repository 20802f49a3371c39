import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import type { OpenFile } from '../registry/backend.ts';
import type { GrantRecord } from './grants.ts';
import type { Carrier } from './outcome.ts';

/** A file that a run has written: it stays open until the run ends. */
export class WrittenFile {
  readonly carrier: Carrier;
  readonly file: OpenFile;
  readonly record: GrantRecord;
  /** Stretches of the file that are written, in order; those that meet are one. */
  readonly #stretches: { from: bigint; to: bigint }[] = [];
  #writes = 0;
  #durable = false;

  constructor(carrier: Carrier, file: OpenFile, record: GrantRecord) {
    this.carrier = carrier;
    this.file = file;
    this.record = record;
  }

  /** Bytes of the file from `from` up to, not including, `to` are written. */
  add(from: bigint, to: bigint): void {
    if (from >= to) return;
    this.#writes++;
    this.#durable = false;
    const all = this.#stretches;
    let first = all.length;
    while (first > 0 && (all[first - 1]?.to ?? 0n) >= from) first--;
    let last = first;
    for (; last < all.length && (all[last]?.from ?? 0n) <= to; last++);
    const met = all.slice(first, last);
    const low = met.reduce((least, s) => (s.from < least ? s.from : least), from);
    const high = met.reduce((most, s) => (s.to > most ? s.to : most), to);
    all.splice(first, last - first, { from: low, to: high });
  }

  /** A sync begins; gives what is to be called when it has succeeded. What is written meanwhile it may have missed. */
  syncing(): () => void {
    const before = this.#writes;
    return () => {
      this.#durable = this.#writes === before;
    };
  }

  /** Whether all of it is on stable storage. */
  get durable(): boolean {
    return this.#durable;
  }

  /** Bytes that are written, wherever they lie. */
  get bytes(): number {
    return Number(this.#stretches.reduce((sum, { from, to }) => sum + to - from, 0n));
  }

  /** Where the first byte lies that is written, and how many follow it without a gap. */
  get prefix(): { readonly offset: bigint; readonly written: number } {
    const [{ from, to } = { from: 0n, to: 0n }] = this.#stretches;
    return { offset: from, written: Number(to - from) };
  }
}

/** What a run failed with, and what it had written by then: in `details.files`, and in words where they are not said yet. */
export function withWritten(error: unknown, files: Iterable<WrittenFile>): unknown {
  if (!isSluiceError(error)) return error;
  const written = [...files].filter((f) => f.bytes > 0).map((f) => ({ file: f.file.name, offset: String(f.prefix.offset), written: f.prefix.written, durable: f.durable ? f.prefix.written : 0 }));
  if (written.length === 0) return error;
  const { code, family, message, fix, where, available, details, problems, cause } = error;
  const said = written.map((w) => `; of \`${w.file}\`, ${w.written} bytes from ${w.offset} on are written, ${w.durable} of them durable`);
  const more = new SluiceError({ code, family, message: details['written'] === undefined ? `${message}${said.join('')}` : message, fix, where, available, problems, cause, details: { ...details, files: written } });
  // Where it happened, not where this was said.
  if (error.stack !== undefined) more.stack = error.stack;
  return more;
}
