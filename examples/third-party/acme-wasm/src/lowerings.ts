import { SluiceError, scalarCount, scalarOf } from '@sluice/core';
import type { Emitter, Exits, KernelIr, Op, Type } from '@sluice/core';
import type { WasmType } from './assemble.js';

/*
 * A value is the index of its local; an array is as many locals in a row as it has elements, a buffer two: the address of its
 * first element, and the count of them.
 * A line is instructions as text, `fresh('i64')` is a new local of that type.
 */
type Wasm = (op: Op, ctx: Emitter<number>, code?: KernelCode) => readonly number[];
/** The kernel that is lowered, for the ops of this backend that need more than their operands. */
export interface KernelCode {
  readonly kernel: KernelIr;
  /** The errors that a launch ends with, by the number that the code calls `event` with, beside a value. */
  readonly events: ((value: number, invocation: readonly number[]) => SluiceError)[];
}

/** Locals that every kernel starts with: ids by axis in this order, three each. */
const IDS = ['kernel.local_id', 'kernel.workgroup_id', 'kernel.workgroup_count'] as const;
export const ID_LOCALS = 9;
/** Bytes at the start of memory that stay zero: what a load out of bounds reads. */
export const ZEROES = 16;

/** Scalars of kernels and of memory: how they lie in locals, and how they are loaded and stored. */
const SCALARS: Readonly<Record<string, { readonly wasm: WasmType; readonly bytes: number; readonly load: string; readonly store: string }>> = {
  bool: { wasm: 'i32', bytes: 0, load: '', store: '' },
  ...Object.fromEntries((['i32', 'i64', 'f32'] as const).flatMap((wasm) => [wasm, wasm.replace('i', 'u')].map((name) => [name, { wasm, bytes: wasm === 'i64' ? 8 : 4, load: `${wasm}.load`, store: `${wasm}.store` }]))),
  ...Object.fromEntries([8, 16].flatMap((bits) => ['i', 'u'].map((sign) => [`${sign}${bits}`, { wasm: 'i32' as const, bytes: bits / 8, load: `i32.load${bits}_${sign === 'i' ? 's' : 'u'}`, store: `i32.store${bits}` }]))),
};

/** How a scalar, or an array of scalars, lies here. @throws SluiceError `plan/type` for what is neither */
export function layoutOf(type: Type): (typeof SCALARS)[string] & { readonly count: number } {
  const scalar = type.kind === 'array' && type.element.kind !== 'scalar' ? undefined : SCALARS[scalarOf(type)?.spelling ?? ''];
  if (scalar === undefined || type.kind === 'vector') throw new SluiceError({ code: 'plan/type', message: `acme-wasm has no ${type.spelling}`, fix: 'use scalars and arrays of them, or another backend', available: Object.keys(SCALARS) });
  return { ...scalar, count: scalarCount(type) ?? 1 };
}

/**
 * What instructions compute, by the types they are for: `a`, `b` and `c` are operands, `n` the second one as wide as the first,
 * `#k` a literal; `T` is the type of the first operand, `S` its sign.
 */
