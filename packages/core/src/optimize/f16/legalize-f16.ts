import { scalar } from '../../ir/types.ts';
import { typeCell } from '../../registry/capabilities.ts';
import type { Pass } from '../../registry/plugin.ts';
import { inParts } from '../parts/program.ts';
import type { Convert } from '../parts/program.ts';
import { half } from './scheme.ts';

/** Makes f32 of the f16 of kernels. */
export const legalizeF16: Pass = {
  id: 'core.legalize-f16',
  summary: 'Computes the f16 of kernels in f32, rounded after each op, where the target has none.',
  run(program, { registry, target }) {
    const needed = target === undefined || typeCell(target.capabilities, 'f16').how === 'unavailable';
    return needed ? inParts(program, registry, half, widened) : program;
  },
};

/** A launch hands over an f32: every f16 is one. */
const widened: Convert = (value, to) => {
  const wide = to.value(scalar('f32'));
  to.insert(to.op('arith.cast', [value], [wide], { to: { kind: 'type', type: scalar('f32') } }));
  return [wide];
};
