import { scalarAttribute } from '../../ir/attributes.ts';
import type { Op, Program, ValueId } from '../../ir/program.ts';
import { scalar } from '../../ir/types.ts';
import { typeCell } from '../../registry/capabilities.ts';
import type { Pass, PassTarget } from '../../registry/plugin.ts';
import type { Registry } from '../../registry/registry.ts';
import { shown } from '../../text/json.ts';
import { constantOp } from '../constants.ts';
import type { PassFacts } from '../facts.ts';
import type { Rewriter } from '../rewrite.ts';
import { rewrite } from '../rewrite.ts';
import { isWide, splitKernel } from './split.ts';

const WIDE = ['i64', 'u64'] as const;

/** Makes pairs of u32 out of the 64-bit integers of kernels. */
export const legalize64: Pass = {
  id: 'core.legalize-64',
  summary: 'Computes the 64-bit integers of kernels in pairs of u32, where the target has none.',
  run: (program, { registry, target }) => (isNeeded(target) ? split(program, registry) : program),
};

function isNeeded(target: PassTarget | undefined): boolean {
  return target === undefined || WIDE.some((type) => typeCell(target.capabilities, type).how === 'unavailable');
}

/** A kernel with an op that has no pairs stays as it is: planning says what the backend lacks. */
function split(program: Program, registry: Registry): Program {
  const made = program.kernels.map((k) => splitKernel(k, registry) ?? k);
  if (made.every((k, i) => k === program.kernels[i])) return program;
  /** By kernel: which of its parameters became two. */
  const halves = new Map(program.kernels.map((k, i) => [k.name, k === made[i] ? [] : k.params.map((p) => isWide(p.type))]));
  const constant = constantOp(registry) ?? '';
  const body = rewrite(program.body, registry, { visit: (op, facts, to) => splitLaunch(op, facts, to, halves, constant) });
  return shown({ ...program, kernels: made, body });
}

/** A launch hands over two words for each parameter that became two. */
function splitLaunch(op: Op, { def }: PassFacts, to: Rewriter, halves: ReadonlyMap<string, readonly boolean[]>, constant: string): Op {
  const effect = def?.effects.find((e) => e.kind === 'launch');
  const { kernel } = op.attrs;
  const split = kernel?.kind === 'symbol' ? (halves.get(kernel.name) ?? []) : [];
  if (def === undefined || effect?.kind !== 'launch' || !split.includes(true)) return op;
  const first = def.operands.findIndex((p) => p.name === effect.args);
  const cast = (value: ValueId): ValueId => {
    const word = to.value(scalar('u32'));
    to.insert(to.op('arith.cast', [value], [word], { to: { kind: 'type', type: scalar('u32') } }));
    return word;
  };
  const wordsOf = (value: ValueId): readonly ValueId[] => {
    const [count, shifted] = [to.value(scalar('u32')), to.value(to.typeOf(value))];
    to.insert(to.op(constant, [], [count], { value: scalarAttribute('u32', 32) }));
    to.insert(to.op('arith.shr', [value, count], [shifted]));
    return [cast(value), cast(shifted)];
  };
  const operands = op.operands.flatMap((v, i) => (i >= first && split[i - first] === true ? wordsOf(v) : [v]));
  return to.changed(op, operands, op.regions);
}
