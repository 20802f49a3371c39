import { scalarOf } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import type { Program } from '../ir/program.ts';
import type { Pass, PassTarget } from '../registry/plugin.ts';
import type { Registry } from '../registry/registry.ts';
import { legalizeF16 } from './f16/legalize-f16.ts';
import { inline } from './inline.ts';
import { optimize } from './passes.ts';
import { legalizeSmall } from './small/legalize-small.ts';
import { legalizeVector } from './vectors/legalize-vector.ts';
import { legalize64 } from './wide/legalize-64.ts';

/** What makes kernels such as a backend can take them, in order. */
export const legalizingPasses: readonly Pass[] = [inline, legalizeF16, legalizeSmall, legalize64, legalizeVector];

/** How these passes emulate the type of a value that they take out of kernels; undefined for one that they leave alone. */
export function emulation(type: Type): string | undefined {
  const of = scalarOf(type);
  const how = of === undefined ? undefined : EMULATED[of.name];
  if (of !== undefined && how !== undefined) return `${of.name} ${how}`;
  return type.kind === 'vector' ? `${type.spelling} in scalars` : undefined;
}

const EMULATED: Readonly<Record<string, string>> = {
  f16: 'in f32, rounded after each op',
  ...Object.fromEntries(['i64', 'u64'].map((type) => [type, 'in pairs of 32-bit words'])),
  ...Object.fromEntries(['i8', 'u8', 'i16', 'u16', 'bf16'].map((type) => [type, 'in words of 32 bits'])),
};

/** `program` with its kernels as `target` takes them, as far as core can make them so; the same program where they are. */
export function legalize(program: Program, registry: Registry, target: PassTarget): Program {
  return optimize(program, { registry, target, passes: legalizingPasses.map((p) => p.id) });
}
