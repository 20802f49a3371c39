import type { Op, Region, ValueId } from '../ir/program.ts';
import type { BodyContext } from './context.ts';
import { DivergenceGraph } from './divergence.ts';
import type { OpFacts } from './facts.ts';
import { LIMITS } from './limits.ts';
import { idOf, valueName } from './path.ts';
import type { Operands, RegionFlow, Target } from './region-flow.ts';

/**
 * Proves that every barrier, and every other op that the workgroup does as one, stands in control flow that is uniform
 * over the workgroup, or reports it. The rules are those of the WGSL specification ("Uniformity Analysis"), so that a WGSL compiler accepts what is accepted here:
 * - after an op whose regions are left by a terminator that ends further out (a return in an `if`), control is as it
 *   is at the ends of those regions; otherwise it is as before the op;
 * - a loop's control depends on what decides it, on control at the end of its body, and on control at every break
 *   and continue: if one invocation may leave early, no later iteration has all of them, and what is carried differs.
 */
export function checkUniformity(c: BodyContext): void {
  if (c.level !== 'kernel' || !c.facts.some((f) => f.collective)) return;
  const build = new UniformityBuilder(c);
  build.build();
  build.graph.solve();
  for (const need of build.needs) if (!c.report.full && build.graph.differs(need.node)) report(c, build, need);
}

/** Something that has to be uniform: the control in which a collective op stands, or an operand of it. */
interface Need {
  readonly node: number;
  readonly op: Op;
  readonly operand: ValueId | undefined;
}

/** An op with regions, while it is walked, and the region of it that is. */
interface Frame {
  op: Op | undefined;
  facts: OpFacts | undefined;
  region: number;
  /** Control at the start of its regions. */
  entry: number;
  /** A terminator in it that is caught further out. */
  escape: Op | undefined;
}

class UniformityBuilder {
  readonly graph: DivergenceGraph;
  readonly needs: Need[] = [];
  /** Values that differ of themselves, and the ops that they come from. */
  readonly sources: ValueId[] = [];
  readonly sourceOps: Op[] = [];
  readonly #c: BodyContext;
  readonly #values: number;
  /** For each control node, the op with regions that made it. */
  readonly #makers: (Op | undefined)[] = [];
  /** For a control node after an op, the terminator by which invocations may have left. */
  readonly #escapes = new Map<number, Op>();
  /** Control at the ends of the regions that are being walked, where it is not as at their start. */
  readonly #ends: number[] = [];
  readonly #frames: Frame[] = Array.from({ length: LIMITS.depth + 1 }, () => ({ op: undefined, facts: undefined, region: 0, entry: 0, escape: undefined }));

