import type { Registry } from '../registry/registry.ts';
import type { AttrSpec, OpDef, RegionSpec } from '../ops/op.ts';
import { regionFlowOf } from './region-flow.ts';
import type { RegionFlow } from './region-flow.ts';

/** What the verifier asks about an op for each of its uses, worked out of its record once. */
export interface OpFacts {
  readonly id: string;
  /** Undefined for an op that nobody registered. */
  readonly def: OpDef | undefined;
  readonly attrs: readonly (readonly [name: string, spec: AttrSpec])[];
  readonly regions: readonly RegionSpec[];
  /** How control and values go through the regions; undefined for an op without any. */
  readonly flow: RegionFlow | undefined;
  /** Regions that must be there. */
  readonly minRegions: number;
  readonly terminator: boolean;
  /** Stands in uniform control flow only. */
  readonly collective: boolean;
  /** What the op does to the memory of its operands. */
  readonly accesses: readonly Access[];
  /** What its results depend on, for ops without regions. */
  readonly depends: Depends;
  /** Operands whose handle it ends. */
  readonly frees: readonly number[];
  /** Results that are views of operands. */
  readonly views: readonly { readonly result: number; readonly of: number }[];
  /** First operand that a launched kernel sees, undefined for an op that launches nothing. */
  readonly launches: number | undefined;
  /** It may see typed elements in a handle without saying so: see bytes-extraction.ts. */
  readonly mayExtract: boolean;
}

/** One operand whose memory an op touches. */
export interface Access {
  readonly operand: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

/**
 * - `nothing`: the same for every invocation of a workgroup, whatever the operands;
 * - `operands`: on them alone;
 * - `memory`: on operands and on what the buffers that it reads hold;
 * - `invocation`: may differ between invocations, whatever the operands.
 */
export type Depends = 'nothing' | 'operands' | 'memory' | 'invocation';

/** The facts of each op name of a body, by its index. `known` carries them from body to body. */
export function factsOf(opNames: readonly string[], registry: Registry, known: Map<string, OpFacts>): readonly OpFacts[] {
  return opNames.map((id) => {
    let facts = known.get(id);
    if (facts === undefined) {
      const def = registry.lookup(id);
      facts = def === undefined ? unknownOp(id) : workOut(def);
      known.set(id, facts);
    }
    return facts;
  });
}

/** The index of an operand by name. */
function operandIndex(def: OpDef, name: string): number {
  return def.operands.findIndex((p) => p.name === name);
}

function workOut(def: OpDef): OpFacts {
  const accesses = new Map<number, Access>();
  for (const effect of def.effects) {
    if (effect.kind !== 'read' && effect.kind !== 'write') continue;
    const operand = operandIndex(def, effect.on);
    if (operand < 0) continue;
    const before = accesses.get(operand);
    accesses.set(operand, { operand, reads: before?.reads === true || effect.kind === 'read', writes: before?.writes === true || effect.kind === 'write' });
  }
  const typed = [...def.operands, ...def.results].some((p) => p.type.startsWith('buffer<'));
  const launch = def.effects.find((e) => e.kind === 'launch');
  return {
    id: def.id,
    def,
    attrs: Object.entries(def.attrs),
    regions: def.regions,
    flow: def.regions.length === 0 ? undefined : regionFlowOf(def),
    minRegions: def.regions.filter((r) => r.optional !== true).length,
    terminator: def.traits.includes('terminator'),
    collective: def.traits.includes('barrier') || def.traits.includes('collective'),
    accesses: [...accesses.values()],
    depends: dependsOn(def, [...accesses.values()]),
    frees: def.effects.flatMap((e) => (e.kind === 'free' ? [operandIndex(def, e.on)] : [])).filter((i) => i >= 0),
    views: def.effects
      .flatMap((e) => (e.kind === 'view' ? [{ result: def.results.findIndex((r) => r.name === e.on), of: operandIndex(def, e.of) }] : []))
      .filter((v) => v.result >= 0 && v.of >= 0),
    launches: launch?.kind === 'launch' ? Math.max(0, operandIndex(def, launch.args)) : undefined,
    mayExtract: !def.bytesExtraction && (launch !== undefined || typed || [...accesses.values()].some((a) => a.reads)),
  };
}

function dependsOn(def: OpDef, accesses: readonly Access[]): Depends {
  const has = (trait: OpDef['traits'][number]) => def.traits.includes(trait);
  if (has('divergent')) return 'invocation';
  if (has('uniform')) return 'nothing';
  if (has('pure')) return 'operands';
  const onlyReads = accesses.length > 0 && accesses.every((a) => !a.writes) && def.effects.every((e) => e.kind === 'read');
  return onlyReads && !has('atomic') && !has('barrier') ? 'memory' : 'invocation';
}

/** Nothing is held against an unknown op but that it is unknown. */
function unknownOp(id: string): OpFacts {
  return { id, def: undefined, attrs: [], regions: [], flow: undefined, minRegions: 0, terminator: false, collective: false, accesses: [], depends: 'nothing', frees: [], views: [], launches: undefined, mayExtract: false };
}
