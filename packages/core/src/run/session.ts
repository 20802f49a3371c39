import type { Program, ProgramParams } from '../build/program.ts';
import { SluiceError, combine, isSluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';
import type { Program as ProgramIr } from '../ir/program.ts';
import { candidates } from '../plan/candidates.ts';
import type { Candidate } from '../plan/candidates.ts';
import type { Allocator, Device, FileSource } from '../registry/backend.ts';
import { oneError } from '../registry/contribution.ts';
import type { Registry } from '../registry/registry.ts';
import { verified } from '../verify/verify.ts';
import type { DeviceBuffer, Executable, Grant, GrantOptions, Session, SessionOptions } from './api.ts';
import { MemoryBudget } from './budget.ts';
import { compileProgram } from './compile.ts';
import { Controllers } from './controllers.ts';
import { Buffers } from './device-buffer.ts';
import { Devices } from './devices.ts';
import { CompiledProgram } from './executable.ts';
import type { Host } from './executable.ts';
import type { Execution } from './execution.ts';
import { messageOf } from './faults.ts';
import { checkSource, grantWindow } from './grant-window.ts';
import type { GrantRecord } from './grants.ts';
import type { Handle } from './memory.ts';
import { onAbort, unlessAborted } from './on-abort.ts';
import { SIGNAL, STRING, checkOptions } from './options.ts';
import type { FileOrder } from './order.ts';
import { Grants } from './session-grants.ts';
import { checkSessionOptions } from './session-options.ts';
import type { CheckedOptions } from './session-options.ts';
import type { ResultStream, StreamArgs, StreamOptions } from './stream/api.ts';
import { chunksFor } from './stream/options.ts';
import { ProgramStream } from './stream/result-stream.ts';
import type { Timeline } from './trace/timeline.ts';
import { Turns } from './turns.ts';

/**
 * Probes the allowed backends and opens a session on them. It keeps the registry snapshot that it starts with.
 * Rejects with the reason of `signal` as soon as that is aborted, whatever a backend does.
 * @throws SluiceError `registry/clash` and the other registry codes for plugins that were rejected; `plan/unknown-backend`; `session/option`
 */
export async function session(options: SessionOptions = {}): Promise<Session> {
  const checked = checkSessionOptions(options);
  const { registry, backends, masks, signal } = checked;
  if (registry.rejected.length > 0) throw oneError(registry.rejected.map((r) => r.error));
  signal?.throwIfAborted();
  const found = await unlessAborted(candidates(registry, backends, masks), signal);
  signal?.throwIfAborted();
  return new OpenSession(found, checked);
}

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

class OpenSession implements Session, Host {
  readonly registry: Registry;
  readonly warnings: readonly SluiceError[];
  readonly budget: MemoryBudget;
  readonly turns = new Turns();
  readonly controllers = new Controllers();
  readonly window: number;
  readonly durability: 'run' | 'op' | 'none';
  readonly timeline: Timeline | undefined;
  readonly buffers: Buffers;
  readonly #candidates: readonly Candidate[];
  readonly #options: CheckedOptions;
  readonly #devices: Devices;
  readonly #grants = new Grants();
  readonly #compiled = new WeakMap<ProgramIr, Promise<CompiledProgram>>();
  readonly runs = new Set<Execution>();
  /** Calls that closing waits for, beside runs. */
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #disregard: () => void;
  readonly #ended = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(found: readonly Candidate[], options: CheckedOptions) {
    const { registry, memory, window, durability, trace, signal } = options;
    this.registry = registry;
    this.warnings = [...registry.warnings, ...registry.dangling];
    this.budget = new MemoryBudget(memory);
    this.window = window;
    this.durability = durability;
    this.timeline = trace;
    this.buffers = new Buffers(this);
    this.#candidates = found;
    this.#options = options;
    this.#devices = new Devices(registry, options);
    this.#disregard = onAbort(signal, () => void this.#end(signal?.reason).catch(() => {}));
  }

  async grant(source: FileSource, options: GrantOptions = {}): Promise<Grant> {
    this.refuseClosed();
    checkSource(source);
    const window = grantWindow(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const granting = this.#grants.open(source, window, signal, { storage: () => this.#firstStorage(), refuseClosed: () => this.refuseClosed() });
    // A backend that still opens the file when the session is aborted is not waited for: the file is closed then.
    return this.track(unlessAborted(granting, this.#options.signal));
  }

  grantRecord(granted: unknown): GrantRecord | undefined {
    return this.#grants.record(granted);
  }

  async buffer(data: ArrayBufferView | ArrayBuffer, options: { readonly space?: string } = {}): Promise<DeviceBuffer> {
    this.refuseClosed();
    checkOptions('buffer()', options, { space: STRING });
    if (!ArrayBuffer.isView(data) && !(data instanceof ArrayBuffer)) throw new SluiceError({ code: 'run/argument', message: `the bytes of a device buffer are ${inWords(data)}`, fix: 'pass a typed array or an ArrayBuffer' });
    return this.track(this.#buffer(data, options.space));
  }

  async #buffer(data: ArrayBufferView | ArrayBuffer, space: string | undefined): Promise<DeviceBuffer> {
    this.budget.began();
    try {
      const handle = await this.buffers.upload(data, space ?? (await this.#preferredSpace()));
      if (this.#closing === undefined) return this.buffers.give(handle);
      handle.base.drop();
      throw closedError();
    } finally {
      this.budget.ended();
    }
  }

  /** The space of the compute backend that programs are most likely to run on. */
  async #preferredSpace(): Promise<string> {
    const first = this.#candidates.find((c) => c.backend.role === 'compute' && c.capabilities !== undefined);
    if (first === undefined) return 'host';
    // Storage may bring the memory of that space: what is allocated now should lie in its pool.
    await Promise.all(this.#candidates.filter((c) => c.capabilities?.spaces.includes(first.capabilities?.spaces[0] ?? '') === true).map((c) => this.#devices.open(c)));
    return first.capabilities?.spaces[0] ?? 'host';
  }

  bufferHandle(object: object): Handle {
    return this.buffers.resolve(object);
  }

  async compile<P extends ProgramParams, R>(program: Program<P, R>, options: { readonly signal?: AbortSignal } = {}): Promise<Executable<P, R>> {
    this.refuseClosed();
    checkOptions('compile()', options, { signal: SIGNAL });
    const { signal } = options;
    signal?.throwIfAborted();
    if (typeof program !== 'object' || program === null) verified(program, this.registry);
    const made = await unlessAborted(this.#compiledOnce(program), signal);
    this.refuseClosed();
    return made.executable<P, R>();
  }

  #compiledOnce(program: ProgramIr): Promise<CompiledProgram> {
    let compiled = this.#compiled.get(program);
    if (compiled === undefined) {
      compiled = this.track(this.#compile(program));
      this.#compiled.set(program, compiled);
      compiled.catch(() => this.#compiled.delete(program));
    }
    return compiled;
  }

  stream<P extends ProgramParams, R, const O extends StreamOptions>(program: Program<P, R>, args: StreamArgs<P, O>, options: O): ResultStream<R> {
    this.refuseClosed();
    if (typeof program !== 'object' || program === null) verified(program, this.registry);
    const chunks = chunksFor(options, (granted) => this.grantRecord(granted));
    return new ProgramStream<R>(this, () => this.#compiledOnce(program), args, chunks, options);
  }

  async #compile(source: ProgramIr): Promise<CompiledProgram> {
    const { plan, body, cache } = await compileProgram(source, { ...this.#options, candidates: this.#candidates, devices: this.#devices });
    return new CompiledProgram(this, plan, body, cache);
  }

  async #firstStorage(): Promise<Device> {
    const able = this.#candidates.filter((c) => c.backend.role === 'storage');
    const first = able.find((c) => c.capabilities !== undefined);
    if (first !== undefined) return this.#devices.open(first);
    const tried = able.flatMap((c) => (c.probe.available ? [] : [{ backend: c.backend.id, reason: c.probe.reason }]));
    throw new SluiceError({
      code: 'session/no-storage',
      message: tried.length === 0 ? 'the session has no storage backend that could open a file' : `no storage backend can run here: ${tried.map((t) => `${t.backend}: ${t.reason}`).join('; ')}`,
      fix: "import '@sluice/fs' (anywhere) or '@sluice/io-uring' (Linux), and name it in `backends` if you give a list",
      details: { tried },
    });
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  device(backend: string): Device | undefined {
    return this.#devices.get(backend);
  }

  allocator(space: string): Allocator {
    return this.#devices.allocator(space);
  }

  spaceTransfer(from: string, to: string) {
    return this.#devices.transfer(from, to);
  }

  fileOrder(identity: string): FileOrder {
    return this.#grants.order(identity);
  }

  track<T>(done: Promise<T>): Promise<T> {
    this.#underWay.add(done);
    const over = () => void this.#underWay.delete(done);
    done.then(over, over);
    return done;
  }

  refuseClosed(): void {
    if (this.#closing !== undefined) throw closedError();
  }

  close(): Promise<void> {
    return this.#end(closedError());
  }

  /** Runs in flight reject with `reason`. */
  #end(reason: unknown): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: unknown): Promise<void> {
    this.#disregard();
    // What is under way ends first: nothing below may touch memory or files that a device still uses.
    this.#ended.abort(reason);
    for (const run of this.runs) run.abort(reason);
    while (this.#underWay.size + this.runs.size > 0) await Promise.allSettled([...this.#underWay, ...[...this.runs].map((run) => run.over)]);
    const revoked = await this.#grants.revokeAll();
    this.buffers.closeAll();
    const failed = [...revoked, ...this.budget.faults, ...(await this.#devices.close())];
    if (failed.length > 0) throw closeFailed(failed);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [INSPECT](): string {
    return `Session on ${this.#candidates.map((c) => c.backend.id).join(', ') || 'no backends'}: ${this.#grants.size} grants, ${this.runs.size} runs, ${this.budget.used} of ${this.budget.limit} bytes held`;
  }

  toJSON(): unknown {
    return { backends: this.#candidates.map((c) => c.backend.id), open: this.#devices.ids, grants: this.#grants.size, runs: this.runs.size, memory: { used: this.budget.used, limit: this.budget.limit } };
  }
}

function closedError(): SluiceError {
  return new SluiceError({ code: 'session/closed', message: 'the session is closed', fix: 'open another session' });
}

function closeFailed(causes: readonly unknown[]): SluiceError {
  const problems = causes.map((cause) => (isSluiceError(cause) ? cause : new SluiceError({ code: 'session/close-failed', message: `closing failed: ${messageOf(cause)}`, fix: 'see the cause', cause })));
  return combine('session/close-failed', `the session is closed, and ${problems.length === 1 ? 'one thing' : `${problems.length} things`} in it could not be closed cleanly: ${problems.map((p) => p.message).join('; ')}`, problems);
}
