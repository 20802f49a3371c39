import type { Body, Kernel, Op, Region, ValueId } from '../../ir/program.ts';
import type { Registry } from '../../registry/registry.ts';
import { passFacts } from '../facts.ts';
import type { PassFacts } from '../facts.ts';

/** How a kernel uses the elements of one buffer parameter. */
export interface ParamUse {
  /** Every access is at the invocation's own index along x: `kernel.global_id {axis = x}`. */
  readonly own: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** Parameters by position. */
export type KernelUses = readonly (ParamUse | undefined)[];

/**
 * How the kernel uses its buffers; undefined where invocations may wait for each other or share memory, leave early, or
 * do what is not known: then it has to run as it is.
 */
export function usesOf(kernel: Kernel, registry: Registry): KernelUses | undefined {
  const { body } = kernel;
  if (kernel.workgroup[1] !== 1 || kernel.workgroup[2] !== 1) return undefined;
  const facts = body.opNames.map((id) => passFacts(id, registry));
  const params = new Map(body.region.args.map((v, i) => [v, i]));
  const uses: (ParamUse | undefined)[] = kernel.params.map((p) => (p.type.kind === 'buffer' ? { own: true, reads: false, writes: false } : undefined));
  const ids = new Set<ValueId>();

  const visit = (region: Region, top: boolean): boolean =>
    region.ops.every((op, i) => {
      const f = facts[op.name] as PassFacts;
      if (f.def === undefined) return false;
      const [result] = op.results;
      if (result !== undefined && isOwnIndex(body, op)) ids.add(result);
      if (f.terminator) return f.def.id !== 'control.return' || (top && i === region.ops.length - 1);
      if (f.movable) return true;
      if (op.regions.length > 0) return f.def.effects.length === 0 && op.regions.every((r) => visit(r, false));
      return access(op, f);
    });
  const access = (op: Op, { def }: PassFacts): boolean => {
    const at = def?.operands.findIndex((p) => p.name === 'index' && p.type === 'u32') ?? -1;
    const index = op.operands[at];
    if (def === undefined || index === undefined || def.effects.length === 0 || def.traits.some((t) => t === 'atomic' || t === 'barrier' || t === 'collective')) return false;
    return def.effects.every((e) => {
      if (e.kind !== 'read' && e.kind !== 'write') return false;
      const param = params.get(op.operands[def.operands.findIndex((p) => p.name === e.on)] ?? -1);
      const before = param === undefined ? undefined : uses[param];
      if (param === undefined || before === undefined) return false;
      uses[param] = { own: before.own && ids.has(index), reads: before.reads || e.kind === 'read', writes: before.writes || e.kind === 'write' };
      return true;
    });
  };
  return visit(body.region, true) ? uses : undefined;
}

export function isOwnIndex(body: Body, op: Op): boolean {
  const { axis } = op.attrs;
  return body.opNames[op.name] === 'kernel.global_id' && axis?.kind === 'enum' && axis.value === 'x';
}