type Row = readonly [op: string, on: string, code: string];
const INTS = 'i32 u32 i64 u64';
const SIGNED = 'i32 i64';
const UNSIGNED = 'u32 u64';
const infix = (op: string, on: string, name: string): Row => [op, on, `a b T.${name}`];
const prefix = (op: string, on: string, name: string): Row => [op, on, `a T.${name}`];
const better = (op: string, than: string): readonly Row[] => [[`arith.${op}`, INTS, `a b a b T.${than}_S select`], [`arith.${op}`, 'f32', `b a a b T.${op} b b T.ne select a a T.ne select`]];
const ROWS: readonly Row[] = [
  ...['add', 'sub', 'mul'].map((name) => infix(`arith.${name}`, `${INTS} f32`, name)),
  // A division by 0 is one by 1; so is one by -1, and then the quotient is negated: MIN / -1 would trap.
  ['arith.div', SIGNED, 'a #1 b b #1 T.add #1 T.le_u select T.div_s #-1 #1 b #-1 T.eq select T.mul'], ['arith.div', UNSIGNED, 'a #1 b b T.eqz select T.div_u'], infix('arith.div', 'f32', 'div'),
  ['arith.rem', INTS, 'a #1 b b T.eqz select T.rem_S'],
  ['arith.neg', INTS, '#0 a T.sub'], prefix('arith.neg', 'f32', 'neg'),
  ['arith.abs', SIGNED, '#0 a T.sub a a #0 T.lt_s select'], ['arith.abs', UNSIGNED, 'a'], prefix('arith.abs', 'f32', 'abs'),
  ['arith.abs_diff', INTS, 'a b T.sub b a T.sub a b T.gt_S select'], ['arith.abs_diff', 'f32', 'a b T.sub T.abs'],
  ...better('min', 'lt'), ...better('max', 'gt'),
  ...['and', 'or', 'xor'].map((name) => infix(`arith.${name}`, `${INTS} bool`, name)),
  ['arith.not', INTS, 'a #-1 T.xor'], ['arith.not', 'bool', 'a T.eqz'],
  ...['shl', 'shr_S', 'rotl', 'rotr'].map((name): Row => [`arith.${name.replace('_S', '')}`, INTS, `a n T.${name}`]),
  prefix('arith.popcount', INTS, 'popcnt'), prefix('arith.clz', INTS, 'clz'), prefix('arith.ctz', INTS, 'ctz'),
  ...['eq', 'ne'].map((name) => infix(`arith.${name}`, `${INTS} f32 bool`, name)),
  ...['lt', 'le', 'gt', 'ge'].flatMap((name) => [infix(`arith.${name}`, INTS, `${name}_S`), infix(`arith.${name}`, 'f32', name)]),
  ['arith.select', 'bool', 'b c a select'],
  ...['sqrt', 'floor', 'ceil', 'trunc'].map((name) => prefix(`math.${name}`, 'f32', name)), prefix('math.round', 'f32', 'nearest'),
  ['math.is_nan', 'f32', 'a a T.ne'], ['math.is_inf', 'f32', 'a T.abs f32.const 0x7f800000 T.eq'], ['math.is_finite', 'f32', 'a T.abs f32.const 0x7f800000 T.lt'],
];
const CODE: ReadonlyMap<string, string> = new Map(ROWS.flatMap(([op, on, code]) => on.split(' ').map((type) => [`${op} ${type}`, code] as const)));

/** Code that leaves a value, with `operands` of `type`. */
export function expand(code: string, operands: readonly number[], type: Type): string {
  const { wasm } = layoutOf(type);
  return code.split(' ').map((word) => {
    const operand = ['a', 'b', 'c'].indexOf(word);
    if (operand >= 0) return `local.get ${operands[operand]}`;
    if (word === 'n') return `local.get ${operands[1]}${wasm === 'i64' ? ' i64.extend_i32_u' : ''}`;
    if (word.startsWith('#')) return `${wasm}.const ${wasm === 'f32' ? new Uint32Array(Float32Array.of(Number(word.slice(1))).buffer)[0] : word.slice(1)}`;
    return word.replace('T.', `${wasm}.`).replace('_S', type.spelling.startsWith('u') ? '_u' : '_s');
  }).join(' ');
}

/** New locals for a value: the index of the first. */
function room(ctx: Emitter<number>, type: Type): number {
  const { wasm, count } = layoutOf(type);
  const [first = 0] = Array.from({ length: count }, () => Number(ctx.fresh(wasm)));
  return first;
}

/** A new local with what `code` leaves. */
export function local(ctx: Emitter<number>, type: Type, code: string): number {
  const index = room(ctx, type);
  ctx.emit(`${code} local.set ${index}`);
  return index;
}

function computed(op: string): Wasm {
  return (_, ctx) => [local(ctx, ctx.resultType(0), expand(codeOf(op, ctx.operandType(0)), ctx.operands, ctx.operandType(0)))];
}

