import { meant, nearest } from '../diagnostics/nearest.ts';
import type { Op } from '../ir/program.ts';
import type { Registry } from '../registry/registry.ts';
import type { BodyContext } from './context.ts';

/** Reports an op that nobody registered, with the ops whose names come near. */
export function reportUnknownOp(c: BodyContext, op: Op, id: string): void {
  const near = nearestOps(id, c.registry);
  const packages = providersOf(id, near, c.registry);
  const from = `correct the name, or import the plugin that declares the op${packages.length === 0 ? '' : `; ops like it are provided by ${packages.join(', ')}`}`;
  c.report.add(c, op, 'verify/unknown-op', `\`${shorten(id)}\` is not a registered op${meant(near)}`, from, { available: near });
}

/** The ids of at most three ops within a third of the name's length in edits, nearest first. */
export function nearestOps(id: string, registry: Registry): readonly string[] {
  return nearest(id, registry.ops.keys());
}

/** Characters of a name that are shown. */
const LONGEST = 64;

/** Packages that provide the ops nearby, or those of the same prefix. */
function providersOf(id: string, near: readonly string[], registry: Registry): readonly string[] {
  const prefix = id.slice(0, id.indexOf('.') + 1);
  const related = [...registry.ops.values()].filter((o) => near.includes(o.id) || (prefix !== '' && o.id.startsWith(prefix)));
  return [...new Set(related.flatMap((o) => o.providers))];
}

function shorten(id: string): string {
  return id.length > LONGEST ? `${id.slice(0, LONGEST)}…` : id;
}
