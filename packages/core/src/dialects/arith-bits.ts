import { clz64, ctz64, popcount32, popcount64, reverse32, reverse64, swap64 } from './bits.ts';
import { absorbing, alike, associates, commutes, countOfZero, idempotent, identity, involution, same } from './laws.ts';
import { INTS } from './meaning.ts';
import { shapesOf } from './shapes.ts';

type N = number;
type B = bigint;

const { unary, binary, counted } = shapesOf('arith', '1.0.0');

const BITS = [...INTS, 'bool'] as const;

export const and = binary('arith.and', 'Bitwise and; on bool, logical and of two computed values.', BITS, {
  i32: (a: N, b: N) => a & b, u32: (a: N, b: N) => (a & b) >>> 0, i64: (a: B, b: B) => a & b, u64: (a: B, b: B) => a & b, bool: (a: boolean, b: boolean) => a && b,
}, { commutative: true, laws: [commutes(BITS), associates(BITS), idempotent(BITS), ...absorbing(0, INTS), ...identity(-1, ['i32', 'i64']), ...absorbing(false, ['bool']), ...identity(true, ['bool'])] });

export const or = binary('arith.or', 'Bitwise or; on bool, logical or of two computed values.', BITS, {
  i32: (a: N, b: N) => a | b, u32: (a: N, b: N) => (a | b) >>> 0, i64: (a: B, b: B) => a | b, u64: (a: B, b: B) => a | b, bool: (a: boolean, b: boolean) => a || b,
}, { commutative: true, laws: [commutes(BITS), associates(BITS), idempotent(BITS), ...identity(0, INTS), ...absorbing(-1, ['i32', 'i64']), ...identity(false, ['bool']), ...absorbing(true, ['bool'])] });

export const xor = binary('arith.xor', 'Bitwise exclusive or; on bool, inequality.', BITS, {
  i32: (a: N, b: N) => a ^ b, u32: (a: N, b: N) => (a ^ b) >>> 0, i64: (a: B, b: B) => a ^ b, u64: (a: B, b: B) => a ^ b, bool: (a: boolean, b: boolean) => a !== b,
}, { commutative: true, laws: [commutes(BITS), associates(BITS), ...identity(0, INTS), ...identity(false, ['bool']), ...same(0, INTS), alike(false, ['bool'])] });

export const not = unary('arith.not', 'Bitwise complement; on bool, logical not.', BITS, {
  i32: (a: N) => ~a, u32: (a: N) => ~a >>> 0, i64: (a: B) => ~a, u64: (a: B) => BigInt.asUintN(64, ~a), bool: (a: boolean) => !a,
}, { laws: [involution(BITS)] });

export const shl = counted('arith.shl', 'Shift left; the count is taken modulo the width.', INTS, {
  i32: (a: N, b: N) => a << b, u32: (a: N, b: N) => (a << b) >>> 0,
  i64: (a: B, b: N) => BigInt.asIntN(64, a << BigInt(b & 63)), u64: (a: B, b: N) => BigInt.asUintN(64, a << BigInt(b & 63)),
}, { laws: [countOfZero(INTS), ...absorbing(0, INTS, 'left')] });

export const shr = counted('arith.shr', 'Shift right, keeping the sign of signed integers; the count is taken modulo the width.', INTS, {
  i32: (a: N, b: N) => a >> b, u32: (a: N, b: N) => a >>> b, i64: (a: B, b: N) => a >> BigInt(b & 63), u64: (a: B, b: N) => a >> BigInt(b & 63),
}, { laws: [countOfZero(INTS), ...absorbing(0, INTS, 'left'), ...absorbing(-1, ['i32', 'i64'], 'left')] });

// A shift by -b is one by 32 - b: JavaScript takes counts modulo 32.
export const rotl = counted('arith.rotl', 'Rotate left: bits that leave on the left come in on the right; the count is taken modulo the width.', INTS, {
  i32: (a: N, b: N) => (a << b) | (a >>> -b), u32: (a: N, b: N) => ((a << b) | (a >>> -b)) >>> 0,
  i64: (a: B, b: N) => BigInt.asIntN(64, (a << BigInt(b & 63)) | (BigInt.asUintN(64, a) >> BigInt(64 - (b & 63)))),
  u64: (a: B, b: N) => BigInt.asUintN(64, (a << BigInt(b & 63)) | (a >> BigInt(64 - (b & 63)))),
}, { laws: [countOfZero(INTS), ...absorbing(0, INTS, 'left'), ...absorbing(-1, ['i32', 'i64'], 'left')] });

export const rotr = counted('arith.rotr', 'Rotate right: bits that leave on the right come in on the left; the count is taken modulo the width.', INTS, {
  i32: (a: N, b: N) => (a >>> b) | (a << -b), u32: (a: N, b: N) => ((a >>> b) | (a << -b)) >>> 0,
  i64: (a: B, b: N) => BigInt.asIntN(64, (BigInt.asUintN(64, a) >> BigInt(b & 63)) | (a << BigInt(64 - (b & 63)))),
  u64: (a: B, b: N) => BigInt.asUintN(64, (a >> BigInt(b & 63)) | (a << BigInt(64 - (b & 63)))),
}, { laws: [countOfZero(INTS), ...absorbing(0, INTS, 'left'), ...absorbing(-1, ['i32', 'i64'], 'left')] });

export const popcount = unary('arith.popcount', 'How many bits are 1.', INTS, { i32: popcount32, u32: popcount32, i64: popcount64, u64: popcount64 });

const clz32 = (a: N) => Math.clz32(a);
export const clz = unary('arith.clz', 'Leading zero bits; the width where all are.', INTS, { i32: clz32, u32: clz32, i64: clz64, u64: clz64 });

const ctz32 = (a: N) => (a === 0 ? 32 : 31 - Math.clz32(a & -a));
export const ctz = unary('arith.ctz', 'Trailing zero bits; the width where all are.', INTS, { i32: ctz32, u32: ctz32, i64: ctz64, u64: ctz64 });

export const reverseBits = unary('arith.reverse_bits', 'The bits in reverse order.', INTS, {
  i32: reverse32, u32: (a: N) => reverse32(a) >>> 0, i64: (a: B) => BigInt.asIntN(64, reverse64(a)), u64: reverse64,
}, { laws: [involution(INTS)] });

export const swapBytes = unary('arith.swap_bytes', 'The bytes in reverse order.', INTS, {
  i32: (a: N) => (a << 24) | ((a & 65280) << 8) | ((a >>> 8) & 65280) | (a >>> 24), u32: (a: N) => ((a << 24) | ((a & 65280) << 8) | ((a >>> 8) & 65280) | (a >>> 24)) >>> 0,
  i64: (a: B) => BigInt.asIntN(64, swap64(a)), u64: swap64,
}, { laws: [involution(INTS)] });
