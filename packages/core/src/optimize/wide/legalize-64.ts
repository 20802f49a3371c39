import { scalarAttribute } from '../../ir/attributes.ts';
import type { ValueId } from '../../ir/program.ts';
import { scalar } from '../../ir/types.ts';
import { typeCell } from '../../registry/capabilities.ts';
import type { Pass, PassTarget } from '../../registry/plugin.ts';
import { inParts } from '../parts/program.ts';
import type { Convert } from '../parts/program.ts';
import { wide } from './scheme.ts';

const WIDE = ['i64', 'u64'] as const;

/** Makes pairs of u32 out of the 64-bit integers of kernels. */
export const legalize64: Pass = {
  id: 'core.legalize-64',
  summary: 'Computes the 64-bit integers of kernels in pairs of u32, where the target has none.',
  run: (program, { registry, target }) => (isNeeded(target) ? inParts(program, registry, wide, words) : program),
};

function isNeeded(target: PassTarget | undefined): boolean {
  return target === undefined || WIDE.some((type) => typeCell(target.capabilities, type).how === 'unavailable');
}

/** A launch hands over two words for each parameter that became two. */
const words: Convert = (value, to, constant) => {
  const cast = (of: ValueId): ValueId => {
    const word = to.value(scalar('u32'));
    to.insert(to.op('arith.cast', [of], [word], { to: { kind: 'type', type: scalar('u32') } }));
    return word;
  };
  const [count, shifted] = [to.value(scalar('u32')), to.value(to.typeOf(value))];
  to.insert(to.op(constant, [], [count], { value: scalarAttribute('u32', 32) }));
  to.insert(to.op('arith.shr', [value, count], [shifted]));
  return [cast(value), cast(shifted)];
};
