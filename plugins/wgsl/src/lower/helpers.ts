import { scalar, vectorType } from '@sluice/core';
import type { Emitter, Type } from '@sluice/core';
import type { Shape } from './types.ts';
import { shapeOf } from './types.ts';

/** A function beside the kernel, for scalars and vectors alike: its text for one shape. */
export interface Helper {
  /** Parameters as they are declared, and the type of the result. */
  readonly signature: (s: Shape) => string;
  readonly body: (s: Shape) => string;
  /** Functions that it calls with the same shape. */
  readonly calls?: readonly string[];
  /** Functions that it calls with u32s. */
  readonly callsUnsigned?: readonly string[];
}

const same = (...names: readonly string[]) => ({ T }: Shape) => `(${names.map((n) => `${n}: ${T}`).join(', ')}) -> ${T}`;
const test = ({ T, B }: Shape) => `(a: ${T}) -> ${B}`;
const compared = ({ T, B }: Shape) => `(a: ${T}, b: ${T}) -> ${B}`;

const bits = (a: string, { U }: Shape) => `bitcast<${U}>(${a})`;
const magnitude = (a: string, s: Shape) => `(${bits(a, s)} & ${s.U}(0x7fffffffu))`;

/*
 * Comparisons of floats are comparisons of integers: compilers for devices assume that nothing is NaN, and devices take
 * subnormals for zero.
 */
const INFINITE = '0xff000000';

/** Integers, of type T or as said. */
const INTEGERS: Readonly<Record<string, Helper>> = {
  rotate_left: { signature: ({ T, U }) => `(a: ${T}, count: ${U}) -> ${T}`, body: ({ T, U }) => `let bits = bitcast<${U}>(a);\nlet n = count & ${U}(31u);\nreturn bitcast<${T}>((bits << n) | (bits >> ((${U}(32u) - n) & ${U}(31u))));` },
  rotate_right: { signature: ({ T, U }) => `(a: ${T}, count: ${U}) -> ${T}`, body: ({ T, U }) => `let bits = bitcast<${U}>(a);\nlet n = count & ${U}(31u);\nreturn bitcast<${T}>((bits >> n) | (bits << ((${U}(32u) - n) & ${U}(31u))));` },
  swap_bytes: {
    signature: same('a'),
    body: ({ T, U }) => `let bits = bitcast<${U}>(a);\nlet pairs = ((bits & ${U}(0xff00ffu)) << ${U}(8u)) | ((bits >> ${U}(8u)) & ${U}(0xff00ffu));\nreturn bitcast<${T}>((pairs << ${U}(16u)) | (pairs >> ${U}(16u)));`,
  },
  add_sat_unsigned: { signature: same('a', 'b'), body: () => 'return min(a, ~b) + b;' },
  add_sat_signed: { signature: same('a', 'b'), body: ({ T, U }) => `let sum = a + b;\nreturn select(sum, (a >> ${U}(31u)) ^ ${T}(0x7fffffffi), ((a ^ sum) & (b ^ sum)) < ${T}(0i));` },
  sub_sat_unsigned: { signature: same('a', 'b'), body: () => 'return a - min(a, b);' },
  sub_sat_signed: { signature: same('a', 'b'), body: ({ T, U }) => `let difference = a - b;\nreturn select(difference, (a >> ${U}(31u)) ^ ${T}(0x7fffffffi), ((a ^ b) & (a ^ difference)) < ${T}(0i));` },
  // In 16-bit halves, so that no product is over 32 bits.
  mul_high_unsigned: {
    signature: ({ U }) => `(a: ${U}, b: ${U}) -> ${U}`,
    body: ({ U }) => {
      const [low, shift] = [`${U}(0xffffu)`, `${U}(16u)`];
      return [
        `let middle = (a >> ${shift}) * (b & ${low}) + (((a & ${low}) * (b & ${low})) >> ${shift});`,
        `let rest = (a & ${low}) * (b >> ${shift}) + (middle & ${low});`,
        `return (a >> ${shift}) * (b >> ${shift}) + (middle >> ${shift}) + (rest >> ${shift});`,
      ].join('\n');
    },
  },
  mul_high_signed: {
    signature: same('a', 'b'), callsUnsigned: ['mul_high_unsigned'],
    body: (s) => `let high = ${nameOf('mul_high_unsigned', unsigned(s))}(${bits('a', s)}, ${bits('b', s)});\nreturn bitcast<${s.T}>(high) - select(${s.T}(0i), b, a < ${s.T}(0i)) - select(${s.T}(0i), a, b < ${s.T}(0i));`,
  },
  mul_sat_unsigned: { signature: same('a', 'b'), calls: ['mul_high_unsigned'], body: (s) => `return select(a * b, ${s.T}(0xffffffffu), ${nameOf('mul_high_unsigned', s)}(a, b) != ${s.T}(0u));` },
  mul_sat_signed: {
    signature: same('a', 'b'), calls: ['mul_high_signed'],
    body: (s) => `let product = a * b;\nlet fits = ${nameOf('mul_high_signed', s)}(a, b) == (product >> ${s.U}(31u));\nreturn select(((a ^ b) >> ${s.U}(31u)) ^ ${s.T}(0x7fffffffi), product, fits);`,
  },
};

