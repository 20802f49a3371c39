import type { ScalarValue } from '../ir/attributes.ts';
import type { Body, Op } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import { componentType } from '../ops/elementwise.ts';
import type { OpDef, Use } from '../ops/op.ts';
import type { Pass } from '../registry/plugin.ts';
import type { Registry } from '../registry/registry.ts';
import { eachBody } from './bodies.ts';
import { Constants, computed, constantOp } from './constants.ts';
import type { PassFacts } from './facts.ts';
import type { Rewriter, Visitor } from './rewrite.ts';
import { rewrite } from './rewrite.ts';

/** Computes what depends on constants alone, through each op's own meaning. */
export const fold: Pass = {
  id: 'core.fold',
  summary: 'Replaces ops on constants by their result, as the reference computes it, where that is exact, and branches on constants by the region that runs.',
  run: (program, { registry }) => eachBody(program, (body) => foldBody(body, registry)),
};

function foldBody(body: Body, registry: Registry): Body {
  const constant = constantOp(registry);
  if (constant === undefined) return body;
  return rewrite(body, registry, new Fold(body, constant));
}

class Fold implements Visitor {
  readonly #constants: Constants;
  readonly #constant: string;

  constructor({ valueTypes }: Body, constant: string) {
    this.#constants = new Constants(valueTypes.length);
    this.#constant = constant;
  }

  visit(op: Op, facts: PassFacts, to: Rewriter): Op | undefined {
    if (facts.branchesOn >= 0) return this.#branch(op, facts, to);
    if (facts.constant) this.#constants.see(op, facts);
    else if (facts.movable && op.operands.length > 0 && op.results.length === 1) {
      for (let i = 0; i < op.operands.length; i++) if (!this.#constants.has(op.operands[i] as number)) return op;
      return this.#folded(op, facts, to);
    }
    return op;
  }

  /** A branch on a constant is the ops of the region that runs, unless they lead elsewhere. */
  #branch(op: Op, { def, branchesOn }: PassFacts, to: Rewriter): Op | undefined {
    const decides = this.#constants.of(op.operands[branchesOn]);
    if (typeof decides !== 'boolean' || def === undefined) return op;
    const index = def.regions.findIndex((r) => r.when === decides);
    const region = op.regions[index];
    if (region === undefined) return op.results.length === 0 ? undefined : op;
    const last = region.ops.at(-1);
    if (last === undefined || def.regions[index]?.catches.includes(to.idOf(last)) !== true || last.operands.length !== op.results.length) return op;
    to.inline(region.ops.slice(0, -1));
    op.results.forEach((r, i) => to.replace(r, last.operands[i] as number));
    return undefined;
  }

  #folded(op: Op, { def }: PassFacts, to: Rewriter): Op {
    if (def === undefined) return op;
    const use: Use = { operands: op.operands.map((v) => to.typeOf(v)), results: op.results.map((v) => to.typeOf(v)), attrs: op.attrs };
    const values = op.operands.map((v) => this.#constants.of(v));
    if (!isExact(def, use) || values.some(isOdd)) return op;
    const attrs = computed(def, use, values);
    if (attrs === undefined) return op;
    const made = to.op(this.#constant, [], op.results, attrs);
    this.#constants.see(made, to.facts[made.name] as PassFacts);
    return made;
  }
}

/** Whether every backend gives the bits that the reference gives: always for what is no float, unless its record says otherwise, and where the record says so. */
function isExact({ accuracy }: OpDef, { operands, results }: Use): boolean {
  if (accuracy === 'exact') return true;
  const floats = (types: readonly Type[]) => types.map(componentType).flatMap((t) => (t.kind === 'scalar' && t.class === 'float' ? [t.name] : []));
  if (floats([...operands, ...results]).length === 0) return true;
  const inherits = accuracy === undefined || (typeof accuracy === 'object' && ('inherited' in accuracy || 'anyOf' in accuracy || 'firstOf' in accuracy));
  return (!inherits || floats(results).length > 0) && floats(results).every((name) => isExactOn(accuracy, name));
}

function isExactOn(accuracy: OpDef['accuracy'], float: string): boolean {
  if (typeof accuracy !== 'object') return false;
  return (float === 'f16' && 'f16' in accuracy && accuracy.f16 === 'exact') || (float === 'f32' && 'f32' in accuracy && accuracy.f32 === 'exact');
}

/** A float that is not finite: its bits may not survive, and backends promise less of it. */
function isOdd(value: ScalarValue | undefined): boolean {
  return typeof value === 'number' && !Number.isFinite(value);
}
