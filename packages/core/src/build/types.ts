/** The types of the IR as TypeScript literals, and what traced values can do by type. */
import type { ComputedFloat, ComputedInt, StorageOnlyScalar } from '../ir/types.ts';

/** Integer types that values have. */
export type Int = ComputedInt;
/** Floating point types that values have. */
export type Float = ComputedFloat;
/** Scalar types that values have. */
export type Scalar = Int | Float | 'bool';
/** Vectors of these: 2, 3 or 4 components. */
export type Vector<S extends Scalar = Scalar> = `vec2<${S}>` | `vec3<${S}>` | `vec4<${S}>`;
/** What a buffer may hold. */
export type Storage = Int | Float | StorageOnlyScalar | Vector<Int | Float> | `array<${Int | Float | StorageOnlyScalar | Vector<Int | Float>}, ${number}>`;
/** Fixed arrays of scalars or vectors; arrays of arrays are there, and have no TypeScript type. */
export type ArrayTy = `array<${Scalar | Vector}, ${number}>`;
export type Access = 'read' | 'write' | 'read_write' | 'workgroup';
/** Types of traced values; `fd` is an i32 that names a grant. */
export type Ty = Scalar | Vector | ArrayTy | 'GpuBufferHandle' | 'fd';
/** What a load gives. */
export type Loaded<S extends Storage> = S extends `array<${infer E extends Storage}, ${infer N extends number}>` ? `array<${LoadedPart<E>}, ${N}>` : S extends Vector ? S : LoadedPart<S> & Scalar;
type LoadedPart<S extends Storage> = S extends 'u8' | 'u16' ? 'u32' : S extends 'i8' | 'i16' ? 'i32' : S extends 'bf16' ? 'f32' : S extends Scalar | Vector ? S : never;

/** How many components a value has; 1 stands for a scalar. */
export type Lanes = 1 | 2 | 3 | 4;
/** The type of values of `N` components of `S`. */
export type Shape<S extends Scalar, N extends Lanes> = N extends 2 | 3 | 4 ? `vec${N}<${S}>` : S;
type Component<T> = T extends `vec${2 | 3 | 4}<${infer S extends Scalar}>` ? S : never;
type SizeOf<T> = T extends `vec${infer N extends 2 | 3 | 4}<${string}>` ? N : never;

/** A string-keyed brand, so that two copies of core type-check together. */
export interface Base<T extends Ty> {
  readonly '~type': T;
}

/*
 * What values can do depends on their component type S and on how many components N they have: every method acts on
 * each component by itself. Types are written over S and N, and not over their spelling, so that the compiler finds
 * its way back from a value to its type.
 */

/** Comparisons, component by component. */
interface Compared<S extends Int | Float, N extends Lanes> {
  eq(other: Operand<S, N>): Components<'bool', N>;
  ne(other: Operand<S, N>): Components<'bool', N>;
  lt(other: Operand<S, N>): Components<'bool', N>;
  le(other: Operand<S, N>): Components<'bool', N>;
  gt(other: Operand<S, N>): Components<'bool', N>;
  ge(other: Operand<S, N>): Components<'bool', N>;
}

/** Arithmetic, component by component. */
interface Computed<S extends Int | Float, N extends Lanes> {
  add(other: Operand<S, N>): Components<S, N>;
  sub(other: Operand<S, N>): Components<S, N>;
  mul(other: Operand<S, N>): Components<S, N>;
  /** Total: x/0 = x for integers. */
  div(other: Operand<S, N>): Components<S, N>;
  /** Total: x%0 = 0 for integers. */
  rem(other: Operand<S, N>): Components<S, N>;
  neg(): Components<S, N>;
  abs(): Components<S, N>;
  min(other: Operand<S, N>): Components<S, N>;
  max(other: Operand<S, N>): Components<S, N>;
  /** The magnitude of the difference; of signed integers, modulo 2^n. */
  absDiff(other: Operand<S, N>): Components<S, N>;
  /** The value as a `type`: integers wrap, floats to integers saturate and NaN gives 0. */
  to<U extends Scalar>(type: U): Components<U, N>;
  /** The same bits as a `type` of that width. */
  bitcast<U extends SameWidth<S>>(type: U): Components<U, N>;
}
type SameWidth<S extends Scalar> = S extends 'i32' | 'u32' | 'f32' ? 'i32' | 'u32' | 'f32' : S extends 'i64' | 'u64' ? 'i64' | 'u64' : S;

