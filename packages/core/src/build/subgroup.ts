import { scalarAttribute } from '../ir/attributes.ts';
import type { Attributes } from '../ir/attributes.ts';
import { scalar } from '../ir/types.ts';
import type { Region } from '../ir/program.ts';
import { captureSite } from './span.ts';
import { currentTrace } from './trace.ts';
import type { Combines, Components, In, Scalar, Value } from './types.ts';
import { asValue, coreOp, mustBeTraced, wrap } from './value.ts';

type Numeric = Exclude<Scalar, 'bool'>;
interface Combining<S extends Numeric> {
  readonly combine: Combines<S>;
}

interface SubgroupFunctions {
  /** Lanes of a subgroup; the last one of a workgroup may have fewer. */
  size(): Value<'u32'>;
  /** The invocation's index in its subgroup. */
  lane(): Value<'u32'>;
  /** A bit for each lane: lane n is bit n % 32 of component n / 32. */
  ballot(condition: In<'bool'>): Value<'vec4<u32>'>;
  /** Whether the condition holds in every lane. */
  all(condition: In<'bool'>): Value<'bool'>;
  /** Whether the condition holds in a lane. */
  any(condition: In<'bool'>): Value<'bool'>;
  /** The value of another lane; zero where the subgroup has no such lane. */
  shuffle<S extends Numeric>(value: Components<S, 1>, lane: In<'u32'>): Components<S, 1>;
  shuffle_xor<S extends Numeric>(value: Components<S, 1>, mask: In<'u32'>): Components<S, 1>;
  shuffle_up<S extends Numeric>(value: Components<S, 1>, delta: In<'u32'>): Components<S, 1>;
  shuffle_down<S extends Numeric>(value: Components<S, 1>, delta: In<'u32'>): Components<S, 1>;
  /** The value of one lane, for all. */
  broadcast<S extends Numeric>(value: Components<S, 1>, options: { readonly lane: number }): Components<S, 1>;
  /** The values of all lanes combined. */
  reduce<S extends Numeric>(value: Components<S, 1>, options: Combining<S>): Components<S, 1>;
  /** The values of the lanes up to this one combined. */
  inclusive_scan<S extends Numeric>(value: Components<S, 1>, options: Combining<S>): Components<S, 1>;
  /** The values of the lanes below this one combined; the neutral value in lane 0. */
  exclusive_scan<S extends Numeric>(value: Components<S, 1>, options: Combining<S>): Components<S, 1>;
}

/** What the lanes of a subgroup tell each other; in kernels, in control flow that is uniform over the workgroup. */
export const subgroup: SubgroupFunctions = {
  size: () => emit('subgroup.size', []),
  lane: () => emit('subgroup.lane', []),
  ballot: (condition) => emit('subgroup.ballot', [condition], {}, 'bool'),
  all: (condition) => emit('subgroup.all', [condition], {}, 'bool'),
  any: (condition) => emit('subgroup.any', [condition], {}, 'bool'),
  shuffle: (value, lane) => emit('subgroup.shuffle', [value, lane]),
  shuffle_xor: (value, mask) => emit('subgroup.shuffle_xor', [value, mask]),
  shuffle_up: (value, delta) => emit('subgroup.shuffle_up', [value, delta]),
  shuffle_down: (value, delta) => emit('subgroup.shuffle_down', [value, delta]),
  broadcast: (value, { lane }) => emit('subgroup.broadcast', [value], { lane: scalarAttribute('u32', lane) }),
  reduce: (value, { combine }) => emit('subgroup.reduce', [value], { combine: { kind: 'enum', value: combine } }),
  inclusive_scan: (value, { combine }) => emit('subgroup.inclusive_scan', [value], { combine: { kind: 'enum', value: combine } }),
  exclusive_scan: (value, { combine }) => emit('subgroup.exclusive_scan', [value], { combine: { kind: 'enum', value: combine } }),
};

const NO_REGIONS: readonly Region[] = [];

/** Emits an op with the author's line: the verifier may have to say where it stands. A literal is a `literal`. */
function emit(id: string, operands: readonly unknown[], attrs: Attributes = {}, literal: 'bool' | 'u32' = 'u32'): never {
  const trace = currentTrace(id);
  const values = operands.map((o, i) => (i === 0 && literal === 'u32' ? mustBeTraced(trace, o, `the operand of ${id}`) : asValue(trace, o, scalar(literal))));
  const [result] = trace.emit(coreOp(id), values, attrs, NO_REGIONS, undefined, captureSite(2));
  return wrap(trace, result as number) as never;
}
