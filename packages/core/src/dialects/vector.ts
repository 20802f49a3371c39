import type { Attribute, Attributes, RuntimeValue, ScalarValue } from '../ir/attributes.ts';
import { fromBits } from '../ir/attributes.ts';
import { MOST_SCALARS, scalarCount, scalarOf, vector as vectorType } from '../ir/types.ts';
import type { ArrayType, ScalarType, Type, VectorType } from '../ir/types.ts';
import { defineDialect, defineOp } from '../ops/op.ts';
import type { Meaning, OpSpec } from '../ops/op.ts';
import { COMBINES, combination, combinedTypes } from './combine.ts';
import type { Combine } from './combine.ts';
import { NUMBERS } from './meaning.ts';

/*
 * Vectors and fixed arrays are values: an op gives a new one. As JavaScript holds them they are frozen arrays of their
 * components or elements. An index that is out of bounds extracts zero and inserts nothing.
 */
const common = { dialect: 'vector', version: '1.0.0', category: 'intrinsic', level: 'both' } as const;

type Value = RuntimeValue;
type List = readonly Value[];

/** Whether a value in a register may have the type: computed scalars, vectors and arrays of them, of at most `MOST_SCALARS`. */
export function isRegisterType(type: Type): boolean {
  return (scalarOf(type)?.computed ?? false) && (scalarCount(type) ?? Infinity) <= MOST_SCALARS;
}

/** Zero of a type that a register may have. */
export function zeroOf(type: Type): Value {
  switch (type.kind) {
    case 'scalar':
      return fromBits(type.name, 0n);
    case 'vector':
      return Object.freeze(new Array<Value>(type.size).fill(zeroOf(type.element)));
    case 'array':
      return Object.freeze(new Array<Value>(type.length).fill(zeroOf(type.element)));
    case 'buffer':
    case 'handle':
    case 'opaque':
      throw new RangeError(`${type.spelling} has no zero`);
  }
}

const construct = defineOp({
  ...common, id: 'vector.construct',
  summary: 'A vector out of scalars and shorter vectors that add up to it, or an array out of its elements, in order; with no operands, all of it is zero.',
  operands: [{ name: 'components', type: 'any', variadic: true }], results: [{ name: 'result', type: 'any' }], attrs: { type: { kind: 'type' } },
  traits: ['pure'], accuracy: 'exact',
  infer: (operands, { type }) => {
    if (type?.kind !== 'type' || !isComposite(type.type) || !isRegisterType(type.type)) return `attribute \`type\` is no vector of a computed scalar, and no array of such with at most ${MOST_SCALARS} scalars`;
    return constructFault(operands, type.type) ?? [type.type];
  },
  cpuRef: ({ operands, results }) => {
    const [type] = results;
    if (type === undefined || operands.length === 0) return type === undefined ? undefined : () => zeroOf(type);
    const flat = type.kind === 'vector';
    return ((...parts: List) => Object.freeze(flat ? parts.flat() : [...parts]));
  },
} satisfies OpSpec);

function constructFault(operands: readonly Type[], type: VectorType | ArrayType): string | undefined {
  if (operands.length === 0) return undefined;
  const fits = (t: Type) => (type.kind === 'array' ? t === type.element : t === type.element || (t.kind === 'vector' && t.element === type.element));
  const odd = operands.find((t) => !fits(t));
  if (odd !== undefined) return `operand \`components\` holds ${odd.spelling}, expected ${type.element.spelling}${type.kind === 'vector' ? ' or shorter vectors of it' : ''} for a ${type.spelling}`;
  const given = type.kind === 'array' ? operands.length : operands.reduce((sum, t) => sum + (t.kind === 'vector' ? t.size : 1), 0);
  const wanted = lengthOf(type);
  return given === wanted ? undefined : `operand \`components\` adds up to ${given}, a ${type.spelling} has ${wanted}`;
}

