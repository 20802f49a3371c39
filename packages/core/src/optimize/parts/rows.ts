import { currentTrace } from '../../build/trace.ts';
import type { Traced } from '../../build/trace.ts';
import { coreOp, wrap } from '../../build/value.ts';
import type { TracedValue } from '../../build/value.ts';
import { NO_ATTRIBUTES } from '../../ir/attributes.ts';
import type { Attributes } from '../../ir/attributes.ts';
import type { ValueId } from '../../ir/program.ts';
import { array, scalarCount, vector } from '../../ir/types.ts';
import type { ScalarType, Type } from '../../ir/types.ts';
import type { OpDef } from '../../ops/op.ts';
import { isParts } from './scheme.ts';
import type { Row, Scheme } from './scheme.ts';

type V = TracedValue;

/** Emits a use of an op with one result. */
export function emit(op: OpDef | string, operands: readonly Traced[], attrs: Attributes = NO_ATTRIBUTES): V {
  const def = typeof op === 'string' ? coreOp(op) : op;
  const trace = currentTrace(def.id);
  const [id] = trace.emit(def, operands, attrs);
  return wrap(trace, id as ValueId);
}

/** A vector or array of that type. */
export function construct(type: Type, components: readonly V[]): V {
  return emit('vector.construct', components, { type: { kind: 'type', type } });
}

/** The same op on each part, for ops that move values and look at none: parts have the shape of the whole. */
export function eachPart(scheme: Scheme): Row {
  return (args, { def, attrs, results: [result] }) =>
    (result === undefined ? [] : (scheme.parts(result) ?? [])).map((_, k) =>
      emit(def, args.map((a) => (isParts(a) ? (a[k] as V) : a)), Object.fromEntries(Object.entries(attrs).map(([name, a]) =>
        [name, a.kind === 'type' && scheme.touches(a.type) ? { ...a, type: scheme.parts(a.type)?.[k] ?? a.type } : a]))));
}

/** Ops that move values, and look at none. */
export const MOVES: readonly string[] = [
  'vector.construct', 'vector.extract', 'vector.insert', 'vector.swizzle', 'vector.splat',
  'subgroup.shuffle', 'subgroup.shuffle_xor', 'subgroup.shuffle_up', 'subgroup.shuffle_down', 'subgroup.broadcast',
];

/** Ops that do to a buffer of other elements, as large, what they did: places and counts are those of elements. */
export const BY_ELEMENT: readonly string[] = ['buffer.length', 'buffer.async_copy'];

/** `type` with other scalars. */
export function withScalars(type: Type, of: ScalarType): Type {
  return type.kind === 'vector' ? vector(of, type.size) : type.kind === 'array' ? array(withScalars(type.element, of), type.length) : of;
}

/** The scalars of a value, in the order of memory. */
export function scalarsOf(value: V, type: Type = value.type): readonly V[] {
  if (type.kind !== 'vector' && type.kind !== 'array') return [value];
  const { element } = type;
  const length = type.kind === 'vector' ? type.size : type.length;
  return Array.from({ length }, (_, i) => value.at(i)).flatMap((part) => scalarsOf(part, element));
}

/** A value of that type out of its scalars. */
export function ofScalars(type: Type, scalars: readonly V[]): V {
  if (type.kind !== 'vector' && type.kind !== 'array') return scalars[0] as V;
  const { element } = type;
  const each = scalarCount(element) ?? 1;
  return construct(type, Array.from({ length: scalars.length / each }, (_, i) => ofScalars(element, scalars.slice(i * each, (i + 1) * each))));
}
