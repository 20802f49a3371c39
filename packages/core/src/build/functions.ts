import type { Attribute, Attributes } from '../ir/attributes.ts';
import { scalarAttribute } from '../ir/attributes.ts';
import { parseType } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import type { AttrSpec, Dialect, OpDef, OpSpec, ParamSpec, TypedOp } from '../ops/op.ts';
import { currentTrace } from './trace.ts';
import type { Trace, Traced } from './trace.ts';
import type { AnyValue, BufferView, In, Lanes, Scalar, Shape, Ty, Value } from './types.ts';
import { asValue, describe, isTraced, likeVector, wrap } from './value.ts';

type VarsOf<S extends OpSpec> = S['typeVars'] extends Readonly<Record<string, readonly string[]>> ? S['typeVars'] : Record<never, never>;
/** What a parameter pattern takes, under an assignment `E` of the type variables, with `N` components. */
type Arg<E, T extends string, N extends Lanes> = T extends keyof E ? In<Shaped<E[T] & Ty, N>> : T extends `buffer<${string}>` ? BufferView : T extends Ty ? In<Shaped<T, N>> : AnyValue;
type Res<E, T extends string, N extends Lanes> = T extends keyof E ? Value<Shaped<E[T] & Ty, N>> : T extends Ty ? Value<Shaped<T, N>> : AnyValue;
type Shaped<T extends Ty, N extends Lanes> = T extends Scalar ? Shape<T, N> : T;
type Args<P extends readonly ParamSpec[], E, N extends Lanes> = P extends readonly [infer H extends ParamSpec, ...infer R extends readonly ParamSpec[]]
  ? H['variadic'] extends true
    ? readonly AnyValue[]
    : readonly [Arg<E, H['type'], N>, ...Args<R, E, N>]
  : readonly [];
type AttrValue<A extends AttrSpec> = A extends { kind: 'enum'; values: readonly (infer V)[] } ? V : A extends { kind: 'bool' } ? boolean : A extends { kind: 'u64' | 'i64' } ? bigint : A extends { kind: 'u32' | 'i32' | 'f32' } ? number : string;
type AttrsArg<S extends OpSpec> = S['attrs'] extends Readonly<Record<string, AttrSpec>> ? [attrs?: { readonly [K in keyof S['attrs']]?: AttrValue<S['attrs'][K]> }] : [];
type Out<S extends OpSpec, E, N extends Lanes> = S['results'] extends readonly [] ? void : S['results'] extends readonly [infer R extends ParamSpec] ? Res<E, R['type'], N> : readonly AnyValue[];
/** One environment for each type that the op's variable may stand for; each becomes an overload. */
type Envs<S extends OpSpec> = [EnvsOf<S>] extends [never] ? Record<never, never> : EnvsOf<S>;
type EnvsOf<S extends OpSpec> = keyof VarsOf<S> extends never ? never : { [K in keyof VarsOf<S>]: VarsOf<S>[K] extends readonly (infer U)[] ? (U extends Scalar ? { [P in K]: U } : never) : never }[keyof VarsOf<S>];
/** An elementwise op takes vectors too. */
type Sizes<S extends OpSpec> = S extends { readonly traits: readonly (infer T)[] } ? ('elementwise' extends T ? Lanes : 1) : 1;
type FnFor<S extends OpSpec, E, N extends Lanes> = E extends E ? (N extends N ? (...args: [...Args<S['operands'], E, N>, ...AttrsArg<S>]) => Out<S, E, N> : never) : never;
type Overloads<U> = (U extends U ? (f: U) => void : never) extends (f: infer I) => void ? I : never;
type SpecOf<O> = O extends TypedOp<infer S> ? S : OpSpec;

/** The typed function of an op: operands in order, then an optional record of attributes. */
export type OpFunction<S extends OpSpec> = Overloads<FnFor<S, Envs<S>, Sizes<S>>>;
/** The functions of a dialect, by what follows the first dot of the op's id. */
export type OpFunctions<D extends Dialect> = {
  readonly [O in D['ops'][number] as O['id'] extends `${string}.${infer N}` ? N : never]: OpFunction<SpecOf<O>>;
};

/** Typed functions for the ops of a dialect, to be called in traced bodies: inferred from its records. */
export function functionsOf<const D extends Dialect>(dialect: D): OpFunctions<D> {
  return Object.freeze(Object.fromEntries(dialect.ops.map((op) => [op.id.slice(op.id.indexOf('.') + 1), callOf(op)]))) as OpFunctions<D>;
}

