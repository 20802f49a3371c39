import { TracedBuffer } from '../../build/buffer-view.ts';
import { control } from '../../build/control.ts';
import { TracedValue } from '../../build/value.ts';
import type { Attributes } from '../../ir/attributes.ts';

/*
 * 64-bit integers in pairs of u32: how each op on them is computed, written with the front end. A part is a u32, or a
 * vector of them for an op on vectors: nothing here branches on a value.
 */
type V = TracedValue;

/** A 64-bit integer, or a vector of such. */
export interface Pair {
  readonly lo: V;
  readonly hi: V;
}

/** An operand: a pair for a 64-bit one. */
export type Arg = V | Pair | TracedBuffer;

/** What is known of a use besides its operands. */
export interface PairUse {
  /** The 64-bit type is i64: that of the operands, or else of the result. */
  readonly signed: boolean;
  /** Scalars of the first operand and of the result, or of their components. */
  readonly from: string;
  readonly to: string;
  readonly attrs: Attributes;
}

export type PairRow = (args: readonly Arg[], use: PairUse) => Pair | V | undefined;

const WORD = 32;
const ONES = 0xffffffff;
const SIGN = 0x80000000;

export const pair = (lo: V, hi: V): Pair => ({ lo, hi });
const isPair = (a: Arg | undefined): a is Pair => a !== undefined && !(a instanceof TracedValue) && !(a instanceof TracedBuffer);

export function wide(args: readonly Arg[], i: number): Pair {
  const a = args[i];
  if (!isPair(a)) throw new RangeError(`operand ${i} is no pair`);
  return a;
}
function word(args: readonly Arg[], i: number): V {
  const a = args[i];
  if (isPair(a) || a instanceof TracedBuffer || a === undefined) throw new RangeError(`operand ${i} is no word`);
  return a;
}
const zero = (like: V): V => like.xor(like);
export const choose = (c: V, a: Pair, b: Pair): Pair => pair(c.select(a.lo, b.lo), c.select(a.hi, b.hi));
const bit = (c: V): V => c.to('u32');

const not = (a: Pair): Pair => pair(a.lo.not(), a.hi.not());
const add = (a: Pair, b: Pair): Pair => {
  const lo = a.lo.add(b.lo);
  return pair(lo, a.hi.add(b.hi).add(bit(lo.lt(a.lo))));
};
const sub = (a: Pair, b: Pair): Pair => pair(a.lo.sub(b.lo), a.hi.sub(b.hi).sub(bit(a.lo.lt(b.lo))));
const neg = (a: Pair): Pair => pair(a.lo.neg(), a.hi.not().add(bit(a.lo.eq(0))));
const isNegative = (a: Pair): V => a.hi.ge(SIGN);
const isZero = (a: Pair): V => a.lo.or(a.hi).eq(0);
const abs = (a: Pair): Pair => choose(isNegative(a), neg(a), a);
const equal = (a: Pair, b: Pair): V => a.lo.eq(b.lo).and(a.hi.eq(b.hi));

function less(a: Pair, b: Pair, signed: boolean): V {
  const [ah, bh] = signed ? [a.hi.xor(SIGN), b.hi.xor(SIGN)] : [a.hi, b.hi];
  return ah.lt(bh).or(ah.eq(bh).and(a.lo.lt(b.lo)));
}

/** The 64 bits of a product of two words, out of halves that cannot overflow. */
function product(a: V, b: V): Pair {
  const [al, ah, bl, bh] = [a.and(0xffff), a.shr(16), b.and(0xffff), b.shr(16)];
  const low = al.mul(bl);
  const middle = ah.mul(bl).add(low.shr(16));
  const other = al.mul(bh).add(middle.and(0xffff));
  return pair(a.mul(b), ah.mul(bh).add(middle.shr(16)).add(other.shr(16)));
}

