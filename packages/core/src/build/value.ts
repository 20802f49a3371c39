import { SluiceError } from '../diagnostics/error.ts';
import { NO_ATTRIBUTES, scalarAttribute } from '../ir/attributes.ts';
import type { Attributes, ScalarValue } from '../ir/attributes.ts';
import type { ValueId } from '../ir/program.ts';
import { scalar, vector } from '../ir/types.ts';
import type { ScalarName, ScalarType, Type } from '../ir/types.ts';
import { dialects } from '../dialects/index.ts';
import type { OpDef } from '../ops/op.ts';
import { currentTrace } from './trace.ts';
import type { Block, Trace, Traced } from './trace.ts';
import type { Scalar, Value } from './types.ts';

const OPS = new Map(dialects.flatMap((d) => d.ops).map((o) => [o.id as string, o]));

/** The record of one of core's own ops. */
export function coreOp(id: string): OpDef {
  const found = OPS.get(id);
  if (found === undefined) throw new RangeError(`core has no op ${id}`);
  return found;
}

const op = (name: string) => coreOp(`arith.${name}`);
const ADD = op('add'), SUB = op('sub'), MUL = op('mul'), DIV = op('div'), REM = op('rem'), NEG = op('neg'), ABS = op('abs'), MIN = op('min'), MAX = op('max'), ABS_DIFF = op('abs_diff');
const ADD_SAT = op('add_sat'), SUB_SAT = op('sub_sat'), MUL_SAT = op('mul_sat'), MUL_HIGH = op('mul_high'), FMA = op('fma');
const AND = op('and'), OR = op('or'), XOR = op('xor'), NOT = op('not'), SHL = op('shl'), SHR = op('shr'), ROTL = op('rotl'), ROTR = op('rotr');
const POPCOUNT = op('popcount'), CLZ = op('clz'), CTZ = op('ctz'), REVERSE_BITS = op('reverse_bits'), SWAP_BYTES = op('swap_bytes');
const EQ = op('eq'), NE = op('ne'), LT = op('lt'), LE = op('le'), GT = op('gt'), GE = op('ge'), SELECT = op('select'), CAST = op('cast'), BITCAST = op('bitcast'), CONSTANT = op('constant');
const ofMath = (name: string) => coreOp(`math.${name}`);
const SQRT = ofMath('sqrt'), INVERSE_SQRT = ofMath('inverse_sqrt'), RECIPROCAL = ofMath('reciprocal'), EXP = ofMath('exp'), EXP2 = ofMath('exp2'), LOG = ofMath('log'), LOG2 = ofMath('log2'), POW = ofMath('pow');
const SIN = ofMath('sin'), COS = ofMath('cos'), TAN = ofMath('tan'), ASIN = ofMath('asin'), ACOS = ofMath('acos'), ATAN = ofMath('atan'), ATAN2 = ofMath('atan2');
const SINH = ofMath('sinh'), COSH = ofMath('cosh'), TANH = ofMath('tanh'), ASINH = ofMath('asinh'), ACOSH = ofMath('acosh'), ATANH = ofMath('atanh');
const FLOOR = ofMath('floor'), CEIL = ofMath('ceil'), ROUND = ofMath('round'), TRUNC = ofMath('trunc'), FRACT = ofMath('fract'), SIGN = ofMath('sign');
const IS_NAN = ofMath('is_nan'), IS_INF = ofMath('is_inf'), IS_FINITE = ofMath('is_finite');
const SPLAT = coreOp('vector.splat'), EXTRACT = coreOp('vector.extract'), INSERT = coreOp('vector.insert'), SWIZZLE = coreOp('vector.swizzle'), DOT = coreOp('vector.dot'), REDUCE = coreOp('vector.reduce');
const BYTE_LENGTH = coreOp('buffer.byte_length'), SLICE = coreOp('buffer.slice');
const U32 = scalar('u32'), BOOL = scalar('bool');

const NO_OPERANDS: readonly Traced[] = [];

type Operand = TracedValue | ScalarValue;

/** A traced value. One class for all types: TypeScript's `Value<T>` shows the methods that the type has. */
export class TracedValue implements Traced {
  readonly trace: Trace;
  readonly id: ValueId;
  readonly type: Type;
  readonly block: Block;