export interface IntOps<S extends Int, N extends Lanes = 1> extends Base<Shape<S, N>>, Computed<S, N>, Compared<S, N> {
  and(other: Operand<S, N>): IntOps<S, N>;
  or(other: Operand<S, N>): IntOps<S, N>;
  xor(other: Operand<S, N>): IntOps<S, N>;
  not(): IntOps<S, N>;
  /** The count is taken modulo the width. */
  shl(count: Operand<'u32', N>): IntOps<S, N>;
  /** Keeps the sign of signed types; the count is taken modulo the width. */
  shr(count: Operand<'u32', N>): IntOps<S, N>;
  /** The bits that leave on the left come in on the right; the count is taken modulo the width. */
  rotl(count: Operand<'u32', N>): IntOps<S, N>;
  rotr(count: Operand<'u32', N>): IntOps<S, N>;
  /** The sum, or the value of the type that is nearest to it. */
  addSat(other: Operand<S, N>): IntOps<S, N>;
  subSat(other: Operand<S, N>): IntOps<S, N>;
  mulSat(other: Operand<S, N>): IntOps<S, N>;
  /** The upper half of the product. */
  mulHigh(other: Operand<S, N>): IntOps<S, N>;
  /** Bits that are 1. */
  popcount(): IntOps<S, N>;
  /** Leading zero bits; of 0, the width. */
  clz(): IntOps<S, N>;
  /** Trailing zero bits; of 0, the width. */
  ctz(): IntOps<S, N>;
  reverseBits(): IntOps<S, N>;
  swapBytes(): IntOps<S, N>;
}

export interface FloatOps<S extends Float, N extends Lanes = 1> extends Base<Shape<S, N>>, Computed<S, N>, Compared<S, N> {
  /** this * factor + term, rounded once or twice. */
  fma(factor: Operand<S, N>, term: Operand<S, N>): FloatOps<S, N>;
  sqrt(): FloatOps<S, N>;
  inverseSqrt(): FloatOps<S, N>;
  reciprocal(): FloatOps<S, N>;
  exp(): FloatOps<S, N>;
  exp2(): FloatOps<S, N>;
  log(): FloatOps<S, N>;
  log2(): FloatOps<S, N>;
  pow(exponent: Operand<S, N>): FloatOps<S, N>;
  sin(): FloatOps<S, N>;
  cos(): FloatOps<S, N>;
  tan(): FloatOps<S, N>;
  asin(): FloatOps<S, N>;
  acos(): FloatOps<S, N>;
  atan(): FloatOps<S, N>;
  sinh(): FloatOps<S, N>;
  cosh(): FloatOps<S, N>;
  tanh(): FloatOps<S, N>;
  asinh(): FloatOps<S, N>;
  acosh(): FloatOps<S, N>;
  atanh(): FloatOps<S, N>;
  /** The angle of the point (x, this). */
  atan2(x: Operand<S, N>): FloatOps<S, N>;
  floor(): FloatOps<S, N>;
  ceil(): FloatOps<S, N>;
  /** To the nearest whole number, ties to even. */
  round(): FloatOps<S, N>;
  trunc(): FloatOps<S, N>;
  /** x - floor(x) */
  fract(): FloatOps<S, N>;
  /** -1, 1, or the zero or NaN itself. */
  sign(): FloatOps<S, N>;
  isNan(): Components<'bool', N>;
  isInf(): Components<'bool', N>;
  isFinite(): Components<'bool', N>;
}

