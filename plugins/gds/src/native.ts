import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Missing } from '@sluice/cuda/device';

/** The addon; see `native/binding`. */
export interface Native {
  /** Loads libcufile and opens it, once for the process: what a later call asks for in another mode it does not get. */
  load(mode: number, log: string): Loaded;
  /** Works in a context of the driver, given as an address. `completed` is called when there are `count` rows of `COMPLETION` numbers in `completions`. */
  readonly Engine: new (context: bigint, completed: (count: number) => void, completions: Float64Array) => NativeEngine;
}

/** Modes as the addon counts them. */
export const MODES = ['auto', 'compat', 'direct'] as const;
export type Mode = (typeof MODES)[number];

export interface Loaded {
  /** The first thing that is missing. */
  readonly lack: 'none' | 'library' | 'symbol' | 'driver' | 'open';
  /** What the loader says, or the name of what is missing. */
  readonly text: string;
  /** An error of the library, and the driver's beside it. */
  readonly result: number;
  readonly driverResult: number;
  /** 1000 * major + 10 * minor; 0 for unknown. */
  readonly version: number;
  /** The one that it was opened in. */
  readonly mode: number;
  /** Of nvidia-fs; `0.0` where it is not loaded. */
  readonly kernelVersion: string;
  /** A bit for each kind of storage that is supported. */
  readonly status: number;
  readonly control: number;
  readonly features: number;
}

export interface Registration {
  readonly errno: number;
  readonly result: number;
  readonly driverResult: number;
}

/**
 * Threads that call the library. Everything returns at once, except `close`, which waits for calls that are under way. The
 * process stays alive until every transfer has completed.
 */
export interface NativeEngine {
  /** Keeps descriptors of its own; without `file` where the system or the library refuses. */
  openFile(buffered: number, direct: number, readable: boolean, writable: boolean): Registration & { readonly file: number };
  /** Bytes, or a negative errno. */
  sizeOfFile(file: number): bigint;
  /** The engine's own descriptor, through the page cache. */
  descriptorOfFile(file: number): number;
  /** Gives an errno or 0. */
  closeFile(file: number): number;
  registerBuffer(address: bigint, bytes: number): Registration;
  deregisterBuffer(address: bigint): Registration;
  /** The first `count` rows of `ROW` numbers; see `native/binding/engine_object.cc`. All of them start, or it throws. */
  submit(group: number, rows: Float64Array, count: number): void;
  /** No further call is made for the group. */
  cancel(group: number): void;
  close(): void;
}

/** Numbers of a row that `submit` takes, and of one that the callback is given. */
export const ROW = 9;
export const COMPLETION = 7;
/** In a completion, in place of an errno. */
export const END_OF_FILE = -1;

const elsewhere = "use '@sluice/io-uring', which reads into pinned memory of '@sluice/cuda'";
let loaded: { readonly native: Native } | Missing | undefined;

/** The addon, or why this machine has none. */
export function loadNative(): { readonly native: Native } | Missing {
  loaded ??= load();
  return loaded;
}

function load(): { readonly native: Native } | Missing {
  const { platform, arch } = process;
  if (platform !== 'linux') return { reason: `cuFile is for Linux, and this is ${platform}`, fix: "use '@sluice/fs', which runs anywhere" };
  // From `src` and from `dist` alike.
  const path = fileURLToPath(new URL(`../native/prebuilds/${platform}-${arch}/gds.node`, import.meta.url));
  if (!existsSync(path)) {
    return { reason: `@sluice/gds has no binary for ${platform}-${arch} (no ${path})`, fix: `${elsewhere}; in the workspace, install g++ and make and run the build:native task; where a bundler moved this code, leave the package out of the bundle` };
  }
  try {
    return { native: createRequire(import.meta.url)(path) as Native };
  } catch (cause) {
    return { reason: `the binary of @sluice/gds does not load: ${cause instanceof Error ? cause.message : String(cause)}`, fix: `it needs glibc 2.28 or later; else ${elsewhere}` };
  }
}