  constructor(c: BodyContext) {
    this.#c = c;
    this.#values = c.body.valueTypes.length;
    this.graph = new DivergenceGraph(this.#values);
  }

  isControl(node: number): boolean {
    return node >= this.#values;
  }

  /** The op with regions that made a control node. */
  makerOf(node: number): Op | undefined {
    return this.#makers[node - this.#values];
  }

  escapeAt(node: number): Op | undefined {
    return this.#escapes.get(node);
  }

  /** Builds the graph of the whole body. */
  build(): void {
    const control = this.#control(undefined);
    this.graph.addUniform(control);
    for (const param of this.#c.body.region.args) this.graph.addUniform(param);
    this.#region(this.#c.body.region, control, 0);
  }

  #control(op: Op | undefined): number {
    this.#makers.push(op);
    return this.graph.addNode();
  }

  /** Walks a region of the op in the frame at `depth`, entered with `control`; returns control at its end. */
  #region(region: Region, control: number, depth: number): number {
    let at = control;
    const { ops } = region;
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i] as Op;
      const facts = this.#c.facts[op.name] as OpFacts;
      if (facts.collective) this.#need(op, facts, at);
      if (op.regions.length > 0) at = this.#withRegions(op, facts, at, depth + 1);
      else if (facts.terminator) this.#terminator(op, facts.id, at, depth);
      else this.#plain(op, facts);
    }
    return at;
  }

  #need(op: Op, facts: OpFacts, at: number): void {
    this.needs.push({ node: at, op, operand: undefined });
    // Where what a collective op gives or does is the same for all, that is because all ask for the same.
    if (facts.depends === 'nothing') for (const v of op.operands) this.needs.push({ node: v, op, operand: v });
  }

  #plain(op: Op, facts: OpFacts): void {
    switch (facts.depends) {
      case 'nothing':
        for (let i = 0; i < op.results.length; i++) this.graph.addUniform(op.results[i] as ValueId);
        return;
      case 'operands':
        return this.#edges(op.operands, op.results);
      case 'memory':
        return this.#readsConstants(op, facts) ? this.#edges(op.operands, op.results) : this.#differ(op.results, op);
      case 'invocation':
        return this.#differ(op.results, op);
    }
  }

  /** Whether all memory that the op reads is such that nothing writes it while the kernel runs. */
  #readsConstants(op: Op, facts: OpFacts): boolean {
    for (const { operand } of facts.accesses) {
      const type = this.#c.body.valueTypes[op.operands[operand] ?? -1];
      if (type?.kind !== 'buffer' || type.access !== 'read') return false;
    }
    return true;
  }

  #withRegions(op: Op, facts: OpFacts, before: number, depth: number): number {
    const frame = this.#frames[depth] as Frame;
    const entry = this.#control(op);
    frame.op = op;
    frame.facts = facts;
    frame.entry = entry;
    frame.escape = undefined;
    this.graph.addEdge(before, entry);
    if (facts.flow !== undefined) this.#start(op, facts.flow, entry);
    const firstEnd = this.#ends.length;
    for (let i = 0; i < op.regions.length; i++) {
      frame.region = i;
      const end = this.#region(op.regions[i] as Region, entry, depth);
      if (end === entry) continue;
      this.#ends.push(end);
      if (facts.flow?.repeats === true) this.graph.addEdge(end, entry);
    }
    for (let i = 0; i < op.results.length; i++) this.graph.addEdge(entry, op.results[i] as ValueId);
    let after = before;
    if (frame.escape !== undefined) {
      after = this.#control(op);
      this.#escapes.set(after, frame.escape);
      this.graph.addEdge(entry, after);
      for (let i = firstEnd; i < this.#ends.length; i++) this.graph.addEdge(this.#ends[i] as number, after);
    }
    this.#ends.length = firstEnd;
    return after;
  }

  /** What decides whether and how often regions run, and where operands go. */
  #start(op: Op, flow: RegionFlow, entry: number): void {
    for (const { from, rest } of flow.decides) {
      const end = rest ? op.operands.length : from + 1;
      for (let i = from; i < end && i < op.operands.length; i++) this.graph.addEdge(op.operands[i] as ValueId, entry);
    }
    if (flow.starts === undefined) {
      // Nothing is known of where values go: what comes out of the regions, or into them, may be anything.
      this.#differ(op.results, op);
      for (const region of op.regions) this.#differ(region.args, op);
      return;
    }
    for (const start of flow.starts) this.#hand(op.operands, start, op, entry);
  }

  /** A terminator goes to the innermost region that catches it, and takes its operands there. */
  #terminator(op: Op, id: string, at: number, depth: number): void {
    for (let d = depth; d > 0; d--) {
      const frame = this.#frames[d] as Frame;
      const catchers = frame.facts?.flow?.caught[frame.region];
      // Of an unknown op's regions nothing is known: they may catch anything.
      if (catchers === undefined || frame.op === undefined) return;
      const caught = catchers.get(id);
      if (caught === undefined) {
        frame.escape ??= op;
        continue;
      }
      if (frame.facts?.flow?.repeats === true && at !== frame.entry) this.graph.addEdge(at, frame.entry);
      if (caught.decides === undefined) for (const v of op.operands) this.graph.addEdge(v, frame.entry);
      else for (const k of caught.decides) if (k < op.operands.length) this.graph.addEdge(op.operands[k] as ValueId, frame.entry);
      for (const hand of caught.hands) this.#hand(op.operands, hand, frame.op, at);
      return;
    }
  }

  /** Hands values on in order, within `op`; who is handed what depends on control there as well. */
  #hand(values: readonly ValueId[], { from, rest, region, at }: Operands & Target, op: Op, control: number): void {
    const receivers = region < 0 ? op.results : op.regions[region]?.args;
    if (receivers === undefined) return;
    const end = rest ? values.length : from + 1;
    for (let i = from; i < end && i < values.length && at + i - from < receivers.length; i++) {
      const receiver = receivers[at + i - from] as ValueId;
      this.graph.addEdge(values[i] as ValueId, receiver);
      this.graph.addEdge(control, receiver);
    }
  }

  #edges(from: readonly ValueId[], to: readonly ValueId[]): void {
    for (let i = 0; i < from.length; i++) {
      for (let j = 0; j < to.length; j++) this.graph.addEdge(from[i] as ValueId, to[j] as ValueId);
    }
  }

  #differ(values: readonly ValueId[], op: Op): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as ValueId;
      this.sources.push(value);
      this.sourceOps.push(op);
      this.graph.addSource(value);
    }
  }
}

function report(c: BodyContext, build: UniformityBuilder, { node, op, operand }: Need): void {
  const way = build.graph.cause(node);
  const source = build.sourceOps[build.sources.indexOf(way.at(-1) as number)];
  const stands = `\`${idOf(c, op)}\``;
  const code = c.facts[op.name]?.def?.traits.includes('barrier') === true ? 'verify/divergent-barrier' : 'verify/divergent-collective';
  if (operand !== undefined) {
    const message = (name: (op: Op) => string) => `${stands}: operand ${valueName(c.body, operand)} is not uniform over the workgroup: it depends on ${source === undefined ? 'a value' : name(source)}`;
    return c.report.add(c, op, code, { ops: present([source]), message }, 'give every invocation of the workgroup the same operand');
  }
  // From the barrier back to the first value: the op whose regions that value decides.
  const value = way.findIndex((n) => !build.isControl(n));
  const decider = value < 1 ? undefined : build.makerOf(way[value - 1] as number);
  const left = way.slice(0, Math.max(value, 0)).map((n) => build.escapeAt(n)).find((e) => e !== undefined);
  const message = (name: (op: Op) => string) =>
    `${stands} stands in control flow that is not uniform over the workgroup: ${decider === undefined ? 'it' : name(decider)} depends on ${source === undefined ? 'a value' : name(source)}`
    + (left === undefined ? '' : `, and invocations leave through ${name(left)}`);
  c.report.add(c, op, code, { ops: present([decider, source, left]), message }, FIX);
}

function present(ops: readonly (Op | undefined)[]): readonly Op[] {
  return ops.filter((o) => o !== undefined);
}

const FIX = 'make the condition uniform (constants, launch values, workgroup ids, loads of `read` buffers at uniform indices), or move it to where every invocation passes';
