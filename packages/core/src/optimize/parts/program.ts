import type { Op, Program, ValueId } from '../../ir/program.ts';
import type { Type } from '../../ir/types.ts';
import type { Registry } from '../../registry/registry.ts';
import { shown } from '../../text/json.ts';
import { constantOp } from '../constants.ts';
import type { PassFacts } from '../facts.ts';
import type { Rewriter } from '../rewrite.ts';
import { rewrite } from '../rewrite.ts';
import type { Scheme } from './scheme.ts';
import { splitKernel } from './split.ts';

/** What a launch hands over for a scalar that became parts: ops before it may compute them. */
export type Convert = (value: ValueId, to: Rewriter, constant: string) => readonly ValueId[];

/**
 * `program` with each kernel in the parts of `scheme`, and launches that hand over what `convert` makes of arguments. A
 * kernel with something that has no parts stays as it is: planning says what the backend lacks.
 */
export function inParts(program: Program, registry: Registry, scheme: Scheme, convert: Convert): Program {
  const made = program.kernels.map((k) => splitKernel(k, registry, scheme) ?? k);
  if (made.every((k, i) => k === program.kernels[i])) return program;
  const isSplit = (type: Type) => type.kind !== 'buffer' && scheme.touches(type);
  /** By kernel: which of its parameters became parts. */
  const split = new Map(program.kernels.map((k, i) => [k.name, k === made[i] ? [] : k.params.map((p) => isSplit(p.type))]));
  const constant = constantOp(registry) ?? '';
  const body = rewrite(program.body, registry, { visit: (op, facts, to) => launched(op, facts, to, split, (v) => convert(v, to, constant)) });
  return shown({ ...program, kernels: made, body });
}

function launched(op: Op, { def }: PassFacts, to: Rewriter, bySplit: ReadonlyMap<string, readonly boolean[]>, convert: (value: ValueId) => readonly ValueId[]): Op {
  const effect = def?.effects.find((e) => e.kind === 'launch');
  const { kernel } = op.attrs;
  const split = kernel?.kind === 'symbol' ? (bySplit.get(kernel.name) ?? []) : [];
  if (def === undefined || effect?.kind !== 'launch' || !split.includes(true)) return op;
  const first = def.operands.findIndex((p) => p.name === effect.args);
  return to.changed(op, op.operands.flatMap((v, i) => (i >= first && split[i - first] === true ? convert(v) : [v])), op.regions);
}
