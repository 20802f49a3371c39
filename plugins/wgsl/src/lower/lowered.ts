import type { IndexBounds, KernelIr, Registry, ScalarType, Where } from '@sluice/core';

/** The id of the backend, and of its lowerings in slot `primaryText`. */
export const BACKEND = 'wgsl';

/** The device features that generated code may use. */
export interface Features {
  /** `shader-f16`. */
  readonly f16: boolean;
  /** `subgroups`; without it subgroup ops go through workgroup memory. */
  readonly subgroups: boolean;
}

export interface LowerOptions {
  readonly registry: Registry;
  readonly features: Features;
  /** Accesses in `IndexBounds.checked` go without a guard too: for launches of which `inBounds` says yes. */
  readonly unguarded: boolean;
  /** For launches that are one dispatch, with views that start where their buffers do: nothing is added to indices and ids. */
  readonly unshifted?: boolean;
  /** The program's name and content hash, for the header comment. */
  readonly program?: string | undefined;
  readonly hash?: string | undefined;
}

/** What the device needs to make a pipeline of a kernel, and to launch it. */
export interface LoweredKernel {
  /** The WGSL module. */
  readonly code: string;
  readonly entryPoint: string;
  readonly workgroup: readonly [number, number, number];
  /** A uniform buffer at @group(0) @binding(0). */
  readonly record: LaunchRecord;
  /** Storage buffers of group 0: one for each buffer parameter, in order. The code need not use all: give the pipeline a layout. */
  readonly bindings: readonly Binding[];
  /** A storage buffer of `STATUS_WORDS` u32, zero before the launch; only where the kernel can trap. */
  readonly status: { readonly binding: number } | undefined;
  /** Trap n (from 1), at n - 1. */
  readonly traps: readonly Trap[];
  /** Bytes of workgroup memory that the code declares: those of the kernel and, with emulated subgroup ops or broadcasts, some more. */
  readonly workgroupBytes: number;
  /** The code says `enable subgroups`. */
  readonly usesSubgroups: boolean;
  /** Which accesses have no guard, of this very kernel. */
  readonly bounds: IndexBounds;
  /** By line of `code`, ascending; the line before the next entry belongs to the one before it. */
  readonly lines: readonly LineOrigin[];
}

export interface LaunchRecord {
  readonly fields: readonly RecordField[];
  /** A multiple of 16. */
  readonly byteLength: number;
}

/** One field of the launch record; all are little-endian and 4 bytes wide, vectors of 3 take 12. */
export type RecordField =
  /** Workgroups of the whole launch: three u32. */
  | { readonly kind: 'groups'; readonly name: string; readonly offset: number }
  /** The id of the dispatch's first workgroup in the whole launch: three u32. */
  | { readonly kind: 'base'; readonly name: string; readonly offset: number }
  /** Of a buffer parameter: the word of its binding at which the view starts, in words of `Binding.wordBytes`; u32. */
  | { readonly kind: 'offset'; readonly name: string; readonly offset: number; readonly param: number }
  /** Of a buffer parameter: elements of the view; u32. */
  | { readonly kind: 'count'; readonly name: string; readonly offset: number; readonly param: number }
  /** A scalar parameter: i32, u32 and f32 as they are, a bool as a u32 of 0 or 1, an f16 in the low bits of a u32. */
  | { readonly kind: 'scalar'; readonly name: string; readonly offset: number; readonly param: number; readonly type: ScalarType };

export interface Binding {
  readonly param: number;
  readonly binding: number;
  readonly access: 'read' | 'read_write';
  /** Bytes of an element of the declared array: a binding holds at least one, and starts of views count them. */
  readonly wordBytes: number;
}

export interface Trap {
  readonly where: Where;
  /** What the run fails with. */
  readonly code: 'run/trap' | 'run/zero-step';
  readonly tag: number;
  readonly message: string;
}

/** The status record: 0 or 1 once a trap has claimed it, the trap's number, its address, the global invocation id. */
export const STATUS_WORDS = 6;

/** The op that a line of code, and those behind it, came from. */
export interface LineOrigin {
  /** From 1. */
  readonly line: number;
  /** Searched for when it is first read. */
  readonly where: Where;
}

export type LowerKernel = (kernel: KernelIr, options: LowerOptions) => LoweredKernel;
