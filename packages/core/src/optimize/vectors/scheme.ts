import { constant } from '../../build/value.ts';
import type { TracedValue } from '../../build/value.ts';
import { currentTrace } from '../../build/trace.ts';
import { swizzled } from '../../dialects/vector.ts';
import { array, scalarCount } from '../../ir/types.ts';
import type { ScalarType, Type, VectorType } from '../../ir/types.ts';
import { lanesOf } from '../../ops/elementwise.ts';
import { BY_ELEMENT, construct, eachPart, emit, ofScalars, scalarsOf } from '../parts/rows.ts';
import { NoParts, bufferAt, isParts, partsAt, valueAt } from '../parts/scheme.ts';
import type { Arg, PartsUse, Row, Scheme } from '../parts/scheme.ts';

type V = TracedValue;

/**
 * Vectors of `types` as one value for each component; the uses that `takes` holds of are computed component by component,
 * whatever they are on. Memory holds an array in place of a vector, as large.
 */
export function vectorScheme(types: ReadonlySet<Type>, takes: (use: PartsUse) => boolean): Scheme {
  const vectorIn = (type: Type): VectorType | undefined => (type.kind === 'array' ? vectorIn(type.element) : type.kind === 'vector' && types.has(type) ? type : undefined);
  const scheme: Scheme = {
    touches: (type) => vectorIn(type) !== undefined,
    takes,
    parts(type) {
      const of = vectorIn(type);
      return of === undefined ? undefined : Array.from({ length: of.size }, () => inPlace(type, of.element));
    },
    memory(element) {
      const of = vectorIn(element);
      return of === undefined ? undefined : array(of.element, scalarCount(element) ?? 1);
    },
    constant() {
      throw new NoParts(); // no constant is a vector
    },
    names: (name) => [name],
    row: (use) => (BY_ELEMENT.includes(use.def.id) ? 'same' : rowOf(use)),
    templates: new Map(),
  };
  const moves = eachPart(scheme);

  function rowOf(use: PartsUse): Row | undefined {
    const { def, operands: [first], results: [result] } = use;
    const ofArrays = first?.kind === 'array' || result?.kind === 'array';
    if (def.dialect === 'vector' && ofArrays && (first?.kind === 'array' || def.id === 'vector.construct')) return moves;
    if (def.traits.includes('elementwise')) return elementwise;
    return ROWS[def.id];
  }

  /** What an op gives, out of its components. */
  const given = (type: Type | undefined, components: readonly V[]): readonly V[] =>
    (type?.kind !== 'vector' || scheme.touches(type) ? components : [construct(type, components)]);

  const elementwise: Row = (args, { def, attrs, operands, results: [type] }) => {
    const columns = args.map((a, i) => componentsOf(a, operands[i]));
    return given(type, Array.from({ length: lanesOf(type) }, (_, k) => emit(def, columns.map((c) => c[k] as V), attrs)));
  };

  const load: Row = (args, { def, results: [type] }) => {
    const element = emit(def, [bufferAt(args, 0), valueAt(args, 1)]);
    const of = vectorIn(type as Type) as VectorType;
    const scalars = scalarsOf(element);
    return Array.from({ length: of.size }, (_, k) => ofScalars(inPlace(type as Type, of.element), scalars.filter((_v, i) => i % of.size === k)));
  };

  const ROWS: Readonly<Record<string, Row>> = {
    'buffer.load': load,
    'control.uniform_load': load,
    'buffer.store': (args, { operands: [, , type] }) => {
      const columns = partsAt(args, 2).map((p) => scalarsOf(p));
      const scalars = (columns[0] ?? []).flatMap((_, i) => columns.map((c) => c[i] as V));
      bufferAt(args, 0).store(valueAt(args, 1), construct(scheme.memory(type as Type) as Type, scalars));
      return [];
    },
    'vector.construct': (args, { operands, results: [type] }) => {
      const zero = () => Array.from({ length: lanesOf(type) }, () => zeroOf((type as VectorType).element));
      return given(type, operands.length === 0 ? zero() : args.flatMap((a, i) => componentsOf(a, operands[i])));
    },
    'vector.extract': (args, { operands: [from], index }) => {
      const components = componentsOf(args[0], from);
      const zero = zeroOf((from as VectorType).element);
      if (index !== undefined) return [components[index] ?? zero];
      const at = valueAt(args, 1);
      return [components.reduce((other, c, i) => at.eq(i).select(c, other), zero)];
    },
    'vector.insert': (args, { operands: [into], results: [type], index }) => {
      const value = valueAt(args, 2);
      const put = (old: V, i: number) => (index === undefined ? valueAt(args, 1).eq(i).select(value, old) : i === index ? value : old);
      return given(type, componentsOf(args[0], into).map(put));
    },
    'vector.swizzle': (args, { operands: [from], results: [type], attrs }) => {
      const components = componentsOf(args[0], from);
      return given(type, (swizzled(attrs['pattern'], lanesOf(from)) ?? []).map((i) => components[i] as V));
    },
    'vector.splat': (args, { results: [type] }) => given(type, Array.from({ length: lanesOf(type) }, () => valueAt(args, 0))),
    'vector.dot': (args, { operands: [type] }) => {
      const [a, b] = [componentsOf(args[0], type), componentsOf(args[1], type)];
      return [a.map((x, i) => x.mul(b[i] as V)).reduce((x, y) => x.add(y))];
    },
    'vector.reduce': (args, { operands: [type], attrs: { combine } }) => {
      const op = `arith.${combine?.kind === 'enum' ? combine.value : ''}`;
      return [componentsOf(args[0], type).reduce((x, y) => emit(op, [x, y]))];
    },
  };
  return scheme;
}

/** The components of an operand: a scalar is its own. */
function componentsOf(arg: Arg | undefined, type: Type | undefined): readonly V[] {
  if (isParts(arg)) return arg;
  const value = valueAt(arg === undefined ? [] : [arg], 0);
  return type?.kind === 'vector' ? Array.from({ length: type.size }, (_, i) => value.at(i)) : [value];
}

/** `type` with one component in place of each vector. */
function inPlace(type: Type, component: ScalarType): Type {
  return type.kind === 'array' ? array(inPlace(type.element, component), type.length) : component;
}

function zeroOf({ name, class: kind }: ScalarType): V {
  return constant(currentTrace('arith.constant'), name, kind === 'bool' ? false : 0);
}
