import type { ProgramParams } from '../build/program.ts';
import type { Program } from '../ir/program.ts';
import { SluiceError } from '../diagnostics/error.ts';
import { takesDirect, throughPageCache } from '../plan/place-transfer.ts';
import { bound } from '../plan/placement.ts';
import type { BoundFile, BoundPlacement } from '../plan/placement.ts';
import type { Plan } from '../plan/plan.ts';
import type { OpenFile, Outcome, Rights } from '../registry/backend.ts';
import type { Executable, Report, RunArgs, RunOptions, RunResults } from './api.ts';
import { Parameters } from './arguments.ts';
import type { Argument, Known } from './arguments.ts';
import type { CacheUse } from './compile-cache.ts';
import type { Buffers } from './device-buffer.ts';
import { Execution } from './execution.ts';
import type { BoundGrant } from './execution.ts';
import type { GrantRecord } from './grants.ts';
import { thrown } from './faults.ts';
import { refuseTruncated } from './map-step.ts';
import { Handle, staleHandle } from './memory.ts';
import { onAbort } from './on-abort.ts';
import { FUNCTION, SIGNAL, TIMELINE, checkOptions } from './options.ts';
import type { OptionKind } from './options.ts';
import type { SessionState } from './state.ts';
import type { Exit, RegionStep } from './step.ts';
import type { StreamedFiles } from './stream/written.ts';
import { Tracer } from './trace/tracer.ts';
import { writeError } from './transfer-step.ts';
import { withWritten } from './written-file.ts';

const RUN_OPTIONS: Readonly<Record<keyof RunOptions, OptionKind>> = { signal: SIGNAL, onProgress: FUNCTION, trace: TIMELINE };
const NO_OPTIONS: RunOptions = {};

/** The session as a compiled program sees it. */
export interface Host extends SessionState, Known {
  readonly buffers: Buffers;
  /** Runs that have begun and not ended; closing the session aborts them and waits for them. */
  readonly runs: Set<Execution>;
  /** Aborted when the session closes, with the reason for what is under way. */
  readonly ended: AbortSignal;
  refuseClosed(): void;
}

/** What one application holds of a compiled program. */
interface Holder {
  closed: boolean;
}

export interface Ran {
  readonly results: Readonly<Record<string, unknown>> | undefined;
  readonly report: Report;
}

/** How the body of a run ended, though what it issued may be in flight. */
interface Issued {
  readonly exit: Exit;
  readonly placement: BoundPlacement;
}

/** The granted files of a run, open on every backend that the plan uses. */
interface Bound {
  readonly grants: ReadonlyMap<number, BoundGrant>;
  readonly placement: BoundPlacement;
}

/** A program that was verified, placed and lowered in a session. Runs many times, also at once. */
export class CompiledProgram {
  readonly #host: Host;
  readonly #plan: Plan;
  readonly #body: RegionStep;
  readonly #cache: CacheUse | undefined;
  readonly #parameters: Parameters;
  /** Backends that files are opened on. */
  readonly #carriers: readonly string[];
  /** What a run without files is bound to. */
  readonly #noFiles: Bound;

  constructor(host: Host, plan: Plan, body: RegionStep, cache: CacheUse | undefined) {
    this.#host = host;
    this.#plan = plan;
    this.#body = body;
    this.#cache = cache;
    this.#parameters = new Parameters(plan.program, plan.space);
    this.#carriers = [...new Set([...plan.storage.values()].map((s) => s.candidate.backend.id))];
    this.#noFiles = { grants: new Map(), placement: bound(plan.placement, []) };
  }