function codeOf(op: string, type: Type): string {
  const code = CODE.get(`${op} ${type.spelling}`);
  if (code === undefined) throw new SluiceError({ code: 'plan/type', message: `acme-wasm has no \`${op}\` on ${type.spelling}`, fix: 'use another type, or another backend' });
  return code;
}

const constant: Wasm = (_, ctx) => {
  const [value, type] = [ctx.attr('value'), ctx.resultType(0)];
  const { wasm } = layoutOf(type);
  if (value?.kind !== 'scalar') throw new SluiceError({ code: 'verify/attribute', message: 'attribute `value` of a constant is no scalar', fix: 'give it one', where: ctx.where });
  return [local(ctx, type, `${wasm}.const ${wasm === 'f32' ? value.bits : BigInt.asIntN(wasm === 'i64' ? 64 : 32, value.bits)}`)];
};

const cast: Wasm = (_, ctx) => {
  const [from, to] = [ctx.operandType(0), ctx.resultType(0)];
  const [source, target] = [layoutOf(from).wasm, layoutOf(to).wasm];
  const sign = (type: Type) => (/^[ub]/.test(type.spelling) ? 'u' : 's');
  if (to.spelling === 'bool') return [local(ctx, to, expand('a #0 T.ne', ctx.operands, from))];
  const code = source === target ? '' : target === 'f32' ? `f32.convert_${source}_${sign(from)}` : source === 'f32' ? `${target}.trunc_sat_f32_${sign(to)}` : target === 'i64' ? `i64.extend_i32_${sign(from)}` : 'i32.wrap_i64';
  return [local(ctx, to, `local.get ${ctx.operand(0)} ${code}`)];
};

/** Between types of the same width. */
const bits = (from: WasmType, to: WasmType) => (from === to ? '' : `${to}.reinterpret_${from}`);

const id = (nth: number): Wasm => (_, ctx) => [nth * 3 + axisOf(ctx)];

const globalId: Wasm = (_, ctx, code) => [local(ctx, ctx.resultType(0), `local.get ${3 + axisOf(ctx)} i32.const ${code?.kernel.workgroup[axisOf(ctx)]} i32.mul local.get ${axisOf(ctx)} i32.add`)];

function axisOf(ctx: Emitter<number>): number {
  const axis = ctx.attr('axis');
  return axis?.kind === 'enum' ? ['x', 'y', 'z'].indexOf(axis.value) : -1;
}

const elementIn = (type: Type): Type => (type.kind === 'buffer' ? type.element : type);
const elementOf = (ctx: Emitter<number>): Type => elementIn(ctx.operandType(0));

const inBounds = ([buffer = 0, index = 0]: readonly number[]) => `local.get ${index} local.get ${buffer + 1} i32.lt_u`;
/** The address of scalar `at` of the element. */
function address([buffer = 0, index = 0]: readonly number[], element: Type, at: number): string {
  const { bytes, count } = layoutOf(element);
  return `local.get ${buffer} local.get ${index} i32.const ${bytes * count} i32.mul i32.add i32.const ${at * bytes} i32.add`;
}
const each = (type: Type, of: (at: number) => string) => Array.from({ length: layoutOf(type).count }, (_, at) => of(at)).join(' ');

function loaded(ctx: Emitter<number>): number {
  const element = elementOf(ctx);
  const first = room(ctx, element);
  ctx.emit(each(element, (at) => `${address(ctx.operands, element, at)} i32.const 0 ${inBounds(ctx.operands)} select ${layoutOf(element).load} local.set ${first + at}`));
  return first;
}

function stored(ctx: Emitter<number>, value: (at: number) => string): void {
  const element = elementOf(ctx);
  ctx.emit(`${inBounds(ctx.operands)} if bounds ${each(element, (at) => `${address(ctx.operands, element, at)} ${value(at)} ${layoutOf(element).store}`)} end`);
}

