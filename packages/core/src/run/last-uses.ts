import type { Body, Op, Region, ValueId } from '../ir/program.ts';

/** When the handles of a region are let go. */
export interface LastUses {
  /** Handles that the region itself defines: block arguments, and results of its ops. */
  readonly handles: readonly ValueId[];
  /** Those among its block arguments that nothing uses. */
  readonly unusedArgs: readonly ValueId[];
  /** By index of an op: handles that no later op uses. */
  readonly after: readonly (readonly ValueId[] | undefined)[];
}

/** A use within a nested region counts as a use by the op that owns it. */
export function lastUses(region: Region, body: Body): LastUses {
  const isHandle = (v: ValueId) => body.valueTypes[v]?.kind === 'handle';
  const last = new Map<ValueId, number>();
  for (const id of region.args) if (isHandle(id)) last.set(id, -1);
  for (const [i, op] of region.ops.entries()) {
    for (const id of op.results) if (isHandle(id)) last.set(id, i);
    for (const id of operandsWithin(op)) if (last.has(id)) last.set(id, i);
  }
  const unusedArgs: ValueId[] = [];
  const after: (ValueId[] | undefined)[] = [];
  for (const [id, i] of last) {
    if (i < 0) unusedArgs.push(id);
    else (after[i] ??= []).push(id);
  }
  return { handles: [...last.keys()], unusedArgs, after };
}

/** Values that an op and the ops of its regions use. */
function* operandsWithin(op: Op): Generator<ValueId> {
  yield* op.operands;
  for (const region of op.regions) for (const inner of region.ops) yield* operandsWithin(inner);
}
