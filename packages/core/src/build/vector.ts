import { scalarAttribute } from '../ir/attributes.ts';
import { parseType } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import { currentTrace } from './trace.ts';
import type { ArrayTy, Combines, Components, ElementOf, In, Lanes, Operand, Scalar, Value, Vector } from './types.ts';
import { asValue, coreOp, emitOne, isTraced, mustBeTraced } from './value.ts';
import type { TracedValue } from './value.ts';

const CONSTRUCT = coreOp('vector.construct'), SPLAT = coreOp('vector.splat');

type Many = Exclude<Lanes, 1>;
type ScalarOf<T> = T extends `vec${Many}<${infer S extends Scalar}>` ? S : never;
/** A component, or a shorter vector of components. */
type Part<S extends Scalar> = Operand<S, 1> | Components<S, 2> | Components<S, 3>;

interface VectorFunctions {
  /**
   * A value of that type: a vector out of scalars, literals and shorter vectors that add up to it, an array out of its
   * elements. With nothing given, all of it is zero.
   */
  construct<const T extends Vector>(type: T, ...components: readonly Part<ScalarOf<T>>[]): Value<T>;
  construct<const T extends ArrayTy>(type: T, ...elements: readonly In<ElementOf<T>>[]): Value<T>;
  /** A vector with the scalar in each component. */
  splat<S extends Scalar, const N extends Many>(value: Components<S, 1>, size: N): Components<S, N>;
  /** One component or element; zero where the index is out of bounds. */
  extract<S extends Scalar, N extends Many>(from: Components<S, N>, index: In<'u32'>): Components<S, 1>;
  extract<T extends ArrayTy>(from: Value<T>, index: In<'u32'>): Value<ElementOf<T>>;
  /** The value with one component or element replaced; unchanged where the index is out of bounds. */
  insert<S extends Scalar, N extends Many>(into: Components<S, N>, index: In<'u32'>, value: Operand<S, 1>): Components<S, N>;
  insert<T extends ArrayTy>(into: Value<T>, index: In<'u32'>, value: In<ElementOf<T>>): Value<T>;
  /** The sum of the products of components. */
  dot<S extends Exclude<Scalar, 'bool'>, N extends Many>(a: Components<S, N>, b: Operand<S, N>): Components<S, 1>;
  /** All components combined into one. */
  reduce<S extends Scalar, N extends Many>(from: Components<S, N>, options: { readonly combine: Combines<S> }): Components<S, 1>;
}

/** Vectors and fixed arrays; in kernels and in programs. Their values have methods for the same: `v.x`, `v.at(i)`, `v.dot(w)`. */
export const vector: VectorFunctions = {
  construct: (type: string, ...parts: readonly unknown[]): never => {
    const trace = currentTrace('vector.construct');
    const made = parseType(type);
    const like: Type = made.kind === 'vector' || made.kind === 'array' ? made.element : made;
    const operands = parts.map((part) => (isTraced(part) ? part : asValue(trace, part, like)));
    return emitOne(trace, CONSTRUCT, operands, { type: { kind: 'type', type: made } }) as never;
  },
  splat: (value: unknown, size: number): never => {
    const trace = currentTrace('vector.splat');
    return emitOne(trace, SPLAT, [mustBeTraced(trace, value, 'the operand of vector.splat')], { size: scalarAttribute('u32', size) }) as never;
  },
  extract: (from: unknown, index: unknown): never => own(from, 'vector.extract').at(index as number) as never,
  insert: (into: unknown, index: unknown, value: unknown): never => own(into, 'vector.insert').with(index as number, value as number) as never,
  dot: (a: unknown, b: unknown): never => own(a, 'vector.dot').dot(b as number) as never,
  reduce: (from: unknown, { combine }: { readonly combine: string }): never => own(from, 'vector.reduce').reduce(combine) as never,
} satisfies { [K in keyof VectorFunctions]: (...args: never[]) => unknown };

/** The first operand, with its methods. */
function own(x: unknown, id: string): TracedValue {
  const trace = currentTrace(id);
  const traced = mustBeTraced(trace, x, `the first operand of ${id}`);
  return asValue(trace, traced, traced.type);
}