export interface BoolOps<N extends Lanes = 1> extends Base<Shape<'bool', N>> {
  and(other: Operand<'bool', N>): Components<'bool', N>;
  or(other: Operand<'bool', N>): Components<'bool', N>;
  xor(other: Operand<'bool', N>): Components<'bool', N>;
  eq(other: Operand<'bool', N>): Components<'bool', N>;
  ne(other: Operand<'bool', N>): Components<'bool', N>;
  not(): Components<'bool', N>;
  /** `a` where true, else `b`; both are computed. One condition chooses between whole vectors, several between components. */
  select<S extends Scalar, M extends N extends 1 ? Lanes : N>(a: Components<S, M>, b: Operand<S, M>): Components<S, M>;
  select<S extends Scalar, M extends N extends 1 ? Lanes : N>(a: Operand<S, M>, b: Components<S, M>): Components<S, M>;
  to<U extends Scalar>(type: U): Components<U, N>;
  /** Types only, never there at run time: it makes `if (v)`, `v ? a : b` and `v && x` type errors. */
  then(misuse: (use: never) => void): void;
}

/** A value of `N` components of `S`. */
export type Components<S extends Scalar, N extends Lanes> = (S extends Int ? IntOps<S, N> : S extends Float ? FloatOps<S, N> : BoolOps<N>) & (N extends 2 | 3 | 4 ? VectorOps<S, N> : unknown);

/** What vectors can do beside what their components can. */
export interface VectorOps<S extends Scalar, N extends 2 | 3 | 4> {
  readonly x: Components<S, 1>;
  readonly y: Components<S, 1>;
  readonly z: N extends 3 | 4 ? Components<S, 1> : never;
  readonly w: N extends 4 ? Components<S, 1> : never;
  /** Components by letter, in any order and repeated: `v.swizzle('zyx')`. */
  swizzle<const P extends string>(pattern: P): Swizzled<S, P>;
  /** One component; zero where the index is out of bounds. */
  at(index: In<'u32'>): Components<S, 1>;
  /** The vector with one component replaced; unchanged where the index is out of bounds. */
  with(index: In<'u32'>, value: Operand<S, 1>): Components<S, N>;
  /** The sum of the products of components. */
  readonly dot: S extends Int | Float ? (other: Operand<S, N>) => Components<S, 1> : never;
  /** All components combined into one. */
  reduce(combine: Combines<S>): Components<S, 1>;
}
type Swizzled<S extends Scalar, P extends string> = P extends `${string}${infer R1}` ? (R1 extends '' ? Components<S, 1> : R1 extends `${string}${infer R2}` ? (R2 extends '' ? Components<S, 2> : R2 extends `${string}${infer R3}` ? (R3 extends '' ? Components<S, 3> : Components<S, 4>) : never) : never) : never;
/** How values of the type combine into one. */
export type Combines<S extends Scalar> = S extends 'bool' ? 'and' | 'or' | 'xor' : S extends Float ? 'add' | 'mul' | 'min' | 'max' : 'add' | 'mul' | 'min' | 'max' | 'and' | 'or' | 'xor';

/** What fixed arrays can do. */
export interface ArrayOps<T extends ArrayTy> extends Base<T> {
  /** One element; zero where the index is out of bounds. */
  at(index: In<'u32'>): Value<ElementOf<T>>;
  /** The array with one element replaced; unchanged where the index is out of bounds. */
  with(index: In<'u32'>, value: In<ElementOf<T>>): Value<T>;
}
export type ElementOf<T> = T extends `array<${infer E extends Scalar | Vector}, ${number}>` ? E : never;
/** A value, or a literal that becomes one. For a vector, a scalar stands for each component. */
export type Operand<S extends Scalar, N extends Lanes> = Components<S, N> | ScalarLiteral<S> | (N extends 1 ? never : Components<S, 1>);
type ScalarLiteral<S extends Scalar> = S extends 'i64' | 'u64' ? bigint | number : S extends 'bool' ? boolean : number;

