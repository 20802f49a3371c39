import type { Body, Op, Region, ValueId } from '../ir/program.ts';
import type { Pass } from '../registry/plugin.ts';
import type { Registry } from '../registry/registry.ts';
import { eachBody } from './bodies.ts';
import { BodyEdit } from './edit.ts';
import type { PassFacts } from './facts.ts';

/** Drops what nothing asks for. */
export const dce: Pass = {
  id: 'core.dce',
  summary: 'Drops pure ops and loads whose results nothing uses, and branches that do nothing.',
  run: (program, { registry }) => eachBody(program, (body) => new Sweep(body, registry).run()),
};

/** One walk from the end to the start: every use of a value stands behind its definition. */
class Sweep extends BodyEdit {
  readonly #used: Uint8Array;

  constructor(body: Body, registry: Registry) {
    super(body, registry);
    this.#used = new Uint8Array(body.valueTypes.length);
  }

  run(): Body {
    return this.finish(this.#region(this.body.region));
  }

  #region(region: Region): Region {
    const { ops } = region;
    /** From the end; undefined while nothing has changed. */
    let kept: Op[] | undefined;
    for (let i = ops.length - 1; i >= 0; i--) {
      const op = ops[i] as Op;
      const made = this.#isNeeded(op) ? this.#kept(op) : undefined;
      if (made === op && kept === undefined) continue;
      kept ??= ops.slice(i + 1).toReversed();
      if (made !== undefined) kept.push(made);
    }
    return kept === undefined ? region : { args: region.args, ops: kept.toReversed() };
  }

  #kept(op: Op): Op {
    const { operands, regions } = op;
    for (let i = 0; i < operands.length; i++) this.#used[operands[i] as ValueId] = 1;
    if (regions.length === 0) return op;
    const made = regions.map((r) => this.#region(r));
    if (made.every((r, i) => r === regions[i])) return op;
    this.source = op;
    return this.changed(op, operands, made);
  }

  #isNeeded(op: Op): boolean {
    const { results } = op;
    for (let i = 0; i < results.length; i++) if (this.#used[results[i] as ValueId] === 1) return true;
    return !this.#isIdle(op);
  }

  /**
   * Whether nothing but the results of `op` shows that it ran. A loop is not: whether it ends is not known; nor is a
   * branch with a way out of it.
   */
  #isIdle(op: Op): boolean {
    const facts = this.facts[op.name] as PassFacts;
    if (facts.removable) return true;
    if (op.regions.length === 0 || facts.def === undefined || facts.def.effects.length > 0 || facts.repeats.includes(true)) return false;
    const { regions } = facts.def;
    return op.regions.every((region, i) => {
      const spec = regions[i];
      if (spec?.decidedBy === undefined) return false;
      const last = region.ops.length - 1;
      return region.ops.every((inner, at) => (at === last ? spec.catches.includes(this.idOf(inner)) : this.#isIdle(inner)));
    });
  }
}
