import type { SluiceError } from '../diagnostics/error.ts';
import type { ScalarValue } from '../ir/attributes.ts';
import type { Kernel } from '../ir/program.ts';
import type { CompileCache } from '../run/compile-cache.ts';
import type { Capabilities, Mask, Via } from './capabilities.ts';
import type { Slot } from './lowering.ts';
import type { Registry } from './registry.ts';

/** A backend's whole required surface: a record and two methods. */
export interface Backend {
  readonly id: string;
  /** The slot of the lowering tables that it reads. */
  readonly slot: Slot;
  /** `compute` runs kernels, `storage` moves bytes between files and memory. */
  readonly role: 'compute' | 'storage';
  /** Higher is preferred where the application gives no list. */
  readonly rank: number;
  /** True for the reference: used only where the application names it. */
  readonly onlyByName?: boolean;
  /** Cheap; says what the backend can do here, or why it is unavailable. Never throws. */
  probe(): Promise<Probe>;
  /** @throws SluiceError `backend/open-failed` or a code of the plugin */
  open(options: OpenOptions): Promise<Device>;
}

export type Probe =
  | { readonly available: true; readonly capabilities: Capabilities; readonly description: string }
  | { readonly available: false; readonly reason: string; readonly fix: string };

export interface OpenOptions {
  readonly mask?: Mask;
  readonly registry: Registry;
  readonly signal?: AbortSignal | undefined;
}

/** An open backend: owns what it allocates, gives it back in `close`. */
export interface Device {
  readonly backend: string;
  readonly compute?: Compute;
  readonly storage?: Storage;
  /** Memory that this device supplies, each for a space of its own, in place of core's. */
  readonly allocators?: readonly Allocator[];
  close(): Promise<void>;
}

/** A stretch of device memory, or a view of one. */
export interface Memory {
  readonly space: string;
  /** Logical length in bytes; what lies behind it up to a multiple of 16 is padding, and zero. */
  readonly byteLength: number;
  /** Where the CPU can address it: `byteLength` rounded up to 16 bytes and 8-byte aligned; of a view, its own bytes and no more. */
  readonly bytes?: Uint8Array<ArrayBuffer> | undefined;
  /** Of memory that the CPU can address, outside of space `host`: plain pages, which take direct I/O, and how many bytes behind the last one that may fill too. */
  readonly direct?: { readonly slack: number } | undefined;
  /** Of a view: the memory that an allocator gave, and the byte of it at which the view starts. */
  readonly view?: { readonly of: Memory; readonly offset: number };
}

/** Hands out memory of one space. */
export interface Allocator {
  readonly space: string;
  /** Bytes of the largest single allocation. */
  readonly limit: number;
  /** Bytes that are kept for reuse and that `trim` gives back; absent for none. */
  readonly kept?: number;
  /**
   * `zero`: every byte is zero. `any`: the caller overwrites every logical byte; only the padding is zero.
   * @throws SluiceError `mem/too-large`
   */
  allocate(byteLength: number, contents: 'zero' | 'any'): Memory;
  /** Keeps it for reuse. */
  release(memory: Memory): void;
  /** Gives memory that was kept for reuse back to the system: the budget is needed for another size. */
  trim(): void;
  /** Detaches and frees everything, pooled memory too. */
  close(): void;
}

/** A memory space, e.g. `host`. `allocator` makes the default allocator, for spaces that need no device. */
export interface Space {
  readonly id: string;
  readonly summary: string;
  /**
   * The CPU can address all memory of the space: `Memory.bytes` is always there, or, in a space that a transfer leads into,
   * as soon as a copy into it has ended. What fills memory of space `host` fills this too, and goes through the page cache
   * for it, unless its memory says otherwise (`Memory.direct`): a device's own memory may take no other reads.
   */
  readonly addressable?: boolean;
  /** All memory of the space takes direct I/O: it has `Memory.direct`. */
  readonly direct?: boolean;
  readonly allocator?: () => Allocator;
}

/** A way to move bytes between two spaces; a copy by the CPU is counted as bounced. */
export interface SpaceTransfer {
  readonly from: string;
  readonly to: string;
  readonly how: 'device' | 'cpu';
  /**
   * Copies all of `from` to the start of `to`. Resolves when the bytes are there, or, in memory of a compute with `settled`,
   * as soon as every later launch and copy comes behind it; a copy into a space that the CPU addresses, when it can be read.
   */
  copy(from: Memory, to: Memory, signal: AbortSignal): Promise<void>;
}