/** An element of an array: of all of them, the one that has the index. */
const extract: Wasm = (_, ctx) => {
  const found = local(ctx, ctx.resultType(0), expand('#0', [], ctx.resultType(0)));
  ctx.emit(each(ctx.operandType(0), (at) => `local.get ${ctx.operand(0) + at} local.get ${found} local.get ${ctx.operand(1)} i32.const ${at} i32.eq select local.set ${found}`));
  return [found];
};
const construct: Wasm = (_, ctx) => {
  const [type, first] = [ctx.resultType(0), room(ctx, ctx.resultType(0))];
  ctx.emit(each(type, (at) => `${ctx.operands.length === 0 ? expand('#0', [], type) : `local.get ${ctx.operand(at)}`} local.set ${first + at}`));
  return [first];
};

/** Invocations run one after the other, so that whatever one does is atomic. */
function atomic(codeFor: (element: Type) => string): Wasm {
  return (_, ctx) => {
    const old = loaded(ctx);
    stored(ctx, () => expand(codeFor(elementOf(ctx)), [old, ...ctx.operands.slice(2)], elementOf(ctx)));
    return [old];
  };
}

const resultsOf = (op: Op, ctx: Emitter<number>) => op.results.map((_, i) => ctx.resultType(i));
/** All of `values` at once into `targets`. */
function assign(types: readonly Type[], targets: readonly number[], values: readonly number[]): string {
  const all = (word: string, from: readonly number[]) => from.flatMap((v, i) => Array.from({ length: layoutOf(types[i] as Type).count }, (_, at) => `${word} ${v + at}`));
  return [...all('local.get', values), ...all('local.set', targets).toReversed()].join(' ');
}
function copies(ctx: Emitter<number>, types: readonly Type[], values: readonly number[]): readonly number[] {
  const targets = types.map((type) => room(ctx, type));
  ctx.emit(assign(types, targets, values));
  return targets;
}

const ifElse: Wasm = (op, ctx) => {
  const types = resultsOf(op, ctx);
  const results = types.map((type) => room(ctx, type));
  const exits: Exits<number> = { 'control.yield': (values) => ctx.emit(assign(types, results, values)) };
  ctx.emit(`local.get ${ctx.operand(0)} if ${ctx.fresh('label')}`);
  ctx.region(0, [], exits);
  if (op.regions.length > 1) ctx.emit('else');
  if (op.regions.length > 1) ctx.region(1, [], exits);
  ctx.emit('end');
  return results;
};

const whileLoop: Wasm = (op, ctx) => {
  const [given, types] = [ctx.operands.map((_, i) => ctx.operandType(i)), resultsOf(op, ctx)];
  const before = copies(ctx, given, ctx.operands);
  const results = types.map((type) => room(ctx, type));
  const [out, again, next] = [ctx.fresh('label'), ctx.fresh('label'), ctx.fresh('label')];
  const goOn = (values: readonly number[]) => ctx.emit(`${assign(given, before, values)} br ${next}`);
  ctx.emit(`block ${out} loop ${again}`);
  ctx.region(0, before, { 'control.condition': ([condition, ...values]) => ctx.emit(`${assign(types, results, values)} local.get ${condition} i32.eqz br_if ${out}`) });
  ctx.emit(`block ${next}`);
  ctx.region(1, results, { 'control.yield': goOn, 'control.continue': goOn, 'control.break': (values) => ctx.emit(`${assign(types, results, values)} br ${out}`) });
  ctx.emit(`end br ${again} end end`);
  return results;
};

