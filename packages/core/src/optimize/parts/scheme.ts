import { TracedBuffer } from '../../build/buffer-view.ts';
import type { TracedValue } from '../../build/value.ts';
import type { Attribute, Attributes } from '../../ir/attributes.ts';
import type { Op } from '../../ir/program.ts';
import type { Type } from '../../ir/types.ts';
import type { OpDef } from '../../ops/op.ts';
import type { PassFacts } from '../facts.ts';
import type { Template } from '../template.ts';
import type { Split } from './split.ts';

/** An operand of a row: parts for a value that has them, a buffer as the scheme binds it, else the value itself. */
export type Arg = TracedValue | TracedBuffer | readonly TracedValue[];

/** One use of an op, with the types that it had. */
export interface PartsUse {
  readonly def: OpDef;
  readonly operands: readonly Type[];
  readonly results: readonly Type[];
  readonly attrs: Attributes;
  /** Of an op on components, the second operand where it is a constant of u32: which one is meant. */
  readonly index: number | undefined;
}

/** How an op is computed on parts: gives the parts of its results, one after the other. */
export type Row = (args: readonly Arg[], use: PartsUse) => readonly TracedValue[];

/** How values of types that a target lacks are held as values of types that it has: data that `Split` follows. */
export interface Scheme {
  /** Whether values of the type, which is of no buffer, have to go. */
  touches(type: Type): boolean;
  /** Whether a use has its row although nothing of it is touched; absent: none has. */
  readonly takes?: (use: PartsUse) => boolean;
  /** What stands for a value that is touched; undefined where nothing can. */
  parts(type: Type): readonly Type[] | undefined;
  /** What stands for an element of a buffer that is touched; undefined where nothing can. */
  memory(element: Type): Type | undefined;
  /** The parts of a constant that is touched. */
  constant(value: Attribute & { readonly kind: 'scalar' }): readonly Attribute[];
  /** Names of the parameters that stand for `name`, as many as it has parts. */
  names(name: string): readonly string[];
  /** How the op is computed; `same` where it does on other buffers what it did; undefined where there is no way. */
  row(use: PartsUse): Row | 'same' | undefined;
  /** Takes an op with regions that needs more than its operands and results replaced; false for any other. */
  structured?(op: Op, facts: PassFacts, to: Split, out: Op[]): boolean;
  /** What rows built, by use; as long-lived as the scheme. */
  readonly templates: Map<string, Template | undefined>;
}

/** Thrown for what a scheme has no parts or no row for: the kernel then stays as it is, and planning names the gap. */
export class NoParts extends Error {}

export function isParts(arg: Arg | undefined): arg is readonly TracedValue[] {
  return Array.isArray(arg);
}

export function partsAt(args: readonly Arg[], i: number): readonly TracedValue[] {
  const arg = args[i];
  if (!isParts(arg)) throw new RangeError(`operand ${i} has no parts`);
  return arg;
}

export function bufferAt(args: readonly Arg[], i: number): TracedBuffer {
  const arg = args[i];
  if (!(arg instanceof TracedBuffer)) throw new RangeError(`operand ${i} is no buffer`);
  return arg;
}

export function valueAt(args: readonly Arg[], i: number): TracedValue {
  const arg = args[i];
  if (arg === undefined || isParts(arg) || arg instanceof TracedBuffer) throw new RangeError(`operand ${i} is no value`);
  return arg;
}
