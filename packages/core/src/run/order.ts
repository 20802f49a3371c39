/*
 * The order of effects. Ops are issued in program order; a task waits for the tasks issued before it whose effects
 * on the same memory or file range conflict with its own. The tables are the session's, so that runs which share a
 * buffer or a file are ordered too.
 */

/** Something that an op does after it was issued. */
export class Task {
  #waits = 1;
  #dependents: Task[] | undefined;
  #done = false;
  #begin: ((task: Task) => void) | undefined;

  /** `begin` runs once, when everything that the task waits for is done; it must not throw and must lead to `finish`. */
  constructor(begin: (task: Task) => void) {
    this.#begin = begin;
  }

  get done(): boolean {
    return this.#done;
  }

  get begun(): boolean {
    return this.#begin === undefined;
  }

  after(other: Task | undefined): void {
    if (other === undefined || other.#done || other === this) return;
    this.#waits++;
    (other.#dependents ??= []).push(this);
  }

  /** Called once, when all `after` calls are made. */
  ready(): void {
    this.#release();
    beginReady();
  }

  finish(): void {
    if (this.#done) return;
    this.#done = true;
    const dependents = this.#dependents;
    this.#dependents = undefined;
    if (dependents !== undefined) for (const task of dependents) task.#release();
    beginReady();
  }

  /** Begins the task. What it refers to is not kept: order tables outlive tasks. */
  begin(): void {
    const begin = this.#begin;
    this.#begin = undefined;
    begin?.(this);
  }

  #release(): void {
    if (--this.#waits === 0) ready.push(this);
  }
}

/** Tasks that wait for nothing any more. A queue, not calls within calls: chains of tasks are as long as programs. */
const ready: Task[] = [];
let beginning = false;

function beginReady(): void {
  if (beginning || ready.length === 0) return;
  beginning = true;
  let begun = 0;
  try {
    while (begun < ready.length) ready[begun++]?.begin();
  } finally {
    // A task that throws breaks its contract; those behind it are not lost: the next call begins them.
    if (begun === ready.length) ready.length = 0;
    else ready.splice(0, begun);
    beginning = false;
  }
}

/** The unfinished accesses of one buffer, in order of issue. */
export class MemoryOrder {
  #writer: Task | undefined;
  #readers: Task[] = [];
  #sweepAt = 16;

  access(task: Task, write: boolean): void {
    task.after(this.#writer);
    if (write) {
      for (const reader of this.#readers) task.after(reader);
      this.#writer = task;
      if (this.#readers.length > 0) this.#readers = [];
      return;
    }
    if (this.#readers.length >= this.#sweepAt) {
      this.#readers = this.#readers.filter((r) => !r.done);
      this.#sweepAt = 16 + 2 * this.#readers.length;
    }
    this.#readers.push(task);
  }
}

/** The unfinished accesses of one file, by range. */
export class FileOrder {
  readonly #reads = new Ranges();
  readonly #writes = new Ranges();

  /** Bytes `from` up to, not including, `to`. */
  access(task: Task, from: bigint, to: bigint, write: boolean): void {
    this.#writes.before(task, from, to);
    if (write) this.#reads.before(task, from, to);
    (write ? this.#writes : this.#reads).add(task, from, to);
  }

  /** Nothing that was issued is unfinished. */
  get idle(): boolean {
    return this.#reads.idle && this.#writes.idle;
  }
}

interface RangeAccess {
  readonly from: bigint;
  readonly to: bigint;
  readonly task: Task;
}

/** Accesses of one kind. */
class Ranges {
  #open: RangeAccess[] = [];
  #sweepAt = 64;
  /** Every one of them lies in between. */
  #from = 0n;
  #to = 0n;

  /** Makes `task` wait for those that overlap. */
  before(task: Task, from: bigint, to: bigint): void {
    // Files are mostly read and written from front to back: then nothing is to be searched.
    if (from >= to || this.#open.length === 0 || from >= this.#to || to <= this.#from) return;
    for (const a of this.#sweep()) if (a.from < to && from < a.to) task.after(a.task);
  }

  add(task: Task, from: bigint, to: bigint): void {
    if (from >= to) return;
    if (this.#open.length >= this.#sweepAt) this.#sweepAt = 64 + 2 * this.#sweep().length;
    const alone = this.#open.length === 0;
    if (alone || from < this.#from) this.#from = from;
    if (alone || to > this.#to) this.#to = to;
    this.#open.push({ from, to, task });
  }

  get idle(): boolean {
    return this.#sweep().length === 0;
  }

  #sweep(): readonly RangeAccess[] {
    this.#open = this.#open.filter((a) => !a.task.done);
    return this.#open;
  }
}