/** Runs kernels on the memory of one space. */
export interface Compute {
  readonly space: string;
  /**
   * Lowers and compiles; called once for each kernel of a compiled program. `cache`, if there is one: where forms of
   * kernels may be kept, under any text that says what they depend on beside versions of plugins.
   */
  prepare(kernel: Kernel, options: { readonly registry: Registry; readonly signal?: AbortSignal | undefined; readonly cache?: CompileCache | undefined }): Promise<PreparedKernel>;
  /**
   * For devices that order launches and copies by themselves: resolves when all that was begun with `signal`, which is that
   * of one run, has ended, and rejects with what failed of it. No run resolves before.
   */
  settled?(signal: AbortSignal): Promise<void>;
}

export interface PreparedKernel {
  /**
   * Resolves when the kernel has run or, of a compute that has `settled`, as soon as every later launch and copy comes behind
   * it; where that is so already it gives nothing, and no promise has to be waited for. Rejects with the signal's reason, or a
   * SluiceError of family `run`. The signal may serve a later run when all that this one began has ended.
   */
  launch(launch: Launch, signal: AbortSignal): Promise<void> | void;
}

export interface Launch {
  /** Workgroup counts by dimension, u32; none is 0. */
  readonly groups: readonly [number, number, number];
  /** One for each parameter of the kernel, in order. */
  readonly args: readonly LaunchArg[];
}
export type LaunchArg =
  | { readonly kind: 'scalar'; readonly value: ScalarValue }
  /**
   * `count` elements from `memory` on: bytes past `memory.byteLength` in the last one read as zero. Of a kernel that was made
   * legal, a view starts at an element as its author has it, which may be within one of the kernel's.
   */
  | {
      readonly kind: 'buffer'; readonly memory: Memory; readonly count: number;
      /** Of memory that was allocated with `init: 'none'` and that launches alone have written since: a mark that only this allocation has. */
      readonly unwritten?: object;
    };

export type Rights = 'r' | 'w' | 'rw';
export type Create = 'no' | 'if-missing' | 'truncate';
/** What a storage backend opens: a path or file URL, or an object that it knows (a `File` in a browser). */
export type FileSource = string | URL | object;

/** A file that a storage backend opened. */
export interface OpenFile {
  /** For error messages. */
  readonly name: string;
  /** Equal for the same file opened twice: device and inode. */
  readonly identity: string;
  /** The way that transfers of this file take, and why. */
  readonly via: Via;
  readonly viaReason: string;
  /** Current size in bytes. */
  size(): Promise<bigint>;
  close(): Promise<void>;
}

/** Moves bytes between files and memory. */
export interface Storage {
  /** Spaces whose memory it fills and reads with no CPU copy. */
  readonly spaces: readonly string[];
  /** @throws SluiceError `io/not-found`, `io/permission`, `io/not-a-file`, … */
  open(source: FileSource, options: { readonly rights: Rights; readonly create: Create; readonly signal?: AbortSignal | undefined }): Promise<OpenFile>;
  /**
   * Starts all transfers of the batch; `complete` is called once for each, in any order. On abort it stops starting,
   * cancels what it can, and completes each transfer only when nothing touches its memory any more.
   */
  submit(batch: readonly Transfer[], complete: (index: number, outcome: Outcome) => void, signal: AbortSignal): void;
  /**
   * Maps bytes of a file, at least one, into one of `spaces`: shared and read-only, so that the file's own pages are read.
   * Absent, with `unmap`: it maps nothing. Rejects with a SluiceError.
   */
  map?(file: OpenFile, offset: bigint, byteLength: number, signal: AbortSignal): Promise<Memory>;
  /** Ends a map, which nothing uses any more. */
  unmap?(memory: Memory): void;
}

/** What a lowering makes of an op that maps a file: the granted window of it, whole. */
export interface MapRequest {
  readonly kind: 'map';
  readonly file: OpenFile;
}
/** And of the op that ends a map. */
export interface UnmapRequest {
  readonly kind: 'unmap';
  readonly memory: Memory;
}

/** Stretches of a file, from the transfer's `offset` on: a little-endian u64 for each, in memory that the CPU can address. */
export interface Pieces {
  readonly offsets: Memory;
  /** As many as there are offsets; they add up to the transfer's memory. */
  readonly lengths: Memory;
}

export type Transfer =
  /** Exactly `memory.byteLength` bytes from `offset`, or from the pieces, which fill the memory one after the other. */
  | { readonly kind: 'read'; readonly file: OpenFile; readonly offset: bigint; readonly memory: Memory; readonly pieces?: Pieces }
  | { readonly kind: 'write'; readonly file: OpenFile; readonly offset: bigint; readonly memory: Memory }
  /** Everything written to the file before is on stable storage when it completes. */
  | { readonly kind: 'sync'; readonly file: OpenFile };

export type Outcome =
  | { readonly ok: true; readonly direct: number; readonly buffered: number; readonly bounced: number }
  /** `transferred`: the contiguous prefix that was moved, in bytes. */
  | { readonly ok: false; readonly transferred: number; readonly error: SluiceError };
