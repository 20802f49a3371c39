import type { TracedValue } from '../../build/value.ts';
import { fromBits, scalarAttribute } from '../../ir/attributes.ts';
import { array, scalar, scalarCount, scalarOf } from '../../ir/types.ts';
import type { Type } from '../../ir/types.ts';
import { BY_ELEMENT, MOVES, construct, eachPart, emit, ofScalars, scalarsOf, withScalars } from '../parts/rows.ts';
import { bufferAt, isParts, partsAt, valueAt } from '../parts/scheme.ts';
import type { Arg, PartsUse, Row, Scheme } from '../parts/scheme.ts';
import { bitsOfF16, roundToF16, valueOfF16 } from './rounding.ts';

type V = TracedValue;

const F32 = scalar('f32');
const U32 = scalar('u32');
const U16 = scalar('u16');

/**
 * f16 as f32 values that an f16 can have: every op that may give another one is rounded. Memory holds the bits: in
 * halves of words, or in whole words where an element fills them, so that no store meets another one in a word.
 */
export const half: Scheme = {
  touches: (type) => scalarOf(type)?.name === 'f16',
  parts: (type) => [withScalars(type, F32)],
  memory(element) {
    const count = scalarCount(element) ?? 1;
    const [of, length] = count % 2 === 0 ? [U32, count / 2] : [U16, count];
    return length === 1 ? of : array(of, length);
  },
  constant: ({ type, bits }) => [scalarAttribute('f32', fromBits(type.name, bits))],
  names: (name) => [name],
  row: (use) => (BY_ELEMENT.includes(use.def.id) ? 'same' : rowOf(use)),
  templates: new Map(),
};

const moves = eachPart(half);

function rowOf(use: PartsUse): Row | undefined {
  const { def } = use;
  if (MOVES.includes(def.id)) return moves;
  const row = ROWS[def.id];
  if (row !== undefined) return row;
  if (EXACT.has(def.id)) return plain;
  return def.dialect === 'math' || ROUNDED.has(def.id) ? once : undefined;
}

const inF32 = (args: readonly Arg[]): readonly V[] => args.map((a, i) => (isParts(a) ? (a[0] as V) : valueAt(args, i)));
/** The op itself, on f32. */
const plain: Row = (args, { def, attrs }) => [emit(def, inF32(args), attrs)];
/** The same, rounded: once more than the exact result, which is as good as once for `+ - * /` and roots: f32 has two bits more than twice those of f16. */
const once: Row = (args, { def, attrs }) => [roundToF16(emit(def, inF32(args), attrs))];

/** Ops that give a value that an f16 has for such values, or no float. */
const EXACT: ReadonlySet<string> = new Set([
  ...['neg', 'abs', 'min', 'max', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'select'].map((name) => `arith.${name}`),
  ...['floor', 'ceil', 'round', 'trunc', 'sign', 'is_nan', 'is_inf', 'is_finite'].map((name) => `math.${name}`),
]);
const ROUNDED: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div', 'abs_diff'].map((name) => `arith.${name}`));

/** Whether a way of combining leaves the values that an f16 has. */
const picks = ({ attrs: { combine } }: PartsUse) => combine?.kind === 'enum' && (combine.value === 'min' || combine.value === 'max');
const across: Row = (args, use) => (picks(use) ? plain : once)(args, use);

const components = (v: V): readonly V[] => scalarsOf(v);
const round = roundToF16;

/**
 * a * b is exact in f32. The sum is rounded to odd, which makes rounding it again as good as rounding it once: what it
 * lost, by Knuth's two-sum, moves the last bit where that is 0. See `dialects/fma.ts`.
 */
function fma(a: V, b: V, c: V): V {
  const product = a.mul(b);
  const sum = product.add(c);
  const ofC = sum.sub(product);
  const lost = product.sub(sum.sub(ofC)).add(c.sub(ofC));
  const bits = sum.bitcast('u32');
  const toOdd = lost.gt(0).eq(sum.gt(0)).select(bits.add(1), bits.sub(1));
  // Nothing was lost, or the sum is no number; what is lost of an infinite sum is not a number either.
  const isOdd = bits.and(1).ne(0).or(lost.eq(0)).or(lost.isFinite().not());
  return round(isOdd.select(bits, toOdd).bitcast('f32'));
}

function cast(value: V, { operands: [from], results: [to] }: PartsUse): V {
  const [source, target] = [from, to].map((t) => (t === undefined ? undefined : scalarOf(t)?.name));
  if (source === target || (source === 'f16' && target === 'f32')) return value;
  if (target === undefined) throw new RangeError('a cast to nothing');
  // An integer that f32 has to round is one that is infinite as f16.
  return target === 'f16' ? round(value.to('f32')) : value.to(target);
}

/** The bits of an element, as they were loaded, as a value of that type. */
function unpacked(type: Type, element: V): V {
  const words = scalarsOf(element);
  const bits = (scalarCount(type) ?? 1) % 2 === 0 ? words.flatMap((w) => [w.and(0xffff), w.shr(16)]) : words;
  return ofScalars(withScalars(type, F32), bits.map(valueOfF16));
}

function packed(type: Type, value: V): V {
  const bits = scalarsOf(value).map(bitsOfF16);
  const memory = half.memory(type) as Type;
  const words = bits.length % 2 === 0 ? Array.from({ length: bits.length / 2 }, (_, i) => (bits[2 * i] as V).or((bits[2 * i + 1] as V).shl(16))) : bits;
  return memory.kind === 'array' ? construct(array(U32, words.length), words) : (words[0] as V);
}

const load: Row = (args, { def, results: [type] }) => [unpacked(type as Type, emit(def, [bufferAt(args, 0), valueAt(args, 1)]))];

const ROWS: Readonly<Record<string, Row>> = {
  'buffer.load': load,
  'control.uniform_load': load,
  'buffer.store': (args, { operands: [, , type] }) => {
    bufferAt(args, 0).store(valueAt(args, 1), packed(type as Type, partsAt(args, 2)[0] as V));
    return [];
  },
  'arith.cast': (args, use) => [cast(inF32(args)[0] as V, use)],
  'arith.bitcast': (args) => inF32(args).slice(0, 1),
  'arith.rem': (args) => {
    const [a, b] = inF32(args) as [V, V];
    return [round(a.sub(round(b.mul(round(a.div(b)).trunc()))))];
  },
  'arith.fma': (args) => {
    const [a, b, c] = inF32(args) as [V, V, V];
    return [fma(a, b, c)];
  },
  'arith.pack2xf16': (args) => {
    const [lo, hi] = components(inF32(args)[0] as V).map(bitsOfF16) as [V, V];
    return [lo.or(hi.shl(16))];
  },
  'arith.unpack2xf16': (args, { results: [type] }) => [unpacked(type as Type, valueAt(args, 0))],
  'vector.dot': (args) => {
    const [a, b] = inF32(args).map(components) as [readonly V[], readonly V[]];
    return [a.map((x, i) => round(x.mul(b[i] as V))).reduce((x, y) => round(x.add(y)))];
  },
  'vector.reduce': (args, { attrs: { combine } }) => {
    const name = combine?.kind === 'enum' ? combine.value : '';
    const exact = EXACT.has(`arith.${name}`);
    return [components(inF32(args)[0] as V).reduce((x, y) => (exact ? emit(`arith.${name}`, [x, y]) : round(emit(`arith.${name}`, [x, y]))))];
  },
  'subgroup.reduce': across,
  'subgroup.inclusive_scan': across,
  'subgroup.exclusive_scan': across,
};
