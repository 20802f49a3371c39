import type { Where } from '../diagnostics/error.ts';
import type { Attribute } from '../ir/attributes.ts';
import type { Op } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import type { MapRequest, Memory, OpenFile, Transfer, UnmapRequest } from './backend.ts';
import type { CpuRef } from '../ops/op.ts';

/**
 * What a builder of a kernel op works with; `V` is the backend's value, for text backends an expression.
 * A builder emits what it needs, in order, and returns the values of the op's results.
 */
export interface Emitter<V> {
  /** The backend that is lowered for. */
  readonly target: string;
  /** For errors, also later ones: the path and the author's line are found when they are read. */
  readonly where: Where;
  readonly operands: readonly V[];
  operand(index: number): V;
  operandType(index: number): Type;
  resultType(index: number): Type;
  attr(name: string): Attribute | undefined;
  /**
   * Emits region `index` in place, once, with `args` as its block arguments. `exits` says, by terminator id, what
   * a terminator does with its operands: it serves this region and the regions nested in it. Returns the operands
   * of the region's own terminator, whether an exit took it or not.
   */
  region(index: number, args: readonly V[], exits?: Exits<V>): readonly V[];
  /** Appends a line to the code. */
  emit(line: string): void;
  /** Adds text to the module, beside the kernel: once, however many ops ask for the same text. For backends whose code has such a place. */
  declare(text: string): void;
  /** A name that nothing else has. */
  fresh(hint?: string): string;
}

export type Exits<V> = Readonly<Record<string, (values: readonly V[]) => void>>;
export type Builder<V> = (op: Op, ctx: Emitter<V>) => readonly V[];

/** What a storage lowering works with: the values that the operands have in this run, by operand name. */
export interface TransferContext {
  readonly where: Where;
  file(operand: string): OpenFile;
  /** A 64-bit operand. */
  u64(operand: string): bigint;
  /** The memory of a handle, operand or result. */
  memory(name: string): Memory;
}
/** Maps one op to the request that the device's `submit` carries out, or its `map` and `unmap`. */
export type TransferBuilder = (op: Op, ctx: TransferContext) => Transfer | MapRequest | UnmapRequest;

/** What each slot of a lowering table holds. */
export interface SlotBuilders {
  /** The exact meaning on typed values: read by host arithmetic, folding, the reference machine, conformance. */
  cpuRef: CpuRef;
  /** WGSL text. */
  primaryText: Builder<string>;
  /** PTX text. */
  secondaryText: Builder<string>;
  /** Module bytes: values are local indices. */
  primaryBinary: Builder<number>;
  /** A call into code that runs on the host. */
  nativeModule: TransferBuilder;
  /** Whatever a backend understands: it says which, and `backend` must be given. */
  extensions: unknown;
}
export type Slot = keyof SlotBuilders;

export interface Lowering<S extends Slot = Slot> {
  readonly slot: S;
  /** Serves this backend; absent, every consumer of the slot. The specific one wins. */
  readonly backend?: string;
  readonly build: SlotBuilders[S];
}
export type AnyLowering = { readonly [S in Slot]: Lowering<S> }[Slot];

/** All lowerings of one op: a builder for each slot and backend; `*` serves every consumer of the slot. */
export type LoweringTable = { readonly [S in Slot]: ReadonlyMap<string, SlotBuilders[S]> };

export const SLOTS: readonly Slot[] = ['cpuRef', 'primaryText', 'secondaryText', 'primaryBinary', 'nativeModule', 'extensions'];

export function emptyTable(): { [S in Slot]: Map<string, SlotBuilders[S]> } {
  return { cpuRef: new Map(), primaryText: new Map(), secondaryText: new Map(), primaryBinary: new Map(), nativeModule: new Map(), extensions: new Map() };
}

/** The answer of `getLowering`. */
export type FoundLowering<S extends Slot = Slot> =
  | { readonly kind: 'builder'; readonly slot: S; readonly backend: string; readonly build: SlotBuilders[S] }
  /** No entry; the op is inlined through its `compose`. */
  | { readonly kind: 'compose' }
  /** The op has no CPU path: counted as no lowering. */
  | { readonly kind: 'structured-intrinsic' };