function mul(a: Pair, b: Pair): Pair {
  const low = product(a.lo, b.lo);
  return pair(low.lo, low.hi.add(a.lo.mul(b.hi)).add(a.hi.mul(b.lo)));
}

/** The upper 64 bits of the product of unsigned integers. */
function mulHighUnsigned(a: Pair, b: Pair): Pair {
  const [low, left, right, high] = [product(a.lo, b.lo), product(a.lo, b.hi), product(a.hi, b.lo), product(a.hi, b.hi)];
  const middle = low.hi.add(left.lo);
  const all = middle.add(right.lo);
  const carry = bit(middle.lt(low.hi)).add(bit(all.lt(middle)));
  const part = (word: V) => pair(word, zero(word));
  return add(add(high, part(carry)), add(part(left.hi), part(right.hi)));
}

/** As a signed integer, one with its sign bit set is less by 2^64: that takes the other factor off the upper half. */
function mulHigh(a: Pair, b: Pair, signed: boolean): Pair {
  const high = mulHighUnsigned(a, b);
  if (!signed) return high;
  const nothing = pair(zero(a.lo), zero(a.lo));
  return sub(sub(high, choose(isNegative(a), b, nothing)), choose(isNegative(b), a, nothing));
}

/** The product fits where the upper half holds nothing but the sign of the lower one. */
function mulSat(a: Pair, b: Pair, signed: boolean): Pair {
  const [low, high] = [mul(a, b), mulHigh(a, b, signed)];
  if (!signed) return choose(isZero(high), low, ones(a.lo));
  const sign = isNegative(low).select(zero(a.lo).not(), zero(a.lo));
  return choose(equal(high, pair(sign, sign)), low, nearest(pair(a.lo, a.hi.xor(b.hi))));
}

/** The count is taken modulo 64. `x >> (32 - m)` is written as `(x >> 1) >> (31 - m)`: it holds for m = 0. */
function shl(a: Pair, count: V): Pair {
  const m = count.and(31);
  const hi = a.hi.shl(m).or(a.lo.shr(1).shr(m.xor(31)));
  return choose(count.and(WORD).ne(0), pair(zero(a.lo), a.lo.shl(m)), pair(a.lo.shl(m), hi));
}

function shr(a: Pair, count: V, signed: boolean): Pair {
  const m = count.and(31);
  const [hi, fill] = signed ? [a.hi.to('i32').shr(m).to('u32'), a.hi.to('i32').shr(31).to('u32')] : [a.hi.shr(m), zero(a.hi)];
  const lo = a.lo.shr(m).or(a.hi.shl(1).shl(m.xor(31)));
  return choose(count.and(WORD).ne(0), pair(hi, fill), pair(lo, hi));
}

const either = (a: Pair, b: Pair): Pair => pair(a.lo.or(b.lo), a.hi.or(b.hi));

/** Quotient and remainder of unsigned integers, bit by bit; what a divisor of 0 gives is put right by the caller. */
function divide(a: Pair, b: Pair): { readonly quotient: Pair; readonly remainder: Pair } {
  const nothing = zero(a.lo);
  interface State { readonly ql: V; readonly qh: V; readonly rl: V; readonly rh: V }
  const loop = control.for as unknown as (range: { readonly to: number }, init: State, body: (i: V, state: State) => State) => State;
  const end = loop({ to: 64 }, { ql: a.lo, qh: a.hi, rl: nothing, rh: nothing }, (_, { ql, qh, rl, rh }) => {
    const over = rh.shr(31);
    const r = pair(rl.shl(1).or(qh.shr(31)), rh.shl(1).or(rl.shr(31)));
    const fits = over.ne(0).or(less(r, b, false).not());
    const rest = choose(fits, sub(r, b), r);
    return { ql: ql.shl(1).or(bit(fits)), qh: qh.shl(1).or(ql.shr(31)), rl: rest.lo, rh: rest.hi };
  });
  return { quotient: pair(end.ql, end.qh), remainder: pair(end.rl, end.rh) };
}

