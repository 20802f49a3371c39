import type { Op, Region, ValueId } from '../ir/program.ts';
import type { BodyContext } from './context.ts';
import type { OpFacts } from './facts.ts';
import { valueName } from './path.ts';
import { Scopes } from './scopes.ts';

/**
 * Reports uses of a handle that was ended for certain: by an op before in the same region or in one around it. What
 * depends on the way a program takes (a free in one branch, in a loop's earlier iteration) shows when it runs.
 */
export function checkLifetimes(c: BodyContext): void {
  if (c.level !== 'host' || !c.facts.some((f) => f.frees.length > 0)) return;
  new LifetimeWalk(c).region(c.body.region, 0);
}

class LifetimeWalk {
  readonly #c: BodyContext;
  /** Handles that were ended, where that is certain. */
  readonly #ended: Scopes;
  /** What a view is a view of, as value id + 1; 0 for a handle that is no view. */
  readonly #bases: Uint32Array;
  readonly #endedBy = new Map<ValueId, Op>();

  constructor(c: BodyContext) {
    this.#c = c;
    this.#ended = new Scopes(c.body.valueTypes.length);
    this.#bases = new Uint32Array(c.body.valueTypes.length);
  }

  region(region: Region, depth: number): void {
    this.#ended.open(depth);
    for (let i = 0; i < region.ops.length && !this.#c.report.full; i++) {
      const op = region.ops[i] as Op;
      const facts = this.#c.facts[op.name] as OpFacts;
      for (let k = 0; k < op.operands.length; k++) this.#use(op, facts, k);
      for (let r = 0; r < op.regions.length; r++) this.region(op.regions[r] as Region, depth + 1);
      for (const { result, of } of facts.views) this.#view(op.results[result], op.operands[of]);
      for (const k of facts.frees) this.#end(op, op.operands[k], depth);
    }
    this.#ended.close(depth);
  }

  #use(op: Op, facts: OpFacts, operand: number): void {
    const c = this.#c;
    const value = op.operands[operand] as ValueId;
    const base = this.#base(value);
    if (!this.#ended.sees(base)) return;
    const by = this.#endedBy.get(base);
    const name = valueName(c.body, value);
    const again = facts.frees.includes(operand);
    const what = again ? `ends ${name} a second time` : base === value ? `uses ${name}` : `uses ${name}, a view of ${valueName(c.body, base)},`;
    const message = (named: (op: Op) => string) => `\`${facts.id}\` ${what} after ${by === undefined ? 'it was ended' : `${named(by)} ended it`}`;
    c.report.add(c, op, 'verify/use-after-free', { ops: by === undefined ? [] : [by], message },
      again ? 'end a handle once; one that is not ended is released after its last use' : 'move the use before, or leave the handle to be released after its last use');
  }

  #view(view: ValueId | undefined, of: ValueId | undefined): void {
    if (view !== undefined && of !== undefined && view !== of) this.#bases[view] = this.#base(of) + 1;
  }

  #end(op: Op, value: ValueId | undefined, depth: number): void {
    if (value === undefined || this.#ended.sees(value)) return;
    // Ending a view is an error of its own when the program runs, and leaves the base as it is.
    this.#ended.mark(value, depth);
    this.#endedBy.set(value, op);
  }

  #base(value: ValueId): ValueId {
    const base = this.#bases[value] as number;
    return base === 0 ? value : base - 1;
  }
}
