import type { Kernel, Op, Region, ValueId } from '../../ir/program.ts';
import { workgroupLayout } from '../../dialects/buffer.ts';
import type { Launch } from '../../registry/backend.ts';
import type { Registry } from '../../registry/registry.ts';
import { passFacts } from '../facts.ts';
import type { PassFacts } from '../facts.ts';
import type { Bound } from './bound.ts';
import { valueAt } from './bound.ts';
import { Ranges } from './ranges.ts';

/**
 * Which accesses to buffers need no guard. A backend may emit those in `proved` without one, in any launch. It may emit
 * those in `checked` without one in code that it runs where `inBounds` says so of the launch: a backend keeps a guarded
 * and an unguarded pipeline. All others are guarded. The reference guards all of them.
 */
export interface IndexBounds {
  readonly proved: ReadonlySet<Op>;
  /** Accesses whose greatest index a launch tells, each with the parameter whose elements it must be below. */
  readonly checked: ReadonlyMap<Op, { readonly param: number; readonly greatest: Bound }>;
  /** Accesses to buffers. */
  readonly accesses: number;
}

/** The bounds of a verified kernel: one walk over it. They speak of the ops of this very kernel. */
export function indexBounds(kernel: Kernel, registry: Registry): IndexBounds {
  const { body } = kernel;
  const facts = body.opNames.map((id) => passFacts(id, registry));
  const ranges = new Ranges(kernel);
  const proved = new Set<Op>();
  const checked = new Map<Op, { readonly param: number; readonly greatest: Bound }>();
  /** Elements of workgroup memory, by its value. */
  const sizes = new Map<ValueId, number>();
  const params = new Map(body.region.args.map((v, i) => [v, i]));
  let accesses = 0;

  const judge = (op: Op, f: PassFacts) => {
    const access = accessOf(op, f);
    if (access === undefined) return;
    accesses++;
    const greatest = ranges.greatest(access.index);
    const size = sizes.get(access.buffer);
    if (ranges.isLess(access.index, { of: access.buffer }) || (size !== undefined && typeof greatest === 'number' && greatest < size)) return void proved.add(op);
    const param = params.get(access.buffer);
    if (param !== undefined && greatest !== undefined) checked.set(op, { param, greatest });
  };
  const walk = (region: Region, owner: Op | undefined, ownerFacts: PassFacts | undefined, at: number) => {
    ranges.enter(owner, ownerFacts, region, at);
    for (const op of region.ops) {
      const f = facts[op.name] as PassFacts;
      ranges.see(op, f);
      judge(op, f);
      const layout = op.results.length === 1 && op.attrs['element'] !== undefined ? workgroupLayout(op.attrs) : undefined;
      if (layout !== undefined) sizes.set(op.results[0] as ValueId, layout.length);
      op.regions.forEach((inner, i) => walk(inner, op, f, i));
      ranges.after(op, f);
    }
    ranges.leave();
  };
  walk(body.region, undefined, undefined, 0);
  return { proved, checked, accesses };
}

/** Whether every access in `checked` is in bounds in this launch. */
export function inBounds(bounds: IndexBounds, launch: Launch): boolean {
  for (const { param, greatest } of bounds.checked.values()) {
    const [most, arg] = [valueAt(greatest, launch), launch.args[param]];
    if (most === undefined || arg?.kind !== 'buffer' || most >= arg.count) return false;
  }
  return true;
}

/** The buffer and the index of an op that touches one element: its record has an effect on the one and calls the other `index`. */
function accessOf(op: Op, { def }: PassFacts): { readonly buffer: ValueId; readonly index: ValueId } | undefined {
  const on = def?.effects.find((e) => e.kind === 'read' || e.kind === 'write');
  if (def === undefined || (on?.kind !== 'read' && on?.kind !== 'write')) return undefined;
  const buffer = op.operands[def.operands.findIndex((p) => p.name === on.on)];
  const index = op.operands[def.operands.findIndex((p) => p.name === 'index' && p.type === 'u32')];
  return buffer === undefined || index === undefined ? undefined : { buffer, index };
}