/** f32; of f16 the same is computed in f32, which holds each of its values. */
const FLOATS: Readonly<Record<string, Helper>> = {
  is_nan: { signature: test, body: (s) => `return ${magnitude('a', s)} > ${s.U}(0x7f800000u);` },
  is_inf: { signature: test, body: (s) => `return ${magnitude('a', s)} == ${s.U}(0x7f800000u);` },
  is_finite: { signature: test, body: (s) => `return ${magnitude('a', s)} < ${s.U}(0x7f800000u);` },
  // In their order from 0, -infinity, on; -0 and 0 alike; NaN above all.
  order: {
    signature: ({ T, U }) => `(a: ${T}) -> ${U}`,
    body: ({ I, U }) => `let bits = bitcast<${I}>(a);\nreturn bitcast<${U}>(select(bits, ${I}(i32(-2147483648)) - bits, bits < ${I}(0i))) + ${U}(0x7f800000u);`,
  },
  less: { signature: compared, calls: ['order'], body: (s) => `let most = ${nameOf('order', s)}(b);\nreturn (${nameOf('order', s)}(a) < most) & (most <= ${s.U}(${INFINITE}u));` },
  less_equal: { signature: compared, calls: ['order'], body: (s) => `let most = ${nameOf('order', s)}(b);\nreturn (${nameOf('order', s)}(a) <= most) & (most <= ${s.U}(${INFINITE}u));` },
  equal: { signature: compared, calls: ['order'], body: (s) => `let at = ${nameOf('order', s)}(a);\nreturn (at == ${nameOf('order', s)}(b)) & (at <= ${s.U}(${INFINITE}u));` },
  // In their order, -0 before 0, NaN at both ends; from -infinity on with all NaN behind, or up to infinity with all before.
  rank: {
    signature: ({ T, U }) => `(a: ${T}) -> ${U}`,
    body: ({ I, U }) => `let bits = bitcast<${I}>(a);\nreturn bitcast<${U}>(bits ^ ((bits >> ${U}(31u)) & ${I}(0x7fffffffi)));`,
  },
  min_of: { signature: same('a', 'b'), calls: ['rank'], body: (s) => `return select(b, a, ${nameOf('rank', s)}(a) - ${s.U}(0x807fffffu) < ${nameOf('rank', s)}(b) - ${s.U}(0x807fffffu));` },
  max_of: { signature: same('a', 'b'), calls: ['rank'], body: (s) => `return select(b, a, ${nameOf('rank', s)}(a) - ${s.U}(0x7f800001u) > ${nameOf('rank', s)}(b) - ${s.U}(0x7f800001u));` },
  sign_of: {
    signature: same('a'),
    body: (s) => `let size = ${magnitude('a', s)};\nlet one = bitcast<${s.T}>((${bits('a', s)} & ${s.U}(0x80000000u)) | ${s.U}(0x3f800000u));\nreturn select(one, a, (size == ${s.U}(0u)) | (size > ${s.U}(0x7f800000u)));`,
  },
  remainder: { signature: same('a', 'b'), body: () => 'return a - b * trunc(a / b);' },
  to_bool: { signature: test, body: (s) => `return ${magnitude('a', s)} != ${s.U}(0u);` },
  to_i32: {
    signature: ({ T, I }) => `(a: ${T}) -> ${I}`, calls: ['is_nan'],
    body: (s) => {
      const high = `select(${s.I}(a), ${s.I}(2147483647i), a >= ${s.T}(2147483648.0f))`;
      const low = `select(${high}, ${s.I}(i32(-2147483648)), a <= ${s.T}(-2147483648.0f))`;
      return `return select(${low}, ${s.I}(0i), ${nameOf('is_nan', s)}(a));`;
    },
  },
  to_u32: {
    signature: ({ T, U }) => `(a: ${T}) -> ${U}`, calls: ['is_nan'],
    body: (s) => `let most = select(${s.U}(a), ${s.U}(0xffffffffu), a >= ${s.T}(4294967296.0f));\nreturn select(${s.U}(0u), most, (a > ${s.T}(0.0f)) & !${nameOf('is_nan', s)}(a));`,
  },
  // Devices leave open what a power of a negative number is.
  power: {
    signature: same('a', 'b'),
    body: (s) => {
      const { T, U } = s;
      return [
        `let whole = b == trunc(b);`,
        `let odd = whole & (abs(b) < ${T}(16777216.0f)) & (trunc(b * ${T}(0.5f)) * ${T}(2.0f) != b);`,
        `let sign = select(${U}(0u), ${bits('a', s)} & ${U}(0x80000000u), odd);`,
        `let of_zero = select(${U}(0u), ${U}(0x7f800000u), b < ${T}(0.0f));`,
        `let size = select(${bits(`exp2(b * log2(abs(a)))`, s)}, of_zero, ${magnitude('a', s)} == ${U}(0u));`,
        `let defined = (a >= ${T}(0.0f)) | whole | (${magnitude('a', s)} == ${U}(0u));`,
        `let result = bitcast<${T}>(select(${U}(0x7fc00000u), size | sign, defined));`,
        `return select(result, ${T}(1.0f), ${magnitude('b', s)} == ${U}(0u));`,
      ].join('\n');
    },
  },
  // Devices leave open what it is on the axes.
  angle: {
    signature: same('y', 'x'),
    body: (s) => {
      const { T, U } = s;
      return [
        `let sign = ${bits('y', s)} & ${U}(0x80000000u);`,
        `let on_x = select(${T}(0.0f), ${T}(3.14159265f), (${bits('x', s)} & ${U}(0x80000000u)) != ${U}(0u));`,
        `let on_axis = select(${T}(1.57079633f), on_x, ${magnitude('y', s)} == ${U}(0u));`,
        `let signed_axis = bitcast<${T}>(${bits('on_axis', s)} | sign);`,
        `return select(atan2(y, x), signed_axis, (${magnitude('y', s)} == ${U}(0u)) | (${magnitude('x', s)} == ${U}(0u)));`,
      ].join('\n');
    },
  },
};