/** x/0 = x, MIN/-1 = MIN. */
function div(a: Pair, b: Pair, signed: boolean): Pair {
  if (!signed) return choose(isZero(b), a, divide(a, b).quotient);
  const { quotient } = divide(abs(a), abs(b));
  return choose(isZero(b), a, choose(isNegative(a).ne(isNegative(b)), neg(quotient), quotient));
}

/** x%0 = 0, with the sign of the dividend. */
function rem(a: Pair, b: Pair, signed: boolean): Pair {
  const nothing = pair(zero(a.lo), zero(a.lo));
  if (!signed) return choose(isZero(b), nothing, divide(a, b).remainder);
  const { remainder } = divide(abs(a), abs(b));
  return choose(isZero(b), nothing, choose(isNegative(a), neg(remainder), remainder));
}

/** MIN where `a` is negative, else MAX. */
const nearest = (a: Pair): Pair => pair(isNegative(a).select(zero(a.lo), zero(a.lo).not()), isNegative(a).select(zero(a.lo).add(SIGN), zero(a.lo).add(SIGN - 1)));
const ones = (like: V): Pair => pair(zero(like).not(), zero(like).not());

function addSat(a: Pair, b: Pair, signed: boolean): Pair {
  const sum = add(a, b);
  if (!signed) return choose(less(sum, a, false), ones(a.lo), sum);
  return choose(a.hi.xor(sum.hi).and(b.hi.xor(sum.hi)).ge(SIGN), nearest(a), sum);
}

function subSat(a: Pair, b: Pair, signed: boolean): Pair {
  const difference = sub(a, b);
  if (!signed) return choose(less(a, b, false), pair(zero(a.lo), zero(a.lo)), difference);
  return choose(a.hi.xor(b.hi).and(a.hi.xor(difference.hi)).ge(SIGN), nearest(a), difference);
}

/**
 * To f32, rounded once: the leading one goes to the top of the high word, what then remains below it becomes one sticky
 * bit, far below what f32 can see, and the word is scaled by a power of two.
 */
function toF32(a: Pair): V {
  const small = a.hi.eq(0);
  let at = a;
  let scale = zero(a.lo).to('f32').add(2 ** 32);
  for (const step of [16, 8, 4, 2, 1]) {
    const room = at.hi.lt(2 ** (WORD - step));
    at = choose(room, pair(at.lo.shl(step), at.hi.shl(step).or(at.lo.shr(WORD - step))), at);
    scale = room.select(scale.mul(2 ** -step), scale);
  }
  return small.select(a.lo.to('f32'), at.hi.or(bit(at.lo.ne(0))).to('f32').mul(scale));
}

/** Truncated, saturated; a NaN and what is negative give 0. Scaling by 2^32 and what is taken off it are exact. */
function fromF32(x: V): Pair {
  const hi = x.mul(2 ** -32).to('u32');
  const lo = x.sub(hi.to('f32').mul(2 ** 32)).to('u32');
  const over = x.ge(2 ** 64);
  return pair(over.select(ONES, lo), over.select(ONES, hi));
}

function fromF32Signed(x: V): Pair {
  const magnitude = fromF32(x.abs());
  const most = pair(zero(magnitude.lo).not(), zero(magnitude.lo).add(SIGN - 1));
  const least = pair(zero(magnitude.lo), zero(magnitude.lo).add(SIGN));
  return choose(x.ge(2 ** 63), most, choose(x.le(-(2 ** 63)), least, choose(x.lt(0), neg(magnitude), magnitude)));
}

const isWide = (name: string) => name === 'i64' || name === 'u64';

