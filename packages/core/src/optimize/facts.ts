import type { OpDef } from '../ops/op.ts';
import type { Registry } from '../registry/registry.ts';

/** What passes ask about an op, worked out of its record once. */
export interface PassFacts {
  readonly def: OpDef | undefined;
  /** Its one result is its attribute `value`. */
  readonly constant: boolean;
  /** It may stand wherever its operands are known, once or many times or not at all. */
  readonly movable: boolean;
  /** It may go where nothing uses its results. */
  readonly removable: boolean;
  /** Operands whose memory it reads, of an op that does nothing else; the first is all that core's own have. */
  readonly reads: readonly number[] | undefined;
  readonly terminator: boolean;
  /** By region: whether it is the body of a loop. */
  readonly repeats: readonly boolean[];
  /** The operand that alone decides which region runs, of an op whose regions say for which value they do; else -1. */
  readonly branchesOn: number;
}

const NOTHING: PassFacts = { def: undefined, constant: false, movable: false, removable: false, reads: undefined, terminator: false, repeats: [], branchesOn: -1 };

/** Records are frozen and live as long as their registry. */
const known = new WeakMap<OpDef, PassFacts>();

/** The facts of the op of that id; of an op that nobody registered, that nothing may be done with it. */
export function passFacts(id: string, registry: Registry): PassFacts {
  const def = registry.lookup(id);
  if (def === undefined) return NOTHING;
  let facts = known.get(def);
  if (facts === undefined) known.set(def, (facts = workOut(def)));
  return facts;
}

const STAY = ['terminator', 'barrier', 'collective', 'atomic'] as const;

function workOut(def: OpDef): PassFacts {
  const has = (trait: OpDef['traits'][number]) => def.traits.includes(trait);
  // A barrier or collective op gathers the invocations where it stands: not even a pure one may move.
  const free = def.regions.length === 0 && !STAY.some(has);
  const movable = free && has('pure') && def.effects.length === 0;
  const reads = free && def.level === 'kernel' && def.effects.length > 0 && def.effects.every((e) => e.kind === 'read');
  return {
    def,
    constant: has('constant'),
    movable,
    removable: movable || reads,
    reads: reads ? def.effects.flatMap((e) => (e.kind === 'read' ? [def.operands.findIndex((p) => p.name === e.on)] : [])) : undefined,
    terminator: has('terminator'),
    repeats: def.regions.map((r) => r.repeats === true),
    branchesOn: branchOperand(def),
  };
}

function branchOperand({ regions, operands }: OpDef): number {
  const deciders = new Set(regions.map((r) => (r.when === undefined || r.decidedBy?.length !== 1 ? undefined : r.decidedBy[0])));
  const [name] = deciders;
  return deciders.size === 1 && typeof name === 'string' ? operands.findIndex((p) => p.name === name) : -1;
}