/** What has one shape only. */
const SINGLES: Readonly<Record<string, string>> = {
  from_bits_f32: 'fn from_bits_f32(bits: u32) -> f32 {\n  return bitcast<f32>(bits);\n}',
  from_bits_f16: 'fn from_bits_f16(bits: u32) -> f16 {\n  return bitcast<vec2<f16>>(bits).x;\n}',
};

/** Declares a function that has one shape only. */
export function single(name: string, ctx: Emitter<string>): void {
  const text = SINGLES[name];
  if (text === undefined) throw new RangeError(`there is no function ${name}`);
  ctx.declare(text);
}

function nameOf(name: string, s: Shape): string {
  return `${name}_${s.suffix}`;
}

function unsigned(s: Shape): Shape {
  return { ...s, T: s.U, suffix: s.suffix.replace(/^[a-z]\d\d/, 'u32') };
}

/** A call of the function for values of `type`, which is declared. */
export function call(name: string, type: Type, ctx: Emitter<string>, args: readonly string[]): string {
  const wide = type.kind === 'vector' && type.element.name === 'f16' ? vectorType(scalar('f32'), type.size) : type.kind === 'scalar' && type.name === 'f16' ? scalar('f32') : undefined;
  if (wide === undefined) return `${declared(name, shapeOf(type, ctx), ctx)}(${args.join(', ')})`;
  const { T, F } = shapeOf(type, ctx);
  const result = `${declared(name, shapeOf(wide, ctx), ctx)}(${args.map((a) => `${F}(${a})`).join(', ')})`;
  return (HELPERS[name]?.signature(shapeOf(wide, ctx)) ?? '').endsWith(`-> ${F}`) ? `${T}(${result})` : result;
}

const HELPERS: Readonly<Record<string, Helper>> = { ...INTEGERS, ...FLOATS };

function declared(name: string, s: Shape, ctx: Emitter<string>): string {
  const helper = HELPERS[name];
  if (helper === undefined) throw new RangeError(`there is no function ${name}`);
  for (const needed of helper.calls ?? []) declared(needed, s, ctx);
  for (const needed of helper.callsUnsigned ?? []) declared(needed, unsigned(s), ctx);
  // Of a scalar, what is made of a literal is the literal.
  const lines = helper.body(s).replaceAll(/\b[uif]32\(((?:0x[\da-f]+|[\d.]+)[uif])\)/g, '$1').split('\n').map((line) => `  ${line}`);
  ctx.declare(`fn ${nameOf(name, s)}${helper.signature(s)} {\n${lines.join('\n')}\n}`);
  return nameOf(name, s);
}
