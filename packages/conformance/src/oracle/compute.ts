import { meaningOf } from '@sluice/core';
import type { OpDef, RuntimeValue, Use } from '@sluice/core';
import type { Known } from './value.ts';

/** How the value ops of a run compute: asked once for each op, then called for each time that it runs. */
export type Compute = (def: OpDef, use: Use) => (operands: readonly Known[]) => Known;

/** Every op gives exactly what its meaning gives. */
export const exactly: Compute = (def, use) => {
  const meaning = meaningOf(def, use) as ((...operands: readonly unknown[]) => RuntimeValue) | undefined;
  if (meaning === undefined) throw new RangeError(`the oracle does not know ${def.id}`);
  return (operands) => meaning(...operands);
};
