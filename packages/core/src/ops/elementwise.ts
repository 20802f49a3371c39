import type { RuntimeValue } from '../ir/attributes.ts';
import { vector } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import type { Meaning, ParamSpec, Use } from './op.ts';

/*
 * An elementwise op is declared on scalars. Each of its operands and results may be a vecN of what is declared, all
 * with the same N: the op then acts on each component by itself.
 */

/** Components of a value: 1 stands for a scalar. */
export type Lanes = 1 | 2 | 3 | 4;

/** How many components each operand of an elementwise op has, or a sentence that says where they differ. */
export function componentsOf(operands: readonly Type[], specs: readonly ParamSpec[]): Lanes | string {
  const [first] = operands;
  for (let i = 1; i < operands.length; i++) {
    const type = operands[i];
    if (lanesOf(type) === lanesOf(first)) continue;
    const name = specs[Math.min(i, specs.length - 1)]?.name ?? String(i);
    return `operand \`${name}\` is ${type?.spelling ?? 'missing'}, expected as many components as the ${first?.spelling ?? 'missing'} before it`;
  }
  return lanesOf(first);
}

/** Components of a value of type `type`. */
export function lanesOf(type: Type | undefined): Lanes {
  return type?.kind === 'vector' ? type.size : 1;
}

/** The type of one component. */
export function componentType(type: Type): Type {
  return type.kind === 'vector' ? type.element : type;
}

export function ofScalars(types: readonly Type[], lanes: Lanes): readonly Type[] {
  return lanes === 1 ? types : types.map(componentType);
}

export function ofVectors(types: readonly Type[], lanes: Lanes): readonly Type[] {
  return lanes === 1 ? types : types.map((type) => (type.kind === 'scalar' ? vector(type, lanes) : type));
}

/** One component of a use of an elementwise op: what its `cpuRef` is asked for. The same use where it has scalars. */
export function componentUse(use: Use): Use {
  const lanes = lanesOf(use.operands[0]);
  return lanes === 1 ? use : { operands: ofScalars(use.operands, lanes), results: ofScalars(use.results, lanes), attrs: use.attrs };
}

/** The meaning of a use on vectors of `lanes` components, each a frozen array of them, out of that of one component. */
export function onComponents(meaning: Meaning, lanes: Lanes): Meaning {
  if (lanes === 1) return meaning;
  const apply = meaning as (...components: readonly RuntimeValue[]) => RuntimeValue;
  return (...operands: readonly (readonly RuntimeValue[])[]) => Object.freeze(Array.from({ length: lanes }, (_, i) => apply(...operands.map((o) => o[i] as RuntimeValue))));
}