const extract = defineOp({
  ...common, id: 'vector.extract', summary: 'One component of a vector, or one element of an array; zero where the index is out of bounds.',
  operands: [{ name: 'from', type: 'any' }, { name: 'index', type: 'u32' }], results: [{ name: 'result', type: 'any' }],
  traits: ['pure'], accuracy: 'exact',
  infer: ([from]) => (from !== undefined && isComposite(from) ? [from.element] : notComposite('from', from)),
  cpuRef: ({ results: [type] }) => {
    if (type === undefined) return undefined;
    const zero = zeroOf(type);
    return ((from: List, index: number) => from[index] ?? zero);
  },
} satisfies OpSpec);

const insert = defineOp({
  ...common, id: 'vector.insert', summary: 'The vector or array with one component or element replaced; unchanged where the index is out of bounds.',
  operands: [{ name: 'into', type: 'any' }, { name: 'index', type: 'u32' }, { name: 'value', type: 'any' }], results: [{ name: 'result', type: 'any' }],
  traits: ['pure'], accuracy: 'exact',
  infer: ([into, , value]) => {
    if (into === undefined || !isComposite(into)) return notComposite('into', into);
    return value === into.element ? [into] : `operand \`value\` is ${value?.spelling ?? 'missing'}, expected ${into.element.spelling}`;
  },
  cpuRef: () => ((into: List, index: number, value: Value) => Object.freeze(into.map((old, i) => (i === index ? value : old)))),
} satisfies OpSpec);

const LETTERS = 'xyzw';

/** The components that a swizzle picks, by index; undefined where the pattern is none of the vector. */
export function swizzled(pattern: Attribute | undefined, size: number): readonly number[] | undefined {
  if (pattern?.kind !== 'string' || pattern.value.length < 1 || pattern.value.length > 4) return undefined;
  const picked = Array.from(pattern.value, (letter) => LETTERS.indexOf(letter));
  return picked.every((i) => i >= 0 && i < size) ? picked : undefined;
}

const swizzle = defineOp({
  ...common, id: 'vector.swizzle', summary: 'Components by letter, in any order and repeated: one letter of x, y, z, w gives a scalar, more give a vector.',
  operands: [{ name: 'from', type: 'any' }], results: [{ name: 'result', type: 'any' }], attrs: { pattern: { kind: 'string' } },
  traits: ['pure'], accuracy: 'exact',
  infer: ([from], { pattern }) => {
    if (from?.kind !== 'vector') return `operand \`from\` is ${from?.spelling ?? 'missing'}, expected a vector`;
    const picked = swizzled(pattern, from.size);
    if (picked === undefined) return `attribute \`pattern\` is not one to four of ${LETTERS.slice(0, from.size).split('').join(', ')}`;
    return [picked.length === 1 ? from.element : vectorType(from.element, picked.length as 2 | 3 | 4)];
  },
  cpuRef: ({ operands: [from], attrs }) => {
    const picked = swizzled(attrs['pattern'], from?.kind === 'vector' ? from.size : 0);
    if (picked === undefined) return undefined;
    const [only] = picked;
    return (picked.length === 1 ? (v: List) => v[only as number] : (v: List) => Object.freeze(picked.map((i) => v[i]))) as Meaning;
  },
} satisfies OpSpec);

const splat = defineOp({
  ...common, id: 'vector.splat', summary: 'A vector with the scalar in each of its `size` components.',
  operands: [{ name: 'value', type: 'any' }], results: [{ name: 'result', type: 'any' }], attrs: { size: { kind: 'u32' } },
  traits: ['pure'], accuracy: 'exact',
  infer: ([value], { size }) => {
    if (value?.kind !== 'scalar') return `operand \`value\` is ${value?.spelling ?? 'missing'}, expected a scalar`;
    const n = size?.kind === 'scalar' ? Number(size.bits) : 0;
    return n === 2 || n === 3 || n === 4 ? [vectorType(value, n)] : 'attribute `size` is not 2, 3 or 4';
  },
  cpuRef: ({ results: [type] }) => (type?.kind === 'vector' ? (((value: Value) => Object.freeze(new Array<Value>(type.size).fill(value)))) : undefined),
} satisfies OpSpec);

