import type { Body, Op, Region, ValueId } from '../ir/program.ts';
import type { Pass } from '../registry/plugin.ts';
import { eachBody } from './bodies.ts';
import type { PassFacts } from './facts.ts';
import type { Rewriter, Visitor } from './rewrite.ts';
import { rewrite } from './rewrite.ts';

/** Takes out of loops what every iteration computes alike. */
export const licm: Pass = {
  id: 'core.licm',
  summary: 'Moves pure ops out of loops that hand them the same operands in every iteration; out of branches it moves nothing.',
  run: (program, { registry }) => eachBody(program, (body) => rewrite(body, registry, new Hoist(body))),
};

/*
 * Every pure op is total, so that one which no iteration would have run does no harm; what reads memory stays, and so
 * does what has to gather the invocations of a workgroup.
 */
class Hoist implements Visitor {
  /** The depth of the region that defines each value. */
  readonly #depths: Uint8Array;
  /** By depth of an open region: the depth of the outermost loop body between which and it lie only loop bodies; itself + 1 where it is none. */
  readonly #outermost: number[] = [];
  #depth = -1;

  constructor({ valueTypes }: Body) {
    this.#depths = new Uint8Array(valueTypes.length);
  }

  enter(region: Region, depth: number, facts: PassFacts | undefined, index: number): void {
    const loop = facts?.repeats[index] === true;
    const outer = this.#outermost[depth - 1];
    this.#outermost[depth] = !loop ? depth + 1 : outer === undefined || outer > depth - 1 ? depth : outer;
    this.#depth = depth;
    for (let i = 0; i < region.args.length; i++) this.#depths[region.args[i] as ValueId] = depth;
  }

  leave(depth: number): void {
    this.#depth = depth - 1;
  }

  visit(op: Op, facts: PassFacts, to: Rewriter): Op | undefined {
    const depth = this.#depth;
    const { results } = op;
    const target = facts.movable ? this.#target(op.operands, depth) : depth;
    for (let i = 0; i < results.length; i++) this.#depths[results[i] as ValueId] = target;
    if (target === depth) return op;
    to.hoist(op, target);
    return undefined;
  }

  /** The depth at which an op on `operands` may stand. */
  #target(operands: readonly ValueId[], depth: number): number {
    const outermost = this.#outermost[depth] as number;
    if (outermost > depth) return depth;
    let target = outermost - 1;
    for (let i = 0; i < operands.length; i++) target = Math.max(target, this.#depths[operands[i] as ValueId] as number);
    return target;
  }
}