  /** What the application holds; closing it ends the runs that it started and no others. */
  executable<P extends ProgramParams, R>(): Executable<P, R> {
    const { placement } = this.#plan;
    const holder: Holder = { closed: false };
    const close = async () => {
      holder.closed = true;
      const own = [...this.#host.runs].filter((run) => run.holder === holder);
      for (const run of own) run.abort(closedError());
      await Promise.allSettled(own.map((run) => run.over));
    };
    return {
      placement,
      ...(this.#cache === undefined ? {} : { cache: this.#cache }),
      bind: async (args: RunArgs<P>) => {
        this.#refuseClosed(holder);
        return (await this.#host.track(this.#bind(this.#parameters.check(args, this.#host)))).placement;
      },
      run: (args: RunArgs<P>, options?: RunOptions) => this.#run(holder, args, options) as Promise<{ results: RunResults<R>; report: Report }>,
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  #refuseClosed(holder: Holder): void {
    if (holder.closed) throw closedError();
    this.#host.refuseClosed();
  }

  get program(): Program {
    return this.#plan.program;
  }

  /** Rejects for what is wrong with the arguments too. */
  #run(holder: Holder, args: unknown, options: RunOptions = NO_OPTIONS): Promise<Ran> {
    try {
      this.#refuseClosed(holder);
      if (options !== NO_OPTIONS) checkOptions('run()', options, RUN_OPTIONS);
      options.signal?.throwIfAborted();
      return this.start(holder, args, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Starts a run, which is in `runs` of the host until it ends. What it writes is made durable before that, or handed to
   * `files`, which is to do that. Throws for what is wrong with the arguments.
   */
  start(holder: object, args: unknown, { signal, onProgress, trace }: RunOptions, files?: StreamedFiles): Promise<Ran> {
    const given = this.#parameters.check(args, this.#host);
    const run = new Execution(this.#host, this.#plan, holder, onProgress, Tracer.for(trace ?? this.#host.timeline));
    const ran = this.#carryOut(run, given, signal, files);
    run.over = ran;
    return ran;
  }

  async #carryOut(run: Execution, args: readonly Argument[], signal: AbortSignal | undefined, files: StreamedFiles | undefined): Promise<Ran> {
    const { budget, runs } = this.#host;
    const started = performance.now();
    const disregard = signal === undefined ? undefined : onAbort(signal, () => run.abort(signal.reason));
    const ended = run.tracer?.begin('run', this.#plan.program.name);
    runs.add(run);
    budget.began();
    try {
      const issued = this.#issue(run, args);
      const { exit, placement } = issued instanceof Promise ? await issued : issued;
      if (run.busy) await run.drained();
      const settled = run.failure === undefined ? this.#settled(run) : undefined;
      if (settled !== undefined) await settled;
      if (run.failure === undefined && run.maps.length > 0) await refuseTruncated(run);
      if (run.failure === undefined && run.written.size > 0 && this.#host.durability === 'run') await (files === undefined ? makeDurable(run) : files.take(run));
      run.check();
      const { direct, buffered, bounced, read, written } = run.bytes;
      const { transfers, launches } = run;
      // Results go to the caller last: nothing may fail behind them.
      const results = this.#results(run, exit);
      return { results, report: { seconds: (performance.now() - started) / 1000, bytes: { direct, buffered, bounced, read, written }, transfers, launches, placement } };
    } catch (error) {
      run.fail(error);
      await run.drained();
      ended?.({}, run.failure?.error);
      throw run.failedByCaller ? run.failure?.error : withWritten(run.failure?.error, run.written.values());
    } finally {
      ended?.();
      disregard?.();
      run.end();
      budget.ended();
      runs.delete(run);
    }
  }

  /** Waits for launches and copies that the device has taken over; rejects with what failed of them. */
  #settled(run: Execution): Promise<void> | undefined {
    const backend = this.#plan.compute?.backend.id;
    const compute = backend === undefined ? undefined : this.#host.device(backend)?.compute;
    if (backend === undefined || compute?.settled === undefined) return undefined;
    const { signal } = run;
    const settled = run.unlessAborted((resolve, reject) => {
      try {
        compute.settled?.(signal).then(resolve, (cause: unknown) => reject(thrown(backend, 'settled', signal, cause)));
      } catch (cause) {
        reject(thrown(backend, 'settled', signal, cause));
      }
    });
    return run.tracer === undefined ? settled : run.tracer.wait('device', settled);
  }

  /** Opens what the run was given, and issues the ops of the body: at once, as far as nothing has to be waited for. */
  #issue(run: Execution, args: readonly Argument[]): Issued | Promise<Issued> {
    // Before anything is waited for: the caller may close its buffers when `run` has been called.
    for (const arg of args) if (arg.kind === 'buffer') run.holds.hold(arg.handle);
    const values: unknown[] = [];
    for (const arg of args) {
      if (arg.kind === 'grant' || arg.kind === 'bytes') return this.#issueBound(run, args);
      values.push(valueOf(arg));
    }
    return this.#issued(run, this.#noFiles, values);
  }

  async #issueBound(run: Execution, args: readonly Argument[]): Promise<Issued> {
    const bound = run.tracer?.begin('step', 'bind');
    const opened = await this.#bind(args).finally(() => bound?.());
    run.check();
    const values: unknown[] = [];
    for (const arg of args) values.push(arg.kind === 'bytes' ? await this.#uploaded(run, arg.bytes) : valueOf(arg));
    return this.#issued(run, opened, values);
  }

  #issued(run: Execution, { grants, placement }: Bound, values: readonly unknown[]): Issued | Promise<Issued> {
    run.grants = grants;
    const exit = this.#body(run, values);
    return exit instanceof Promise ? exit.then((e) => ({ exit: e, placement })) : { exit, placement };
  }

  async #uploaded(run: Execution, bytes: ArrayBufferView | ArrayBuffer): Promise<Handle> {
    const { base } = await this.#host.buffers.upload(bytes, this.#plan.space, run.stopped);
    run.holds.adopt(base);
    return new Handle(base, 'parameter');
  }

  /** Opens the granted files on every backend that the plan uses, which fixes their paths. */
  async #bind(args: readonly Argument[]): Promise<Bound> {
    const files: BoundFile[] = [];
    const grants = new Map<number, BoundGrant>();
    const backends = this.#carriers;
    for (const arg of args) {
      if (arg.kind !== 'grant') continue;
      const { record, param } = arg;
      const opened = await this.#open(record, backends);
      for (const [backend, { via, viaReason }] of opened) {
        if (backends.includes(backend)) files.push({ param: param.name, file: record.name, backend, ...this.#wayOf(backend, { via, reason: viaReason }) });
      }
      // A file that is passed twice may be used as either parameter says.
      const rights = joined(arg.rights, grants.get(record.fd)?.rights);
      grants.set(record.fd, { record, rights, files: opened });
    }
    return { grants, placement: bound(this.#plan.placement, files) };
  }

  /** The way of a file's transfers: that of the file, unless the memory that the backend fills takes no direct I/O. */
  #wayOf(backend: string, way: Pick<BoundFile, 'via' | 'reason'>): Pick<BoundFile, 'via' | 'reason'> {
    const windowed = [...this.#plan.storage.values()].some((s) => s.candidate.backend.id === backend && s.candidate.capabilities !== undefined && !takesDirect(s.space, s.candidate.capabilities, this.#host.registry));
    const { via = way.via, reason = way.reason } = windowed ? throughPageCache({ how: 'native', ...way }) : way;
    return { via, reason };
  }

  async #open(record: GrantRecord, backends: readonly string[]): Promise<ReadonlyMap<string, OpenFile>> {
    // A program that only asks for sizes: any backend that has the file answers.
    if (backends.length === 0) return new Map(await record.opened());
    const opened = new Map<string, OpenFile>();
    for (const backend of backends) {
      const storage = this.#host.device(backend)?.storage;
      if (storage !== undefined) opened.set(backend, await record.open(backend, storage));
    }
    return opened;
  }

  #results(run: Execution, exit: Exit): Ran['results'] {
    const { results } = this.#plan.program;
    if (results.length === 0) return undefined;
    for (const [i, r] of results.entries()) {
      const value = exit.values[i];
      if (value instanceof Handle && !value.live) throw staleHandle(`result \`${r.name}\``);
    }
    return Object.fromEntries(results.map((r, i) => {
      const value = exit.values[i];
      if (!(value instanceof Handle)) return [r.name, value];
      run.holds.disown(value.base);
      return [r.name, this.#host.buffers.give(value)];
    }));
  }
}

function closedError(): SluiceError {
  return new SluiceError({ code: 'session/closed', message: 'the executable is closed', fix: 'compile the program again: the work is cached' });
}

/** An argument as a value of the body; a handle with the hold that the run has on it. */
function valueOf(arg: Exclude<Argument, { kind: 'bytes' }>): unknown {
  switch (arg.kind) {
    case 'grant':
      return arg.record.fd;
    case 'scalar':
      return arg.value;
    case 'buffer':
      return new Handle(arg.handle.base, 'parameter', arg.handle.offset, arg.handle.byteLength);
  }
}

function joined(a: Rights, b: Rights | undefined): Rights {
  return b === undefined || a === b ? a : 'rw';
}

/** One sync for each written file. */
async function makeDurable(run: Execution): Promise<void> {
  await Promise.all([...run.written.values()].map(async (written) => {
    const synced = written.syncing();
    const outcome = await new Promise<Outcome>((resolve) => run.submit(written.carrier, { kind: 'sync', file: written.file }, resolve));
    if (outcome.ok) synced();
    else run.fail(writeError(outcome.error, written.prefix.written, 0));
  }));
}