export interface HandleOps extends Base<'GpuBufferHandle'> {
  /** Bytes of the buffer. */
  readonly byteLength: Value<'u64'>;
  /** A view of `length` bytes from byte `offset`. */
  slice(offset: In<'u64'>, length: In<'u64'>): Value<'GpuBufferHandle'>;
}

/** A value of a kernel or program while it is traced. */
export type Value<T extends Ty> = T extends Scalar ? Components<T, 1> : T extends Vector ? Base<T> & Components<Component<T>, SizeOf<T>> : T extends ArrayTy ? ArrayOps<T> : T extends 'GpuBufferHandle' ? HandleOps : Base<T>;

export type Literal<T extends Ty> = T extends Scalar ? ScalarLiteral<T> : T extends Vector ? ScalarLiteral<Component<T>> : never;
/** A value, or a literal that becomes one; for a vector, a scalar too. */
export type In<T extends Ty> = Value<T> | Literal<T> | (T extends Vector ? Components<Component<T>, 1> : never);

/** The type of a traced value. */
export type TyOf<V> = V extends Base<infer T> ? T : never;
/** Any traced value. */
export type AnyValue = Base<Ty>;
/** Values that a loop carries or a branch gives, by name. */
export type Carry = Readonly<Record<string, AnyValue>>;
/** The next ones: the same names and types, literals allowed. */
export type Next<C> = { readonly [K in keyof C]: In<TyOf<C[K]>> };

export type BufferTy<S extends Storage = Storage, A extends Access = Access> = `buffer<${S}, ${A}>`;

interface Indexed {
  /** Elements of the view. */
  readonly length: Value<'u32'>;
}
export interface Readable<S extends Storage> extends Indexed {
  /** One element; zero where the index is out of bounds. */
  load(index: In<'u32'>): Value<Loaded<S>>;
}
export interface Writable<S extends Storage> extends Indexed {
  /** Writes one element; dropped where the index is out of bounds. */
  store(index: In<'u32'>, value: In<Loaded<S>>): void;
}
/** What an atomic orders beside itself: `relaxed`, nothing, is what every device has. */
export type Ordering = 'relaxed' | 'acquire' | 'release' | 'acq_rel';
/** Atomics: each gives the old value. 64-bit elements, and orderings but `relaxed`, are capabilities of a backend. */
export interface Atomic<S extends Int> {
  atomicAdd(index: In<'u32'>, value: In<S>, ordering?: Ordering): Value<S>;
  atomicSub(index: In<'u32'>, value: In<S>, ordering?: Ordering): Value<S>;
  atomicMin(index: In<'u32'>, value: In<S>, ordering?: Ordering): Value<S>;
  atomicMax(index: In<'u32'>, value: In<S>, ordering?: Ordering): Value<S>;
  atomicAnd(index: In<'u32'>, value: In<S>, ordering?: Ordering): Value<S>;
  atomicOr(index: In<'u32'>, value: In<S>, ordering?: Ordering): Value<S>;
  atomicXor(index: In<'u32'>, value: In<S>, ordering?: Ordering): Value<S>;
  atomicExchange(index: In<'u32'>, value: In<S>, ordering?: Ordering): Value<S>;
  /** Stores `value` if the element equals `expected`. */
  atomicCompareExchange(index: In<'u32'>, expected: In<S>, value: In<S>, ordering?: Ordering): Value<S>;
}
type AtomicOf<S extends Storage> = S extends Int ? Atomic<S> : unknown;
/** A buffer as a kernel sees it. */
export type BufferView<S extends Storage = Storage, A extends Access = Access> = { readonly '~type': BufferTy<S, A> } & (A extends 'read'
  ? Readable<S>
  : A extends 'write'
    ? Writable<S>
    : Readable<S> & Writable<S> & AtomicOf<S>);

/** What a traced body may return: not a promise. */
export type Sync<R> = R extends PromiseLike<unknown> ? { 'error: a traced body must not be async': never } : R;
