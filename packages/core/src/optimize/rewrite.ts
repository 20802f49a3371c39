import type { Body, Op, Region, ValueId } from '../ir/program.ts';
import type { Registry } from '../registry/registry.ts';
import { BodyEdit } from './edit.ts';
import type { PassFacts } from './facts.ts';

/** What a pass does with the ops of a body, one after the other in program order. */
export interface Visitor {
  /**
   * `op` has its operands replaced already, and its regions are still to come. Gives what stands in its place: `op` to
   * keep it, an op with the same results, or undefined where there is none and every use of its results was replaced.
   */
  visit(op: Op, facts: PassFacts, to: Rewriter): Op | undefined;
  /** Region `index` of `op` begins at `depth`; the body's own is at 0 and has no op. */
  enter?(region: Region, depth: number, facts: PassFacts | undefined, index: number): void;
  leave?(depth: number): void;
}

/** `body` as `visitor` changes it: one walk over its ops. The same body where it changes nothing. */
export function rewrite(body: Body, registry: Registry, visitor: Visitor): Body {
  return new Rewriter(body, registry, visitor).run();
}

/** The ops of an open region as far as they are made: undefined while they are its own. */
interface Level {
  readonly ops: readonly Op[];
  at: number;
  out: Op[] | undefined;
}

export class Rewriter extends BodyEdit {
  readonly #visitor: Visitor;
  /** By value: what is used in its place, plus one; 0 for itself. */
  readonly #instead: Int32Array;
  #replaced = false;
  readonly #levels: Level[] = [];

  constructor(body: Body, registry: Registry, visitor: Visitor) {
    super(body, registry);
    this.#visitor = visitor;
    this.#instead = new Int32Array(body.valueTypes.length);
  }

  run(): Body {
    return this.finish(this.#region(this.body.region, undefined, 0));
  }

  /** Later uses of `value` become uses of `by`. */
  replace(value: ValueId, by: ValueId): void {
    this.#instead[value] = this.resolved(by) + 1;
    this.#replaced = true;
  }

  /** What is used in place of `value`. */
  resolved(value: ValueId): ValueId {
    const by = this.#instead[value];
    return by === undefined || by === 0 ? value : by - 1;
  }

  /** Puts `op` before the one that is looked at. */
  insert(op: Op): void {
    this.hoist(op, this.#levels.length - 1);
  }

  /** Puts `op` before what is looked at in the open region at `depth`: an op around it. */
  hoist(op: Op, depth: number): void {
    const level = this.#levels[depth];
    if (level === undefined) throw new RangeError(`no region is open at depth ${depth}`);
    (level.out ??= level.ops.slice(0, level.at)).push(op);
    if (op !== this.source) this.note(op);
  }

  #region(region: Region, facts: PassFacts | undefined, index: number): Region {
    const visitor = this.#visitor;
    const { ops } = region;
    const level: Level = { ops, at: 0, out: undefined };
    const depth = this.#levels.push(level) - 1;
    visitor.enter?.(region, depth, facts, index);
    for (let i = 0; i < ops.length; i++) {
      level.at = i;
      this.#visit(ops[i] as Op, level);
    }
    visitor.leave?.(depth);
    this.#levels.pop();
    return level.out === undefined ? region : { args: region.args, ops: level.out };
  }

  /** Puts ops before the one that is looked at, each as the visitor changes it. */
  inline(ops: readonly Op[]): void {
    const level = this.#levels.at(-1);
    if (level === undefined) throw new RangeError('no region is open');
    level.out ??= level.ops.slice(0, level.at);
    for (const op of ops) this.#visit(op, level);
  }

  #visit(op: Op, level: Level): void {
    this.source = op;
    const mapped = this.#replaced ? this.#mapped(op) : op;
    let made = this.#visitor.visit(mapped, this.facts[op.name] as PassFacts, this);
    if (made !== undefined && made.regions.length > 0) made = this.#withRegions(made, op);
    if (made === op && level.out === undefined) return;
    level.out ??= level.ops.slice(0, level.at);
    if (made === undefined) return;
    if (made !== op && made === mapped) {
      this.source = op;
      this.note(made);
    }
    level.out.push(made);
  }

  #withRegions(op: Op, source: Op): Op {
    const { regions } = op;
    const facts = this.facts[op.name] as PassFacts;
    let made: Region[] | undefined;
    for (let i = 0; i < regions.length; i++) {
      const region = regions[i] as Region;
      const inner = this.#region(region, facts, i);
      if (inner !== region) (made ??= [...regions])[i] = inner;
    }
    if (made === undefined) return op;
    this.source = source;
    return this.changed(op, op.operands, made);
  }

  /** `op` with its operands replaced. It is noted only if it is kept. */
  #mapped(op: Op): Op {
    const { operands } = op;
    const instead = this.#instead;
    for (let i = 0; i < operands.length; i++) {
      const by = instead[operands[i] as ValueId];
      if (by !== undefined && by !== 0) return { name: op.name, operands: this.#resolvedAll(operands), results: op.results, attrs: op.attrs, regions: op.regions };
    }
    return op;
  }

  #resolvedAll(operands: readonly ValueId[]): readonly ValueId[] {
    const out: ValueId[] = new Array<ValueId>(operands.length);
    for (let i = 0; i < operands.length; i++) out[i] = this.resolved(operands[i] as ValueId);
    return out;
  }
}