const dot = defineOp({
  ...common, id: 'vector.dot', summary: 'The sum of the products of components, from the first on; integers wrap.',
  operands: [{ name: 'a', type: 'any' }, { name: 'b', type: 'any' }], results: [{ name: 'result', type: 'any' }],
  traits: ['pure', 'commutative'], accuracy: 'reordered',
  infer: ([a, b]) => {
    if (a?.kind !== 'vector' || !(NUMBERS as readonly string[]).includes(a.element.name)) return `operand \`a\` is ${a?.spelling ?? 'missing'}, expected a vector of numbers`;
    return a === b ? [a.element] : `operand \`b\` is ${b?.spelling ?? 'missing'}, expected ${a.spelling}, like the operand before it`;
  },
  cpuRef: ({ results: [type] }) => {
    const [mul, add] = [pairwise('mul', type), pairwise('add', type)];
    return mul === undefined || add === undefined ? undefined : (((a: List, b: List) => a.map((x, i) => mul(x, b[i] as Value)).reduce(add)));
  },
} satisfies OpSpec);

const reduce = defineOp({
  ...common, id: 'vector.reduce', summary: 'The components combined into one, from the first on; add, mul, min and max on numbers, and, or and xor on integers and bool.',
  operands: [{ name: 'from', type: 'any' }], results: [{ name: 'result', type: 'any' }], attrs: { combine: { kind: 'enum', values: COMBINES } },
  traits: ['pure'], accuracy: 'reordered',
  infer: ([from], attrs) => {
    if (from?.kind !== 'vector') return `operand \`from\` is ${from?.spelling ?? 'missing'}, expected a vector`;
    return combineFault(from.element, attrs) ?? [from.element];
  },
  cpuRef: ({ results: [type], attrs }) => {
    const f = pairwise(combineOf(attrs) ?? '', type);
    return f === undefined ? undefined : (((v: List) => v.reduce(f)));
  },
} satisfies OpSpec);

/** The `combine` attribute of a reduction or scan. */
export function combineOf(attrs: Attributes): Combine | undefined {
  const { combine } = attrs;
  return combine?.kind === 'enum' ? COMBINES.find((c) => c === combine.value) : undefined;
}

/** What is wrong with combining values of `type`, as the answer of `infer`. */
export function combineFault(type: ScalarType, attrs: Attributes): string | undefined {
  const combine = combineOf(attrs);
  if (combine === undefined) return `attribute \`combine\` is not one of ${COMBINES.join(', ')}`;
  const allowed = combinedTypes(combine);
  return allowed.includes(type.name) ? undefined : `attribute \`combine\` is ${combine}, which is on ${allowed.join(', ')} and not on ${type.spelling}`;
}

/** The meaning of combining two, or undefined. */
function pairwise(combine: string, type: Type | undefined) {
  return combination(combine, type) as ((a: Value, b: Value) => ScalarValue) | undefined;
}

function isComposite(type: Type): type is VectorType | ArrayType {
  return type.kind === 'vector' || type.kind === 'array';
}

function lengthOf(type: VectorType | ArrayType): number {
  return type.kind === 'vector' ? type.size : type.length;
}

function notComposite(name: string, type: Type | undefined): string {
  return `operand \`${name}\` is ${type?.spelling ?? 'missing'}, expected a vector or an array`;
}

/** Vectors and fixed arrays as values; arithmetic on vectors is the elementwise ops of `arith` and `math`. */
export const vector = defineDialect({
  id: 'vector', version: '1.0.0', summary: 'Building vectors and fixed arrays, and taking them apart.',
  ops: [construct, extract, insert, swizzle, splat, dot, reduce],
});