  constructor(trace: Trace, id: ValueId, type: Type, block: Block) {
    this.trace = trace;
    this.id = id;
    this.type = type;
    this.block = block;
  }

  get '~type'(): string {
    return this.type.spelling;
  }

  add(o: Operand) { return this.#binary(ADD, o); }
  sub(o: Operand) { return this.#binary(SUB, o); }
  mul(o: Operand) { return this.#binary(MUL, o); }
  div(o: Operand) { return this.#binary(DIV, o); }
  rem(o: Operand) { return this.#binary(REM, o); }
  min(o: Operand) { return this.#binary(MIN, o); }
  max(o: Operand) { return this.#binary(MAX, o); }
  and(o: Operand) { return this.#binary(AND, o); }
  or(o: Operand) { return this.#binary(OR, o); }
  xor(o: Operand) { return this.#binary(XOR, o); }
  eq(o: Operand) { return this.#binary(EQ, o); }
  ne(o: Operand) { return this.#binary(NE, o); }
  lt(o: Operand) { return this.#binary(LT, o); }
  le(o: Operand) { return this.#binary(LE, o); }
  gt(o: Operand) { return this.#binary(GT, o); }
  ge(o: Operand) { return this.#binary(GE, o); }
  neg() { return this.#unary(NEG); }
  abs() { return this.#unary(ABS); }
  not() { return this.#unary(NOT); }
  absDiff(o: Operand) { return this.#binary(ABS_DIFF, o); }
  addSat(o: Operand) { return this.#binary(ADD_SAT, o); }
  subSat(o: Operand) { return this.#binary(SUB_SAT, o); }
  mulSat(o: Operand) { return this.#binary(MUL_SAT, o); }
  mulHigh(o: Operand) { return this.#binary(MUL_HIGH, o); }
  shl(count: Operand) { return this.#counted(SHL, count); }
  shr(count: Operand) { return this.#counted(SHR, count); }
  rotl(count: Operand) { return this.#counted(ROTL, count); }
  rotr(count: Operand) { return this.#counted(ROTR, count); }
  popcount() { return this.#unary(POPCOUNT); }
  clz() { return this.#unary(CLZ); }
  ctz() { return this.#unary(CTZ); }
  reverseBits() { return this.#unary(REVERSE_BITS); }
  swapBytes() { return this.#unary(SWAP_BYTES); }
  sqrt() { return this.#unary(SQRT); }
  inverseSqrt() { return this.#unary(INVERSE_SQRT); }
  reciprocal() { return this.#unary(RECIPROCAL); }
  exp() { return this.#unary(EXP); }
  exp2() { return this.#unary(EXP2); }
  log() { return this.#unary(LOG); }
  log2() { return this.#unary(LOG2); }
  pow(o: Operand) { return this.#binary(POW, o); }
  sin() { return this.#unary(SIN); }
  cos() { return this.#unary(COS); }
  tan() { return this.#unary(TAN); }
  asin() { return this.#unary(ASIN); }
  acos() { return this.#unary(ACOS); }
  atan() { return this.#unary(ATAN); }
  atan2(x: Operand) { return this.#binary(ATAN2, x); }
  sinh() { return this.#unary(SINH); }
  cosh() { return this.#unary(COSH); }
  tanh() { return this.#unary(TANH); }
  asinh() { return this.#unary(ASINH); }
  acosh() { return this.#unary(ACOSH); }
  atanh() { return this.#unary(ATANH); }
  floor() { return this.#unary(FLOOR); }
  ceil() { return this.#unary(CEIL); }
  round() { return this.#unary(ROUND); }
  trunc() { return this.#unary(TRUNC); }
  fract() { return this.#unary(FRACT); }
  sign() { return this.#unary(SIGN); }
  isNan() { return this.#unary(IS_NAN); }
  isInf() { return this.#unary(IS_INF); }
  isFinite() { return this.#unary(IS_FINITE); }

  fma(factor: Operand, term: Operand) {
    return emitOne(this.trace, FMA, [this, asValue(this.trace, factor, this.type), asValue(this.trace, term, this.type)]);
  }

  to(type: ScalarName) {
    return emitOne(this.trace, CAST, [this], { to: { kind: 'type', type: this.#target(type) } });
  }

  bitcast(type: ScalarName) {
    return emitOne(this.trace, BITCAST, [this], { to: { kind: 'type', type: this.#target(type) } });
  }

  #target(type: ScalarName): ScalarType {
    const found = scalar(type) as ScalarType | undefined;
    if (found === undefined) throw this.trace.fail('build/types', `there is no scalar type ${describe(type)}`, 'name a scalar type, such as f32');
    return found;
  }

  select(a: Operand, b: Operand) {
    const types = [a, b].flatMap((o) => (o instanceof TracedValue ? [o.type] : []));
    const type = types.find((t) => t.kind === 'vector') ?? types[0];
    if (type === undefined) throw this.trace.fail('build/operand', '`select` of two literals has no type', 'give one of them a type, for example with u32(1)');
    const like = likeVector(type, this.type);
    return emitOne(this.trace, SELECT, [asValue(this.trace, this, likeVector(BOOL, like)), asValue(this.trace, a, like), asValue(this.trace, b, like)]);
  }

  get x() { return this.swizzle('x'); }
  get y() { return this.swizzle('y'); }
  get z() { return this.swizzle('z'); }
  get w() { return this.swizzle('w'); }
  swizzle(pattern: string) { return emitOne(this.trace, SWIZZLE, [this], { pattern: { kind: 'string', value: pattern } }); }
  at(index: Operand) { return emitOne(this.trace, EXTRACT, [this, asValue(this.trace, index, U32)]); }
  with(index: Operand, value: Operand) { return emitOne(this.trace, INSERT, [this, asValue(this.trace, index, U32), asValue(this.trace, value, this.#element())]); }
  dot(o: Operand) { return this.#binary(DOT, o); }
  reduce(combine: string) { return emitOne(this.trace, REDUCE, [this], { combine: { kind: 'enum', value: combine } }); }

  #element() {
    return this.type.kind === 'vector' || this.type.kind === 'array' ? this.type.element : this.type;
  }

  get byteLength() {
    return emitOne(this.trace, BYTE_LENGTH, [this]);
  }

  slice(offset: Operand, length: Operand) {
    const u64 = scalar('u64');
    return emitOne(this.trace, SLICE, [this, asValue(this.trace, offset, u64), asValue(this.trace, length, u64)]);
  }

  #unary(def: OpDef) {
    return emitOne(this.trace, def, [this]);
  }

  #counted(def: OpDef, count: Operand) {
    return emitOne(this.trace, def, [this, asValue(this.trace, count, likeVector(U32, this.type))]);
  }

  #binary(def: OpDef, other: Operand) {
    return emitOne(this.trace, def, [this, asValue(this.trace, other, this.type)]);
  }

  /** `<`, `+`, `if` on the wrong side of the trace: JavaScript wants a primitive, and there is none yet. */
  [Symbol.toPrimitive](): never {
    throw this.trace.fail('build/host-operator', `a JavaScript operator was applied to a traced ${this.type.spelling}`, 'use its methods: add, lt, eq, select, to');
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Value<${this.type.spelling}> %${this.id} of ${this.trace.kind} ${this.trace.name}`;
  }

  toJSON(): unknown {
    return { value: this.id, type: this.type.spelling, [this.trace.kind]: this.trace.name };
  }
}

/** Emits an op with one result. */
export function emitOne(trace: Trace, def: OpDef, operands: readonly Traced[], attrs: Attributes = NO_ATTRIBUTES): TracedValue {
  const [id] = trace.emit(def, operands, attrs);
  if (id === undefined) throw new RangeError(`${def.id} has no result`);
  return wrap(trace, id);
}

/** The front end's object for a value that was just made in the current block. */
export function wrap(trace: Trace, id: ValueId, block: Block = trace.block): TracedValue {
  return new TracedValue(trace, id, trace.valueTypes[id] as Type, block);
}

/** A literal of that type. */
export function constant(trace: Trace, name: ScalarName, value: ScalarValue): TracedValue {
  return emitOne(trace, CONSTANT, NO_OPERANDS, attributesOfLiteral(trace, scalar(name), value));
}

/** What is wrong with a literal is the author's: the error says on which line. */
function attributesOfLiteral(trace: Trace, type: ScalarType, value: ScalarValue): Attributes {
  try {
    return literalAttributes(type, value);
  } catch (error) {
    throw error instanceof SluiceError ? trace.fail('build/literal-range', error.message, error.fix) : error;
  }
}

/** Programs are full of small integers: their attributes are made once. */
const SHARED_LITERALS = 256;
const sharedLiterals: (Attributes | undefined)[] = [];

function literalAttributes(type: ScalarType, value: ScalarValue): Attributes {
  const isShared = typeof value === 'number' && value >= 0 && value < SHARED_LITERALS && Number.isInteger(value) && (type.class === 'signed' || type.class === 'unsigned');
  if (!isShared) return { value: scalarAttribute(type.name, value) };
  return (sharedLiterals[type.serial * SHARED_LITERALS + value] ??= { value: scalarAttribute(type.name, value) });
}

/** `operand` itself, or the literal as a value of type `like`; where that is a vector, a scalar becomes each component. */
export function asValue(trace: Trace, operand: unknown, like: Type): TracedValue {
  if (operand instanceof TracedValue) return like.kind === 'vector' && operand.type.kind === 'scalar' ? splat(trace, operand, like.size) : operand;
  if (isTraced(operand)) return asValue(trace, new TracedValue(operand.trace, operand.id, operand.type, operand.block), like);
  if (typeof operand === 'number' || typeof operand === 'bigint' || typeof operand === 'boolean') {
    if (like.kind === 'scalar') return constant(trace, like.name, operand);
    if (like.kind === 'vector') return splat(trace, constant(trace, like.element.name, operand), like.size);
  }
  throw trace.fail('build/operand', `${describe(operand)} is no value of type ${like.spelling}`, `pass a traced ${like.spelling}${like.kind === 'scalar' || like.kind === 'vector' ? ' or a literal' : ''}`);
}

function splat(trace: Trace, component: TracedValue, size: 2 | 3 | 4): TracedValue {
  return emitOne(trace, SPLAT, [component], { size: scalarAttribute('u32', size) });
}

/** `type`, or, where it is a scalar and `beside` a vector, a vector of it with as many components. */
export function likeVector(type: Type, beside: Type): Type {
  return beside.kind === 'vector' && type.kind === 'scalar' ? vector(type, beside.size) : type;
}

/** A value of this copy of core or of another one. */
export function isTraced(x: unknown): x is Traced {
  return typeof x === 'object' && x !== null && '~type' in x && 'trace' in x && 'id' in x && 'block' in x;
}

export function describe(x: unknown): string {
  if (x === undefined || x === null) return String(x);
  if (typeof x === 'object') return `an object with keys ${Object.keys(x).slice(0, 4).join(', ') || '(none)'}`;
  if (typeof x === 'function') return 'a function';
  return typeof x === 'string' ? JSON.stringify(x) : `${String(x)} (${typeof x})`;
}

function literalOf<T extends Scalar>(type: T) {
  return (value: unknown): Value<T> => {
    const trace = currentTrace(`${type}()`);
    const made = isTraced(value) ? emitOne(trace, CAST, [value], { to: { kind: 'type', type: scalar(type) } }) : asValue(trace, value, scalar(type));
    return made as unknown as Value<T>;
  };
}

type Caster<T extends Scalar, L> = (value: L | Value<Scalar>) => Value<T>;

/** A literal or converted value of the type; see `arith.cast` for how values convert. */
export const i32: Caster<'i32', number> = literalOf<'i32'>('i32');
export const u32: Caster<'u32', number> = literalOf<'u32'>('u32');
export const i64: Caster<'i64', bigint | number> = literalOf<'i64'>('i64');
export const u64: Caster<'u64', bigint | number> = literalOf<'u64'>('u64');
export const f16: Caster<'f16', number> = literalOf<'f16'>('f16');
export const f32: Caster<'f32', number> = literalOf<'f32'>('f32');
export const bool: Caster<'bool', boolean> = literalOf<'bool'>('bool');

/** Used where a value is required and none can be made: a clear error in place of a crash. */
export function mustBeTraced(trace: Trace, x: unknown, what: string): Traced {
  if (isTraced(x)) return x;
  if (x instanceof SluiceError) throw x;
  throw trace.fail('build/operand', `${what} is ${describe(x)}, not a traced value`, 'return or pass a value of this kernel or program');
}
