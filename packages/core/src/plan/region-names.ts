import type { RegionNames } from '../ir/where.ts';
import type { Registry } from '../registry/registry.ts';

/** Names of the regions of an op, from its record. */
export function regionNames(registry: Registry): RegionNames {
  return (id) => registry.lookup(id)?.regions.map((r) => r.name) ?? [];
}
