import { SluiceError } from '../diagnostics/error.ts';
import type { Where } from '../diagnostics/error.ts';
import type { ValueId } from '../ir/program.ts';
import type { Plan } from '../plan/plan.ts';
import type { OpenFile, Outcome, Rights, Transfer } from '../registry/backend.ts';
import type { Progress } from './api.ts';
import type { GrantRecord } from './grants.ts';
import { Holds } from './holds.ts';
import { Iteration } from './iteration.ts';
import { located } from './located.ts';
import type { MappedFile } from './map-step.ts';
import { Handle, staleHandle } from './memory.ts';
import type { Base } from './memory.ts';
import { Task } from './order.ts';
import type { FileOrder } from './order.ts';
import type { Carrier } from './outcome.ts';
import type { SessionState } from './state.ts';
import { Submissions } from './submission.ts';
import { tracedTransfer } from './trace/traced-transfer.ts';
import type { End, Tracer } from './trace/tracer.ts';
import { WrittenFile } from './written-file.ts';

/** A grant of a run, with the rights that the program declares and the file as each backend that the plan uses has opened it. */
export interface BoundGrant {
  readonly record: GrantRecord;
  readonly rights: Rights;
  readonly files: ReadonlyMap<string, OpenFile>;
}

/** What an op that is issued does: it waits for earlier conflicting effects, and its memory is held until it is done. */
export interface Effects {
  readonly memory: readonly { readonly base: Base; readonly write: boolean }[];
  /** A launch: its backend knows what it writes. */
  readonly launch?: true;
  readonly files?: readonly { readonly order: FileOrder; readonly from: bigint; readonly to: bigint; readonly write: boolean }[];
}

/** Ends a task that has begun, with an error if it failed. */
export type Finish = (error?: unknown) => void;

const NO_GRANTS: Execution['grants'] = new Map();

/** One run of a program: its values, what it holds, what is in flight, how it fails. */
export class Execution {
  readonly session: SessionState;
  readonly plan: Plan;
  /** Whoever started it, of those who hold the program. */
  readonly holder: object;
  /** Settles when all of it has ended. */
  over: Promise<unknown> | undefined;
  /** By value id: numbers, bigints, booleans, handles. */
  readonly values: unknown[] = [];
  readonly holds = new Holds();
  readonly written = new Map<string, WrittenFile>();
  readonly maps: MappedFile[] = [];
  readonly bytes = { direct: 0n, buffered: 0n, bounced: 0n, read: 0n, written: 0n };
  transfers = 0;
  launches = 0;
  grants: ReadonlyMap<number, BoundGrant> = NO_GRANTS;
  /** The iteration whose ops are being issued. */
  iteration = new Iteration(undefined);
  readonly #root = this.iteration;
  #abort: AbortController | undefined;
  #stop: AbortController | undefined;
  /** Lets go of what a task holds, for each task that was issued and has not begun. */
  readonly #waiting = new Set<() => void>();
  readonly #submissions = new Submissions(() => this.signal);
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  /** Who is told of what happens; undefined where nobody listens. */
  readonly tracer: Tracer | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Called with the reason of an abort. */
  #interrupt: ((reason: unknown) => void) | undefined;
  #ofCaller = false;
  #ended = false;
  #issued = 0n;
  #moved = 0n;

  constructor(session: SessionState, plan: Plan, holder: object, onProgress: ((progress: Progress) => void) | undefined, tracer?: Tracer) {
    this.tracer = tracer;
    this.session = session;
    this.plan = plan;
    this.holder = holder;
    this.#onProgress = onProgress;
  }

