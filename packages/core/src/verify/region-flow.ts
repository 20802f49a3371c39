import type { OpDef } from '../ops/op.ts';

/**
 * The `decidedBy` and `flow` of an op record, with indexes in place of names: what the dataflow rules read for every use
 * of the op.
 */
export interface RegionFlow {
  /** A region may run again, or nothing is known of how often it runs. */
  readonly repeats: boolean;
  /** Operands that decide whether and how often regions run; a variadic one stands for all from it on. */
  readonly decides: readonly Operands[];
  /** Where operands go when the op starts; undefined where nothing is known. */
  readonly starts: readonly (Operands & Target)[] | undefined;
  /** By region, then by the id of a terminator that it catches: what that terminator decides and hands on. */
  readonly caught: readonly ReadonlyMap<string, Caught>[];
}

/** The operand at `from`, or it and all that follow. */
export interface Operands {
  readonly from: number;
  readonly rest: boolean;
}

/** A region's block arguments, or the results where `region` is -1, from `at` on. */
export interface Target {
  readonly region: number;
  readonly at: number;
}

export interface Caught {
  /** Operands of the terminator that decide how the op goes on; undefined where all may. */
  readonly decides: readonly number[] | undefined;
  readonly hands: readonly (Operands & Target)[];
}

export function regionFlowOf(def: OpDef): RegionFlow {
  const flows = def.flow ?? [];
  const operands = (name: string): readonly Operands[] =>
    def.operands.flatMap((p, from) => (p.name === name ? [{ from, rest: p.variadic === true }] : []));
  const target = (to: string, at = 0): Target => ({ region: def.regions.findIndex((r) => r.name === to), at });
  const decisions = def.regions.flatMap((r) => r.decidedBy ?? def.operands.map((p) => p.name));
  return {
    repeats: def.regions.some((r) => r.repeats === true || r.decidedBy === undefined),
    decides: [...new Set(decisions)].flatMap((d) => (typeof d === 'string' ? operands(d) : [])),
    starts: def.flow === undefined ? undefined : flows.flatMap((f) => (typeof f.from === 'string' ? operands(f.from).map((o) => ({ ...o, ...target(f.to, f.at) })) : [])),
    caught: def.regions.map((region) => new Map(region.catches.map((id) => [id, {
      decides: region.decidedBy === undefined ? undefined : decisions.flatMap((d) => (typeof d !== 'string' && d.terminator === id ? [d.operand] : [])),
      hands: flows.flatMap(({ from, to, at }) =>
        (typeof from === 'object' && from.region === region.name && from.terminators.includes(id) ? [{ from: from.skip ?? 0, rest: true, ...target(to, at) }] : [])),
    }]))),
  };
}
