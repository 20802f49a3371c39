import type { ProgramParams } from '../build/program.ts';
import { SluiceError } from '../diagnostics/error.ts';
import { takesDirect, throughPageCache } from '../plan/place-transfer.ts';
import { bound } from '../plan/placement.ts';
import type { BoundFile, BoundPlacement } from '../plan/placement.ts';
import type { Plan } from '../plan/plan.ts';
import type { OpenFile, Outcome, Rights } from '../registry/backend.ts';
import type { Executable, Report, RunArgs, RunOptions, RunResults } from './api.ts';
import { checkArguments } from './arguments.ts';
import type { Argument, Known } from './arguments.ts';
import type { Buffers } from './device-buffer.ts';
import { Execution } from './execution.ts';
import { guarded } from './faults.ts';
import type { BoundGrant } from './execution.ts';
import type { GrantRecord } from './grants.ts';
import { refuseTruncated } from './map-step.ts';
import { Handle, staleHandle } from './memory.ts';
import { onAbort, unlessAborted } from './on-abort.ts';
import { FUNCTION, SIGNAL, checkOptions } from './options.ts';
import type { OptionKind } from './options.ts';
import type { SessionState } from './state.ts';
import type { Exit, RegionStep } from './step.ts';
import { writeError } from './transfer-step.ts';
import { withWritten } from './written-file.ts';

const RUN_OPTIONS: Readonly<Record<keyof RunOptions, OptionKind>> = { signal: SIGNAL, onProgress: FUNCTION };

/** The session as a compiled program sees it. */
export interface Host extends SessionState, Known {
  readonly buffers: Buffers;
  refuseClosed(): void;
  /** Makes the session wait for `done` when it closes; a run is aborted then. */
  track<T>(done: Promise<T>, run?: Execution): Promise<T>;
}

interface Ran {
  readonly results: Readonly<Record<string, unknown>> | undefined;
  readonly report: Report;
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

  constructor(host: Host, plan: Plan, body: RegionStep) {
    this.#host = host;
    this.#plan = plan;
    this.#body = body;
  }

  /** What the application holds; closing it ends the runs that it started and no others. */
  executable<P extends ProgramParams, R>(): Executable<P, R> {
    const { placement } = this.#plan;
    const running = new Map<Execution, Promise<unknown>>();
    let closed = false;
    const closedError = () => new SluiceError({ code: 'session/closed', message: 'the executable is closed', fix: 'compile the program again: the work is cached' });
    const refuseClosed = () => {
      if (closed) throw closedError();
      this.#host.refuseClosed();
    };
    const close = async () => {
      closed = true;
      for (const run of running.keys()) run.abort(closedError());
      await Promise.allSettled(running.values());
    };
    return {
      placement,
      bind: async (args: RunArgs<P>) => {
        refuseClosed();
        return (await this.#host.track(this.#bind(this.#check(args)))).placement;
      },
      run: async (args: RunArgs<P>, options: RunOptions = {}) => {
        refuseClosed();
        checkOptions('run()', options, RUN_OPTIONS);
        options.signal?.throwIfAborted();
        const run = new Execution(this.#host, this.#plan, options.onProgress);
        const done = this.#host.track(this.#run(run, this.#check(args), options.signal), run);
        running.set(run, done);
        try {
          return (await done) as { results: RunResults<R>; report: Report };
        } finally {
          running.delete(run);
        }
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  #check(args: unknown): readonly Argument[] {
    return checkArguments(this.#plan.program, this.#plan.space, args, this.#host);
  }

  async #run(run: Execution, args: readonly Argument[], signal: AbortSignal | undefined): Promise<Ran> {
    const { budget } = this.#host;
    const started = performance.now();
    const disregard = onAbort(signal, () => run.abort(signal?.reason));
    budget.began();
    try {
      const { exit, placement } = await this.#issue(run, args);
      await run.drained();
      if (run.failure === undefined) await this.#settled(run);
      if (run.failure === undefined) await refuseTruncated(run);
      if (run.failure === undefined && this.#host.durability === 'run') await makeDurable(run);
      run.check();
      const { direct, buffered, bounced, read, written } = run.bytes;
      const { transfers, launches } = run;
      // Results go to the caller last: nothing may fail behind them.
      const results = this.#results(run, exit);
      return { results, report: { seconds: (performance.now() - started) / 1000, bytes: { direct, buffered, bounced, read, written }, transfers, launches, placement } };
    } catch (error) {
      run.fail(error);
      await run.drained();
      throw run.failedByCaller ? run.failure?.error : withWritten(run.failure?.error, run.written.values());
    } finally {
      disregard();
      run.end();
      budget.ended();
    }
  }

  /** Waits for launches and copies that the device has taken over, and learns what failed of them. */
  async #settled(run: Execution): Promise<void> {
    const backend = this.#plan.compute?.backend.id;
    if (backend === undefined) return;
    const compute = this.#host.device(backend)?.compute;
    try {
      await unlessAborted(guarded(backend, 'settled', run.signal, () => compute?.settled?.(run.signal)), run.signal);
    } catch (error) {
      run.fail(error);
    }
  }

  /** Opens what the run was given, and issues the ops of the body. */
  async #issue(run: Execution, args: readonly Argument[]): Promise<{ exit: Exit; placement: BoundPlacement }> {
    // At once, before anything is waited for: the caller may close its buffers when `run` has been called.
    for (const arg of args) if (arg.kind === 'buffer') run.holds.hold(arg.handle);
    const { grants, placement } = await this.#bind(args);
    run.check();
    run.grants = grants;
    const values: unknown[] = [];
    for (const arg of args) values.push(await this.#valueOf(run, arg));
    return { exit: await this.#body(run, values), placement };
  }

  /** An argument as a value of the body; a handle with a hold. */
  async #valueOf(run: Execution, arg: Argument): Promise<unknown> {
    switch (arg.kind) {
      case 'grant':
        return arg.record.fd;
      case 'scalar':
        return arg.value;
      case 'buffer':
        return new Handle(arg.handle.base, 'parameter', arg.handle.offset, arg.handle.byteLength);
      case 'bytes': {
        const { base } = await this.#host.buffers.upload(arg.bytes, this.#plan.space, run.stopped);
        run.holds.adopt(base);
        return new Handle(base, 'parameter');
      }
    }
  }

  /** Opens the granted files on every backend that the plan uses, which fixes their paths. */
  async #bind(args: readonly Argument[]): Promise<Bound> {
    const files: BoundFile[] = [];
    const grants = new Map<number, BoundGrant>();
    const backends = [...new Set([...this.#plan.storage.values()].map((s) => s.candidate.backend.id))];
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