function callOf(op: OpDef): (...args: unknown[]) => unknown {
  const attrCount = Object.keys(op.attrs).length;
  return (...args) => {
    const trace = currentTrace(op.id);
    const last = args.at(-1);
    const hasAttrs = attrCount > 0 && typeof last === 'object' && last !== null && !isTraced(last);
    const given = hasAttrs ? args.slice(0, -1) : args;
    const ids = trace.emit(op, operandsOf(trace, op, given), attributesOf(trace, op, (hasAttrs ? last : {}) as Readonly<Record<string, unknown>>));
    const values = ids.map((id) => wrap(trace, id));
    return op.results.length === 0 ? undefined : op.results.length === 1 && op.results[0]?.variadic !== true ? values[0] : values;
  };
}

function operandsOf(trace: Trace, op: OpDef, given: readonly unknown[]): readonly Traced[] {
  const { minOperands, maxOperands } = op.signature;
  if (given.length < minOperands || given.length > maxOperands) {
    throw trace.fail('build/operand', `\`${op.id}\` takes ${op.operands.map((p) => p.name).join(', ') || 'no operands'}: ${given.length} given`, 'pass one argument for each operand');
  }
  const spec = (i: number) => op.operands[Math.min(i, op.operands.length - 1)];
  // A literal takes the type of another operand of the same type variable.
  const bound = new Map<string, Type>();
  given.forEach((g, i) => {
    const pattern = spec(i)?.type;
    if (isTraced(g) && pattern !== undefined) bound.set(pattern, g.type);
  });
  const vector = op.traits.includes('elementwise') ? given.find((g): g is Traced => isTraced(g) && g.type.kind === 'vector') : undefined;
  return given.map((g, i) => {
    if (isTraced(g)) return vector === undefined ? g : asValue(trace, g, vector.type);
    const p = spec(i);
    const component = p === undefined ? undefined : p.type in op.typeVars ? bound.get(p.type) : exactType(p.type);
    const like = vector === undefined || component === undefined ? component : likeVector(component, vector.type);
    if (like === undefined) throw trace.fail('build/operand', `operand \`${p?.name ?? i}\` of \`${op.id}\` is ${describe(g)}: its type does not follow`, 'pass a value, or give the literal a type, for example with u32(1)');
    return asValue(trace, g, like);
  });
}

function exactType(pattern: string): Type | undefined {
  return pattern === 'any' || pattern.startsWith('buffer<') ? undefined : parseType(pattern);
}

/** Attributes as an author gives them: numbers, strings and booleans, checked against the record. */
export function attributesOf(trace: Trace, op: OpDef, given: Readonly<Record<string, unknown>>): Attributes {
  for (const name of Object.keys(given)) {
    if (!(name in op.attrs)) throw trace.fail('build/operand', `\`${op.id}\` has no attribute \`${name}\``, `its attributes are ${Object.keys(op.attrs).join(', ') || '(none)'}`);
  }
  const out: Record<string, Attribute> = {};
  for (const [name, spec] of Object.entries(op.attrs)) {
    const value = given[name] ?? ('default' in spec ? spec.default : undefined);
    const made = value === undefined ? undefined : attributeOf(spec, value);
    if (made === undefined) throw trace.fail('build/operand', `attribute \`${name}\` of \`${op.id}\` is ${describe(value)}`, `pass ${spec.kind === 'enum' ? `one of ${spec.values.join(', ')}` : `a ${spec.kind}`}`);
    out[name] = made;
  }
  return out;
}

function attributeOf(spec: AttrSpec, value: unknown): Attribute | undefined {
  switch (spec.kind) {
    case 'u32':
    case 'i32':
    case 'f32':
    case 'u64':
    case 'i64':
      return typeof value === 'number' || typeof value === 'bigint' ? scalarAttribute(spec.kind, value) : undefined;
    case 'bool':
      return typeof value === 'boolean' ? { kind: 'bool', value } : undefined;
    case 'enum':
      return typeof value === 'string' && spec.values.includes(value) ? { kind: 'enum', value } : undefined;
    case 'string':
      return typeof value === 'string' ? { kind: 'string', value } : undefined;
    case 'symbol':
      return typeof value === 'string' ? { kind: 'symbol', name: value } : undefined;
    case 'type':
      return typeof value === 'string' ? { kind: 'type', type: parseType(value) } : undefined;
    case 'list':
      return Array.isArray(value) && value.every((v) => typeof v === 'string') ? { kind: 'list', items: value.map((v: string) => ({ kind: 'string', value: v })) } : undefined;
    case 'scalar':
      return isScalarAttribute(value) ? value : undefined;
  }
}

function isScalarAttribute(x: unknown): x is Attribute {
  return typeof x === 'object' && x !== null && (x as Attribute).kind === 'scalar';
}
