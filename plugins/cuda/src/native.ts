import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The addon; see `native/binding`. */
export interface Native {
  /** Loads and initialises the driver. */
  probe(): Found;
  /** `completed` is called when there are `count` rows of `COMPLETION` numbers in `completions`. Throws an Error that is a `Refusal`. */
  readonly Device: new (ordinal: number, completed: (count: number) => void, completions: Float64Array) => NativeDevice;
}

/** What keeps the driver from being used: the first thing that is missing. */
export type Lack = 'none' | 'library' | 'symbol' | 'init' | 'version' | 'devices';

export interface Found {
  readonly lack: Lack;
  /** What the loader says, or the name of the function that is missing. */
  readonly text: string;
  /** A CUresult. */
  readonly result: number;
  /** 1000 * major + 10 * minor of the CUDA version that the driver is for; 0 for unknown. */
  readonly version: number;
  /** By ordinal; null for one that the driver tells nothing of. */
  readonly devices: readonly (FoundDevice | null)[];
}

export interface FoundDevice {
  readonly ordinal: number;
  readonly name: string;
  /** `GPU-` and 32 hexadecimal digits in five groups. */
  readonly uuid: string;
  /** Of device memory. */
  readonly bytes: number;
  /** Compute capability, e.g. `9.0`. */
  readonly capability: string;
  /** It can read the pages of a file that is mapped read-only. */
  readonly mapsFiles: boolean;
}

/** Errors of the system and of the driver; both 0 where it went well. */
export interface Pinning {
  readonly errno: number;
  readonly result: number;
}

/** Why a device could not be opened. */
export interface Refusal extends Pinning {
  readonly resultName: string;
  readonly resultText: string;
}

/** A block by its number, or memory of JavaScript's own. */
export type Place = number | ArrayBuffer;

/**
 * One device, and the thread that owns its streams. `copy` and `fill` return at once, the others when they are done; `close` waits
 * for what is in flight and frees everything. The process stays alive until every job has completed.
 */
export interface NativeDevice {
  /** Device memory. `block` and `address` are there where it went well. */
  allocate(bytes: number): Pinning & { readonly block: number; readonly address: bigint };
  /** Host memory that the device reaches by itself. */
  pin(bytes: number): Pinning & { readonly block: number; readonly buffer: ArrayBuffer };
  /** The pages of a file, for the device to read; `offset` is a multiple of 4096. The descriptor and the device stay open until then. */
  map(fd: number, offset: bigint, bytes: number): Promise<Pinning & { readonly block: number }>;
  /** Ends any of these, and detaches the buffer; gives a CUresult. Nothing may use it any more. */
  release(block: number, buffer?: ArrayBuffer): number;
  copy(token: number, outward: boolean, to: Place, toAt: number, from: Place, fromAt: number, bytes: number): void;
  fill(token: number, block: number, at: number, bytes: number, value: number): void;
  /** A CUresult in the driver's words. */
  explain(result: number): { readonly name: string; readonly text: string };
  state(): DeviceState;
  close(): void;
}

export interface DeviceState {
  /** The CUresult after which the context is of no use, or 0. */
  readonly broken: number;
  /** The primary context, as an address. */
  readonly context: bigint;
  /** Bytes of device memory that are free, and that there are. */
  readonly available: number;
  readonly total: number;
}

/** Numbers of a row that the callback is given: token and CUresult. */
export const COMPLETION = 2;

export interface Missing {
  readonly reason: string;
  readonly fix: string;
}

let loaded: { readonly native: Native } | Missing | undefined;

/** The addon, or why this machine has none. */
export function loadNative(): { readonly native: Native } | Missing {
  loaded ??= load();
  return loaded;
}

function load(): { readonly native: Native } | Missing {
  const { platform, arch } = process;
  if (platform !== 'linux') return { reason: `@sluice/cuda is for Linux, and this is ${platform}`, fix: "use '@sluice/wgsl', which runs on the device through WebGPU" };
  // From `src` and from `dist` alike.
  const path = fileURLToPath(new URL(`../native/prebuilds/${platform}-${arch}/cuda.node`, import.meta.url));
  if (!existsSync(path)) {
    return { reason: `@sluice/cuda has no binary for ${platform}-${arch} (no ${path})`, fix: 'in the workspace, install g++ and make and run the build:native task; where a bundler moved this code, leave the package out of the bundle' };
  }
  try {
    return { native: createRequire(import.meta.url)(path) as Native };
  } catch (cause) {
    return { reason: `the binary of @sluice/cuda does not load: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'it needs glibc 2.28 or later' };
  }
}
