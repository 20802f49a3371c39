import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The addon; see `native/binding`. */
export interface Native {
  /** Sets up a ring, makes a round trip and takes it down. Stage `none`: it works; else the call that failed, and its errno. */
  probe(): { readonly stage: Stage; readonly errno: number };
  inspect(fd: number): Inspection;
  /** `completed` is called when there are `count` rows of `COMPLETION` numbers in `completions`. */
  readonly Ring: new (completed: (count: number) => void, completions: Float64Array) => Ring;
}

export type Stage = 'none' | 'setup' | 'map' | 'probe' | 'enter' | 'wake' | 'thread';

/** What one file's direct transfers need, and how much of it is in the page cache: 0 to 1, or -1 for unknown. */
export interface Inspection {
  readonly memoryAlign: number;
  readonly offsetAlign: number;
  readonly alignmentKnown: boolean;
  readonly directSupported: boolean;
  readonly resident: number;
}

/** What `map` gives; without memory only `errno`. */
export interface MappedSlab {
  readonly errno: number;
  readonly slab: number;
  readonly buffer: ArrayBuffer;
  readonly pages: 'hugetlb' | 'transparent' | 'small';
  /** The errno of registering it with the ring, or 0. */
  readonly registration: number;
}

/**
 * One ring, and the thread that owns it. Everything returns at once, except `close`, which waits for the kernel. The process
 * stays alive until every transfer has completed.
 */
export interface Ring {
  /** Maps and faults in `bytes`, of which the buffer shows at most `visible`. */
  map(bytes: number, visible: number): MappedSlab;
  /** Detaches `buffer`; the memory goes when no transfer uses it any more. */
  unmap(slab: number, buffer: ArrayBuffer): void;
  openFile(buffered: number, direct: number, readable: boolean, writable: boolean): { readonly errno: number; readonly file: number };
  /** Bytes, or a negative errno. */
  sizeOfFile(file: number): bigint;
  /** Gives an errno or 0. */
  closeFile(file: number): number;
  /** The first `count` rows of `ROW` numbers; see `native/binding/ring_object.cc`. All of them start, or it throws. */
  submit(group: number, rows: Float64Array, count: number, foreign: readonly ArrayBuffer[]): void;
  /** One row, whose memory the pieces fill one after the other. */
  gather(group: number, row: Float64Array, foreign: readonly ArrayBuffer[], offsets: BigUint64Array, lengths: BigUint64Array): void;
  cancel(group: number): void;
  state(): RingState;
  close(): void;
}

export interface RingState {
  /** The errno that made the ring unusable, or 0. */
  readonly broken: number;
  readonly setupFlags: number;
  /** Calls into the kernel, requests, and those of them on registered memory. */
  readonly enters: number;
  readonly requests: number;
  readonly registered: number;
}

/** Numbers of a row that `submit` takes, and of one that the callback is given. */
export const ROW = 12;
export const COMPLETION = 5;
/** In a completion, in place of an errno. */
export const END_OF_FILE = -1;

export type Loaded = { readonly native: Native } | { readonly reason: string; readonly fix: string };

const elsewhere = "use '@sluice/fs', which runs anywhere";
let loaded: Loaded | undefined;

/** The addon, or why this machine has none. */
export function loadNative(): Loaded {
  loaded ??= load();
  return loaded;
}

function load(): Loaded {
  const { platform, arch } = process;
  if (platform !== 'linux') return { reason: `io_uring is Linux's, and this is ${platform}`, fix: elsewhere };
  // From `src` and from `dist` alike.
  const path = fileURLToPath(new URL(`../native/prebuilds/${platform}-${arch}/io-uring.node`, import.meta.url));
  if (!existsSync(path)) {
    return { reason: `@sluice/io-uring has no binary for ${platform}-${arch} (no ${path})`, fix: `${elsewhere}; in the workspace, install g++ and make and run the build:native task; where a bundler moved this code, leave the package out of the bundle` };
  }
  try {
    return { native: createRequire(import.meta.url)(path) as Native };
  } catch (cause) {
    return { reason: `the binary of @sluice/io-uring does not load: ${cause instanceof Error ? cause.message : String(cause)}`, fix: `it needs glibc 2.28 or later; else ${elsewhere}` };
  }
}
