import { NO_ATTRIBUTES, scalarAttribute } from '../../ir/attributes.ts';
import type { Kernel, Op, Region } from '../../ir/program.ts';
import { scalar } from '../../ir/types.ts';
import type { Pass } from '../../registry/plugin.ts';
import type { Registry } from '../../registry/registry.ts';
import { shown } from '../../text/json.ts';
import { eachKernel } from '../bodies.ts';
import { constantOp } from '../constants.ts';
import type { PassFacts } from '../facts.ts';
import type { Rewriter, Visitor } from '../rewrite.ts';
import { rewrite } from '../rewrite.ts';
import { Ranges } from './ranges.ts';

/** Decides conditions that the ranges of their operands decide: the guards that an author wrote around proved indices. */
export const range: Pass = {
  id: 'core.range',
  summary: 'Replaces comparisons that ranges of values decide, such as a guard within a guard or a loop bound tested again, by what they give.',
  run(program, { registry }) {
    const constant = constantOp(registry);
    if (constant === undefined) return program;
    const kernels = eachKernel(program.kernels, (kernel) => decided(kernel, registry, constant));
    return kernels === program.kernels ? program : shown({ ...program, kernels });
  },
};

function decided(kernel: Kernel, registry: Registry, constant: string): Kernel {
  const body = rewrite(kernel.body, registry, new Decide(kernel, constant));
  return body === kernel.body ? kernel : shown({ ...kernel, body });
}

const BOOL = scalar('bool');

class Decide implements Visitor {
  readonly #ranges: Ranges;
  readonly #constant: string;
  /** By depth of an open region: the op that was visited last in it, whose regions may be open. */
  readonly #last: ({ readonly op: Op; readonly facts: PassFacts } | undefined)[] = [];
  #depth = -1;

  constructor(kernel: Kernel, constant: string) {
    this.#ranges = new Ranges(kernel);
    this.#constant = constant;
  }

  enter(region: Region, depth: number, facts: PassFacts | undefined, index: number): void {
    this.#ranges.enter(this.#last[depth - 1]?.op, facts, region, index);
    this.#last[depth] = undefined;
    this.#depth = depth;
  }

  leave(depth: number): void {
    this.#ranges.leave();
    this.#depth = depth - 1;
  }

  visit(op: Op, facts: PassFacts, to: Rewriter): Op {
    const before = this.#last[this.#depth];
    if (before !== undefined) this.#ranges.after(before.op, before.facts);
    this.#last[this.#depth] = { op, facts };
    this.#ranges.see(op, facts);
    const [result] = op.results;
    if (!facts.movable || facts.constant || result === undefined || op.results.length !== 1 || to.typeOf(result) !== BOOL) return op;
    const holds = this.#ranges.decided(result);
    if (holds === undefined) return op;
    const made = to.op(this.#constant, [], op.results, { ...NO_ATTRIBUTES, value: scalarAttribute('bool', holds) });
    this.#ranges.see(made, to.facts[made.name] as PassFacts);
    return made;
  }
}
