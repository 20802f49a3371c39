import type { Kernel, Op, Region, ValueId } from '../ir/program.ts';
import type { BodyContext } from './context.ts';
import type { OpFacts } from './facts.ts';
import { valueName } from './path.ts';

/**
 * Reports launches that bind one buffer as read and as written, or twice as written, where that follows from the
 * values: the same handle, or views of the same one. Handles that only turn out to be the same are found at launch.
 */
export function checkLaunchAliases(c: BodyContext): void {
  if (c.level !== 'host' || !c.facts.some((f) => f.launches !== undefined)) return;
  const bases = new Map<ValueId, ValueId>();
  walk(c.body.region);

  function walk(region: Region): void {
    for (let i = 0; i < region.ops.length && !c.report.full; i++) {
      const op = region.ops[i] as Op;
      const facts = c.facts[op.name] as OpFacts;
      for (const { result, of } of facts.views) {
        const [view, base] = [op.results[result], op.operands[of]];
        if (view !== undefined && base !== undefined) bases.set(view, bases.get(base) ?? base);
      }
      if (facts.launches !== undefined) checkLaunch(c, op, facts, facts.launches, bases);
      for (let r = 0; r < op.regions.length; r++) walk(op.regions[r] as Region);
    }
  }
}

function checkLaunch(c: BodyContext, op: Op, facts: OpFacts, first: number, bases: ReadonlyMap<ValueId, ValueId>): void {
  const symbol = Object.values(op.attrs).find((a) => a?.kind === 'symbol');
  const kernel: Kernel | undefined = symbol?.kind === 'symbol' ? c.kernels.get(symbol.name) : undefined;
  if (kernel === undefined || kernel.params.length + facts.accesses.length < 2) return;
  const bound = new Map<ValueId, { readonly name: string; readonly writes: boolean }>();
  // What the launch itself reads, such as counts.
  for (const { operand, writes } of facts.accesses) {
    const handle = op.operands[operand];
    if (handle !== undefined) bound.set(bases.get(handle) ?? handle, { name: facts.def?.operands[operand]?.name ?? '', writes });
  }
  for (const [i, param] of kernel.params.entries()) {
    const arg = op.operands[first + i];
    if (arg === undefined || param.type.kind !== 'buffer') continue;
    const base = bases.get(arg) ?? arg;
    const writes = param.type.access !== 'read';
    const other = bound.get(base);
    if (other === undefined) bound.set(base, { name: param.name, writes });
    else if (writes || other.writes) {
      const how = writes && other.writes ? 'twice for writing' : 'for reading and for writing';
      c.report.add(c, op, 'verify/launch-alias', `the launch of \`${kernel.name}\` binds ${valueName(c.body, base)} ${how}, as \`${other.name}\` and as \`${param.name}\``, 'copy the buffer, or give the kernel one read_write parameter for both');
      return;
    }
  }
}
