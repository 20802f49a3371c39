import type { AnyValue, TyOf } from '../build/types.ts';
import type { FdParam, Program, ProgramParams } from '../build/program.ts';
import type { Create, FileSource, Rights } from '../registry/backend.ts';
import type { Mask } from '../registry/capabilities.ts';
import type { SluiceError } from '../diagnostics/error.ts';
import type { Registry } from '../registry/registry.ts';
import type { CacheUse, CompileCache } from './compile-cache.ts';
import type { BoundPlacement, Placement } from '../plan/placement.ts';
import type { ResultStream, StreamArgs, StreamOptions } from './stream/api.ts';
import type { Timeline } from './trace/timeline.ts';

export interface SessionOptions {
  /** The backends that may be used, in order of preference; no other one ever is. Absent: all imported ones by rank, but not the reference. */
  readonly backends?: readonly string[];
  /** Absent: what the imported plugins registered. */
  readonly registry?: Registry;
  /** The memory space of device buffers in programs that launch nothing; absent: `host` where storage reaches it, else where it does. */
  readonly space?: string;
  /** Refuse programs whose transfers the CPU would copy. */
  readonly strict?: boolean;
  /** Bytes of device memory that the session may hold at once; 4 GiB if absent. */
  readonly memory?: number;
  /** Iterations of a host loop in flight; 4 if absent. */
  readonly window?: number;
  /** When written files are made durable: once for each file before a run resolves (`run`), with every write (`op`), or never. */
  readonly durability?: 'run' | 'op' | 'none';
  /** Capability cells to switch off, by backend id; for tests. */
  readonly masks?: Readonly<Record<string, Mask>>;
  /** Passes to run on every program before it is planned, in this order; absent: `defaultPasses` of core. */
  readonly passes?: readonly string[];
  /** Collects what the runs of the session do. */
  readonly trace?: Timeline;
  /** Where verified, optimized and lowered forms are kept for later sessions; `@sluice/fs/cache` has one on disk. Absent: nowhere. */
  readonly cache?: CompileCache;
  readonly signal?: AbortSignal;
}

export interface GrantOptions {
  /** `r` if absent. */
  readonly rights?: Rights;
  /** The window that the program sees starts here, in bytes; 0 if absent. */
  readonly offset?: bigint | number;
  /** Bytes of the window; absent: to the end of the file, and beyond it for writing. */
  readonly length?: bigint | number;
  /** `no` if absent: the file must exist. */
  readonly create?: Create;
  readonly signal?: AbortSignal;
}

/** A file with rights and a range, for the programs that it is passed to. */
export interface Grant extends AsyncDisposable {
  readonly '~grant': 1;
  /** The number that programs know it by; never reused in a process. */
  readonly fd: number;
  readonly name: string;
  readonly rights: Rights;
  /** Bytes of the window when it was granted. */
  readonly byteLength: bigint;
  /**
   * No transfer starts any more; resolves when those that had begun are done and the file is closed. What a run wrote
   * and has to make durable keeps the file open until that run ends.
   */
  revoke(): Promise<void>;
  /** The same. */
  close(): Promise<void>;
}

/** A device buffer that belongs to the caller. */
export interface DeviceBuffer extends AsyncDisposable {
  readonly '~buffer': 1;
  readonly byteLength: bigint;
  readonly space: string;
  /** A copy of the bytes, when everything that writes them is done. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives the memory back when the ops that use it are done. */
  close(): Promise<void>;
}

type HostArg<P> = P extends FdParam
  ? Grant
  : P extends 'i64' | 'u64'
    ? bigint | number
    : P extends 'i32' | 'u32' | 'f16' | 'f32'
      ? number
      : P extends 'bool'
        ? boolean
        : DeviceBuffer | ArrayBufferView | ArrayBuffer;
/** What a run takes: a grant, a number, or a buffer for each parameter. */
export type RunArgs<P extends ProgramParams> = { readonly [K in keyof P]: HostArg<P[K]> };

type HostResult<V> = TyOf<V> extends 'i64' | 'u64' ? bigint : TyOf<V> extends 'bool' ? boolean : TyOf<V> extends 'GpuBufferHandle' ? DeviceBuffer : number;
/** What a run gives: numbers (bigint for 64 bits), booleans, device buffers. */
export type RunResults<R> = R extends Readonly<Record<string, AnyValue>> ? { readonly [K in keyof R]: HostResult<R[K]> } : undefined;

export interface Progress {
  /** Id of the op whose transfer has moved on. */
  readonly op: string;
  /** Bytes that transfers of this run have moved so far. */
  readonly done: bigint;
  /** Bytes of all transfers that have been issued so far. */
  readonly total: bigint;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Progress) => void;
  /** Collects what the run does, in place of the session's timeline. */
  readonly trace?: Timeline | undefined;
}

export interface Report {
  readonly seconds: number;
  /** `direct` and `buffered` (through the page cache) went straight to their place; `bounced` were copied by the CPU on the way. */
  readonly bytes: { readonly direct: bigint; readonly buffered: bigint; readonly bounced: bigint; readonly read: bigint; readonly written: bigint };
  readonly transfers: number;
  readonly launches: number;
  readonly placement: BoundPlacement;
}

export interface Executable<P extends ProgramParams = ProgramParams, R = unknown> extends AsyncDisposable {
  readonly placement: Placement;
  /** What the session's cache had for the program; absent without one. */
  readonly cache?: CacheUse;
  /** Opens the grants and fixes a path for each, before any byte moves. */
  bind(args: RunArgs<P>): Promise<BoundPlacement>;
  /** Runs the program; runs may overlap. Rejects with a SluiceError, or with the signal's own reason. */
  run(args: RunArgs<P>, options?: RunOptions): Promise<{ readonly results: RunResults<R>; readonly report: Report }>;
  /** Ends the runs that were started here: they reject with `session/closed`. */
  close(): Promise<void>;
}

export interface Session extends AsyncDisposable {
  readonly registry: Registry;
  /** What is odd about the registry: lowerings for ops or backends that are not there, plugins replaced by hot reload. */
  readonly warnings: readonly SluiceError[];
  /**
   * Opens a file for programs.
   * @throws SluiceError `grant/range`, `session/no-storage` and the `io/` codes of opening
   */
  grant(source: FileSource, options?: GrantOptions): Promise<Grant>;
  /**
   * A device buffer with a copy of `data`, in the memory of the first compute backend that is available, or in `space`:
   * programs with no kernels work in `host`.
   * @throws SluiceError `mem/too-large`, `mem/budget`, `plan/no-path`
   */
  buffer(data: ArrayBufferView | ArrayBuffer, options?: { readonly space?: string }): Promise<DeviceBuffer>;
  /**
   * Verifies, plans and lowers; the same program again gives the work done before.
   * @throws SluiceError `verify/invalid`, `plan/not-runnable` with all problems
   */
  compile<P extends ProgramParams, R>(program: Program<P, R>, options?: { readonly signal?: AbortSignal }): Promise<Executable<P, R>>;
  /**
   * Runs a program on chunk after chunk of a file, of a number of bytes, or of bytes that come from elsewhere, with several
   * chunks under way; gives the results in order, as they are asked for. Files that it writes are made durable when it ends.
   * @throws SluiceError `session/option`, `session/closed`; the rest where the results are awaited
   */
  stream<P extends ProgramParams, R, const O extends StreamOptions>(program: Program<P, R>, args: StreamArgs<P, O>, options: O): ResultStream<R>;
  /** Ends all runs, which reject with `session/closed`, revokes the grants, takes back device buffers, closes the devices. */
  close(): Promise<void>;
}