/** Counts its iterations in 64 bits, so that the index never has to pass its bound. */
const forLoop: Wasm = (op, ctx, code) => {
  const [type, { where }] = [ctx.operandType(0), ctx];
  const { wasm } = layoutOf(type);
  const [from, to, step] = [0, 1, 2].map((i) => `local.get ${ctx.operand(i)}${wasm === 'i32' ? ` i64.extend_i32_${type.spelling === 'u32' ? 'u' : 's'}` : ''}`);
  const greater = type.spelling === 'u64' ? 'i64.gt_u' : 'i64.gt_s';
  const trips = (low: string | undefined, high: string | undefined, by: string | undefined) => `${high} ${low} ${greater} if ascends ${high} ${low} i64.sub i64.const 1 i64.sub ${by} i64.div_u i64.const 1 i64.add local.set ${left} end`;
  const left = Number(ctx.fresh('i64'));
  ctx.emit(`i64.const 0 local.set ${left} ${step} i64.eqz if zero i32.const ${eventOf(code, () => new SluiceError({ code: 'run/zero-step', message: `a loop of kernel \`${code?.kernel.name}\` was given step 0`, fix: 'give it another step', where }))} i32.const 0 event return end`);
  if (type.spelling.startsWith('u')) ctx.emit(trips(from, to, step));
  else ctx.emit(`${step} i64.const 0 i64.gt_s if up ${trips(from, to, step)} else ${trips(to, from, `i64.const 0 ${step} i64.sub`)} end`);
  const types = resultsOf(op, ctx);
  const [index = 0, ...carried] = copies(ctx, [type, ...types], [ctx.operand(0), ...ctx.operands.slice(3)]);
  const [out, again, next] = [ctx.fresh('label'), ctx.fresh('label'), ctx.fresh('label')];
  const goOn = (values: readonly number[]) => ctx.emit(`${assign(types, carried, values)} br ${next}`);
  ctx.emit(`block ${out} loop ${again} local.get ${left} i64.eqz br_if ${out} block ${next}`);
  ctx.region(0, [index, ...carried], { 'control.yield': goOn, 'control.continue': goOn, 'control.break': (values) => ctx.emit(`${assign(types, carried, values)} br ${out}`) });
  ctx.emit(`end local.get ${left} i64.const 1 i64.sub local.set ${left} local.get ${index} local.get ${ctx.operand(2)} ${wasm}.add local.set ${index} br ${again} end end`);
  return carried;
};

const trap: Wasm = (_, ctx, code) => {
  const [tagged, said, { where }] = [ctx.attr('tag'), ctx.attr('message'), ctx];
  const [tag, message] = [tagged?.kind === 'scalar' ? Number(tagged.bits) : 0, said?.kind === 'string' ? said.value : ''];
  const number = eventOf(code, (address, invocation) => new SluiceError({ code: 'run/trap', message: `invocation (${invocation.join(', ')}) of kernel \`${code?.kernel.name}\` trapped with tag ${tag} at ${address}: ${message}`, fix: 'see what the kernel says with that tag', where, details: { tag, address, invocation } }));
  ctx.emit(`i32.const ${number} local.get ${ctx.operand(0)} event`);
  return [];
};

const eventOf = (code: KernelCode | undefined, on: KernelCode['events'][number]) => (code?.events.push(on) ?? 0) - 1;

/** Every op that it lowers. */
export const lowerings: Readonly<Record<string, Wasm>> = {
  ...Object.fromEntries([...new Set(ROWS.map(([op]) => op))].map((op) => [op, computed(op)])),
  ...Object.fromEntries(IDS.map((name, nth) => [name, id(nth)])),
  ...Object.fromEntries(['add', 'sub', 'min', 'max', 'and', 'or', 'xor'].map((name) => [`buffer.atomic_${name}`, atomic((element) => codeOf(`arith.${name}`, element))])),
  'buffer.atomic_exchange': atomic(() => 'b'),
  'buffer.atomic_compare_exchange': atomic(() => 'c a a b T.eq select'),
  'arith.constant': constant,
  'arith.cast': cast,
  'arith.bitcast': (_, ctx) => [local(ctx, ctx.resultType(0), `local.get ${ctx.operand(0)} ${bits(layoutOf(ctx.operandType(0)).wasm, layoutOf(ctx.resultType(0)).wasm)}`)],
  'buffer.load': (_, ctx) => [loaded(ctx)],
  'buffer.store': (_, ctx) => (stored(ctx, (at) => `local.get ${ctx.operand(2) + at}`), []),
  'vector.extract': extract,
  'vector.construct': construct,
  'buffer.length': (_, ctx) => [ctx.operand(0) + 1],
  'control.if': ifElse,
  'control.while': whileLoop,
  'control.for': forLoop,
  'control.trap': trap,
  'kernel.global_id': globalId,
};