  /** Aborts launches and transfers that are in flight. Nobody may keep it for longer than these take. */
  get signal(): AbortSignal {
    return (this.#abort ??= this.session.controllers.take()).signal;
  }

  /** Aborted when the run fails, in whatever way: nothing more is to be issued. */
  get stopped(): AbortSignal {
    if (this.#stop === undefined) {
      this.#stop = this.session.controllers.take();
      if (this.#failure !== undefined) this.#stop.abort(this.#failure.error);
    }
    return this.#stop.signal;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** The first failure stops issue and calls off what waits for its turn; what has begun finishes. */
  fail(error: unknown, where?: () => Where): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error: where === undefined ? error : located(error, where) };
    this.#stop?.abort(this.#failure.error);
    const calledOff = [...this.#waiting];
    this.#waiting.clear();
    for (const letGo of calledOff) letGo();
  }

  /** Fails the run with `reason` itself, and stops what has begun. */
  abort(reason: unknown): void {
    // The signal may be another run's by now.
    if (this.#ended) return;
    this.#failAs(reason);
    (this.#abort ??= this.session.controllers.take()).abort(reason);
    this.#interrupt?.(reason);
  }

  /** What `work` comes to, or the reason of an abort as soon as there is one. To be awaited before it is called again. */
  unlessAborted(work: (resolve: () => void, reject: (reason: unknown) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      work(resolve, reject);
    });
  }

  /** Fails the run with what the caller itself gave or threw: nothing is added to that. */
  #failAs(error: unknown): void {
    if (this.#failure === undefined) this.#ofCaller = true;
    this.fail(error);
  }

  /** The failure is the caller's own: a reason of its signal, or what its callback threw. */
  get failedByCaller(): boolean {
    return this.#ofCaller;
  }

  /** @throws the failure, if there is one */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /**
   * Issues a task. `begin` runs when all that it must wait for is done, unless the run fails before that; it must lead
   * to one call of `finish`. `ended` is called when the task is over, or will never begin.
   */
  issue(where: () => Where, { memory, launch, files = [] }: Effects, begin: (finish: Finish) => void, ended?: () => void): void {
    if (this.#failure !== undefined) return ended?.();
    if (memory.some(({ base, write }) => write && base.readOnly)) throw new SluiceError({ code: 'mem/read-only', message: 'an op writes to a map of a file, which is for reading', fix: 'copy it into a buffer, and write there' });
    const { iteration } = this;
    const { budget } = this.session;
    iteration.enter();
    budget.began();
    for (const { base } of memory) base.hold();
    if (launch === undefined) for (const { base, write } of memory) base.unwritten &&= !write;
    const letGo = () => {
      for (const { base } of memory) base.drop();
      iteration.leave();
      budget.ended();
      ended?.();
    };
    let waits = false;
    let waited: End | undefined = undefined;
    const task = new Task((self) => {
      waited?.();
      // A task that was called off keeps its place, for the sake of those behind it.
      if (waits && !this.#waiting.delete(letGo)) return self.finish();
      const finish: Finish = (error) => {
        if (self.done) return;
        if (error !== undefined) this.fail(error, where);
        self.finish();
        letGo();
      };
      try {
        begin(finish);
      } catch (error) {
        finish(error);
      }
    });
    for (const { base, write } of memory) base.order.access(task, write);
    for (const { order, from, to, write } of files) order.access(task, from, to, write);
    task.ready();
    if (task.begun) return;
    waits = true;
    waited = this.tracer?.begin('wait', 'order', {}, where);
    this.#waiting.add(letGo);
  }

  /** Hands a transfer to `carrier`; `complete` is called once. `where`: the op that it is for. */
  submit(carrier: Carrier, transfer: Transfer, complete: (outcome: Outcome) => void, where?: () => Where): void {
    this.#submissions.add(carrier, transfer, this.tracer === undefined ? complete : tracedTransfer(this.tracer, carrier, transfer, complete, where));
  }

  /** Counts bytes that a transfer will move, for progress. */
  announce(bytes: number): void {
    if (this.#onProgress !== undefined) this.#issued += BigInt(bytes);
  }

  progress(op: string, bytes: number): void {
    if (this.#onProgress === undefined) return;
    this.#moved += BigInt(bytes);
    try {
      const returned: unknown = this.#onProgress({ op, done: this.#moved, total: this.#issued });
      if (returned instanceof Promise) returned.catch((error: unknown) => this.#failAs(error));
    } catch (error) {
      this.#failAs(error);
    }
  }

  /**
   * A base that the run holds, in the space of the plan or another one; at once if the budget allows it.
   * @throws SluiceError `mem/too-large`, `mem/budget`
   */
  allocate(byteLength: bigint, contents: 'zero' | 'any', space = this.plan.space): Base | Promise<Base> {
    const limit = space === this.plan.space ? this.plan.compute?.capabilities?.limits.handleBytes : undefined;
    const made = this.session.budget.allocate(this.session.allocator(space), byteLength, contents, this.stopped, limit);
    const adopted = (base: Base) => {
      this.holds.adopt(base);
      return base;
    };
    if (!(made instanceof Promise)) return adopted(made);
    return (this.tracer?.wait('memory', made) ?? made).then(adopted);
  }

  /**
   * The live handle that a value holds.
   * @throws SluiceError `mem/stale-handle`
   */
  handle(id: ValueId): Handle {
    const value = this.values[id];
    if (value instanceof Handle && value.live) return value;
    throw staleHandle(`%${id}`);
  }

  /**
   * A grant that the run was given, by its number.
   * @throws SluiceError `grant/unknown`
   */
  grant(fd: number): BoundGrant {
    const granted = this.grants.get(fd);
    if (granted !== undefined) return granted;
    throw new SluiceError({ code: 'grant/unknown', message: `the run was given no grant ${fd}`, fix: 'pass the grant as an argument of the run', available: [...this.grants].map(([n, g]) => `${n} (${g.record.name})`) });
  }

  /** Notes that bytes of a file are written; it stays open until the run ends. */
  wrote(carrier: Carrier, file: OpenFile, record: GrantRecord, from: bigint, bytes: number): WrittenFile {
    let known = this.written.get(file.identity);
    if (known === undefined) {
      record.use();
      known = new WrittenFile(carrier, file, record);
      this.written.set(file.identity, known);
    }
    known.add(from, from + BigInt(bytes));
    return known;
  }

  /** Gives a value to `id`; the hold of a handle goes with it. */
  bind(id: ValueId, value: unknown): void {
    this.values[id] = value;
  }

  /** Drops the hold of a value after its last use. */
  drop(id: ValueId): void {
    const value = this.values[id];
    if (!(value instanceof Handle)) return;
    this.values[id] = undefined;
    if (value.live) this.holds.release(value.base);
  }

  /** Something of this run is in flight. */
  get busy(): boolean {
    return this.#root.busy;
  }

  /** Resolves when nothing of this run is in flight. */
  async drained(): Promise<void> {
    for (let idle = this.#root.idle(); idle !== undefined; idle = this.#root.idle()) await idle;
  }

  /** Lets go of everything that is left, when nothing is in flight any more. */
  end(): void {
    this.#ended = true;
    this.#interrupt = undefined;
    // What failed may have left something behind at a backend, under the signal's name.
    if (this.#failure === undefined) {
      const { controllers } = this.session;
      if (this.#abort !== undefined) controllers.giveBack(this.#abort);
      if (this.#stop !== undefined) controllers.giveBack(this.#stop);
    }
    this.holds.end();
    for (const { record } of this.maps.splice(0)) record.leave();
    for (const { record } of this.written.values()) record.leave();
    this.written.clear();
  }
}
