import type { Span } from '../diagnostics/span.ts';
import type { Attributes } from './attributes.ts';
import type { Type } from './types.ts';

/** An SSA value: an index into the `valueTypes` of its body. */
export type ValueId = number;

/** One operation. Always all fields, so that the engine sees one shape. */
export interface Op {
  /** Index into the body's `opNames`. */
  readonly name: number;
  readonly operands: readonly ValueId[];
  readonly results: readonly ValueId[];
  readonly attrs: Attributes;
  readonly regions: readonly Region[];
}

/** A list of ops that ends in one terminator; `args` are its block arguments. */
export interface Region {
  readonly args: readonly ValueId[];
  readonly ops: readonly Op[];
}

/** What is known about a body beyond its meaning: outside equality and hash. */
export interface Debug {
  readonly names: ReadonlyMap<ValueId, string>;
  readonly spans: ReadonlyMap<Op, Span>;
  /** The composite op that an inlined op came from. */
  readonly origins: ReadonlyMap<Op, string>;
}

/** The code of a kernel or of a program's host side. Value ids and op names are local to it. */
export interface Body {
  /** The op ids that occur, each once. */
  readonly opNames: readonly string[];
  /** The type of each value, by id. */
  readonly valueTypes: readonly Type[];
  /** `region.args` are the parameters, in order. */
  readonly region: Region;
  readonly debug: Debug;
}

export interface Param {
  readonly name: string;
  readonly type: Type;
  /** `grant: 'r' | 'w' | 'rw'` on an i32 makes it a file grant's number. */
  readonly attrs: Attributes;
}

/** Code for a device: runs once for each invocation of a launch. */
export interface Kernel {
  readonly kind: 'kernel';
  readonly name: string;
  readonly params: readonly Param[];
  /** Invocations in one workgroup, by dimension. */
  readonly workgroup: readonly [number, number, number];
  readonly body: Body;
  readonly span: Span | undefined;
}

export interface Result {
  readonly name: string;
  readonly type: Type;
}

/** The host side and the kernels that it launches: plain data, frozen by type. */
export interface Program {
  readonly kind: 'program';
  readonly name: string;
  readonly params: readonly Param[];
  /** Named operands of the body's `control.return`. */
  readonly results: readonly Result[];
  readonly kernels: readonly Kernel[];
  readonly body: Body;
  readonly span: Span | undefined;
}

/** The id of `op`, which must belong to `body`. */
export function opId(body: Body, op: Op): string {
  const id = body.opNames[op.name];
  if (id === undefined) throw new RangeError(`op name ${op.name} is not in the body's table of ${body.opNames.length}`);
  return id;
}

/** Every op of the region and of the regions within it, in program order. */
export function* walkOps(region: Region): Generator<Op> {
  for (const op of region.ops) {
    yield op;
    for (const inner of op.regions) yield* walkOps(inner);
  }
}