function cast([a]: readonly Arg[], { from, to, signed }: PairUse): Pair | V {
  if (isPair(a)) {
    if (isWide(to)) return a;
    if (to === 'bool') return isZero(a).not();
    if (to === 'u32') return a.lo;
    if (to === 'i32') return a.lo.to('i32');
    const f32 = signed && from === 'i64' ? isNegative(a).select(toF32(abs(a)).neg(), toF32(a)) : toF32(a);
    // No integer that f32 has not is one that f16 has: going through it rounds once.
    return to === 'f32' ? f32 : f32.to('f16');
  }
  const x = word([a as V], 0);
  if (from === 'f32' || from === 'f16') {
    const f32 = from === 'f16' ? x.to('f32') : x;
    return to === 'i64' ? fromF32Signed(f32) : fromF32(f32);
  }
  const lo = x.to('u32');
  return pair(lo, from === 'i32' ? x.shr(31).to('u32') : zero(lo));
}

const two = (f: (a: Pair, b: Pair, signed: boolean) => Pair | V): PairRow => (args, { signed }) => f(wide(args, 0), wide(args, 1), signed);
const one = (f: (a: Pair, signed: boolean) => Pair | V): PairRow => (args, { signed }) => f(wide(args, 0), signed);
const counted = (f: (a: Pair, count: V, signed: boolean) => Pair): PairRow => (args, { signed }) => f(wide(args, 0), word(args, 1), signed);
/** A count of bits, as the type that was counted in. */
const count = (f: (a: Pair) => V): PairRow => one((a) => pair(f(a), zero(a.lo)));
const back = (c: V): V => c.neg().and(63);

/** The lowering of each op on 64-bit integers; an op that is not here keeps its kernel as it is. */
export const rows: Readonly<Record<string, PairRow>> = {
  'arith.add': two(add),
  'arith.sub': two(sub),
  'arith.mul': two(mul),
  'arith.div': two(div),
  'arith.rem': two(rem),
  'arith.neg': one(neg),
  'arith.abs': one((a, signed) => (signed ? abs(a) : a)),
  'arith.min': two((a, b, signed) => choose(less(b, a, signed), b, a)),
  'arith.max': two((a, b, signed) => choose(less(a, b, signed), b, a)),
  'arith.abs_diff': two((a, b, signed) => choose(less(a, b, signed), sub(b, a), sub(a, b))),
  'arith.add_sat': two(addSat),
  'arith.sub_sat': two(subSat),
  'arith.mul_sat': two(mulSat),
  'arith.mul_high': two(mulHigh),
  'arith.and': two((a, b) => pair(a.lo.and(b.lo), a.hi.and(b.hi))),
  'arith.or': two(either),
  'arith.xor': two((a, b) => pair(a.lo.xor(b.lo), a.hi.xor(b.hi))),
  'arith.not': one(not),
  'arith.shl': counted(shl),
  'arith.shr': counted(shr),
  'arith.rotl': counted((a, c) => either(shl(a, c), shr(a, back(c), false))),
  'arith.rotr': counted((a, c) => either(shr(a, c, false), shl(a, back(c)))),
  'arith.popcount': count((a) => a.lo.popcount().add(a.hi.popcount())),
  'arith.clz': count((a) => a.hi.eq(0).select(a.lo.clz().add(WORD), a.hi.clz())),
  'arith.ctz': count((a) => a.lo.eq(0).select(a.hi.ctz().add(WORD), a.lo.ctz())),
  'arith.reverse_bits': one((a) => pair(a.hi.reverseBits(), a.lo.reverseBits())),
  'arith.swap_bytes': one((a) => pair(a.hi.swapBytes(), a.lo.swapBytes())),
  'arith.eq': two(equal),
  'arith.ne': two((a, b) => equal(a, b).not()),
  'arith.lt': two(less),
  'arith.le': two((a, b, signed) => less(b, a, signed).not()),
  'arith.gt': two((a, b, signed) => less(b, a, signed)),
  'arith.ge': two((a, b, signed) => less(a, b, signed).not()),
  'arith.select': (args) => choose(word(args, 0), wide(args, 1), wide(args, 2)),
  'arith.cast': cast,
  'arith.bitcast': one((a) => a),
};
