import { scalar, vectorType } from '@sluice/core';
import type { Emitter, Type } from '@sluice/core';
import { call } from './helpers.ts';
import type { WgslBuilder } from './module.ts';
import { elementOf, shapeOf, typeText } from './types.ts';

/** Floats to integers and bool: saturating, NaN is 0, not left to the device. */
const FROM_FLOAT: Readonly<Record<string, string>> = { bool: 'to_bool', i32: 'to_i32', u32: 'to_u32' };

const cast: WgslBuilder = (_, ctx, module) => {
  const [from, to] = [ctx.operandType(0), ctx.resultType(0)];
  const [a = ''] = module.operands(ctx);
  if (elementOf(from) === elementOf(to)) return [a];
  const name = elementOf(from)?.class === 'float' ? FROM_FLOAT[elementOf(to)?.name ?? ''] : undefined;
  if (name !== undefined) return [call(name, from, ctx, [a])];
  // Rounded to f32 before: what f16 cannot hold is infinite there, and not left open.
  if (elementOf(to)?.name === 'f16' && elementOf(from)?.name !== 'bool') return [`${typeText(to, ctx)}(${elementOf(from)?.name === 'f32' ? a : `${typeText(alike(to, 'f32'), ctx)}(${a})`})`];
  return [`${typeText(to, ctx)}(${a})`];
};

const bitcast: WgslBuilder = (_, ctx, module) => {
  const to = ctx.resultType(0);
  const [a = ''] = module.operands(ctx);
  return [elementOf(ctx.operandType(0)) === elementOf(to) ? a : `bitcast<${typeText(to, ctx)}>(${a})`];
};

function alike(type: Type, name: 'f32'): Type {
  return type.kind === 'vector' ? vectorType(scalar(name), type.size) : scalar(name);
}

/* Small values in one u32, the first component in the lowest bits. */

/** The fields of an integer vector, `bits` wide each, put side by side. */
const pack = (bits: 8 | 16, before: (a: string, type: Type, ctx: Emitter<string>) => string = (a) => a): WgslBuilder => (_, ctx, module) => {
  const type = ctx.operandType(0);
  const wide = module.named('fields', `${bitsOf(before(ctx.operand(0), type, ctx), type, ctx)} & ${shapeOf(type, ctx).U}(${2 ** bits - 1}u)`);
  return [joined(wide, bits)];
};

function bitsOf(text: string, type: Type, ctx: Emitter<string>): string {
  const { U } = shapeOf(type, ctx);
  return elementOf(type)?.name === 'u32' ? `(${text})` : `bitcast<${U}>(${text})`;
}

function joined(fields: string, bits: 8 | 16): string {
  const parts = bits === 8 ? ['x', 'y', 'z', 'w'] : ['x', 'y'];
  return parts.map((part, i) => (i === 0 ? `${fields}.${part}` : `(${fields}.${part} << ${i * bits}u)`)).join(' | ');
}

const clamped = (least: string, most: string) => (a: string, type: Type, ctx: Emitter<string>) => `clamp(${a}, ${shapeOf(type, ctx).T}(${least}), ${shapeOf(type, ctx).T}(${most}))`;

/** floor(0.5 + steps * x) of what is clamped; NaN is 0. */
const packNormalised = (bits: 8 | 16, lowest: -1 | 0): WgslBuilder => (_, ctx, module) => {
  const type = ctx.operandType(0);
  const { T, I, U } = shapeOf(type, ctx);
  const a = module.named('known', `select(${ctx.operand(0)}, ${T}(0.0f), ${call('is_nan', type, ctx, [ctx.operand(0)])})`);
  const steps = lowest === 0 ? 2 ** bits - 1 : 2 ** (bits - 1) - 1;
  const fields = module.named('fields', `bitcast<${U}>(${I}(floor(${T}(0.5f) + ${T}(${steps}.0f) * clamp(${a}, ${T}(${lowest}.0f), ${T}(1.0f))))) & ${U}(${2 ** bits - 1}u)`);
  return [joined(fields, bits)];
};

const unpackUnsigned = (bits: 8 | 16): WgslBuilder => (_, ctx, module) => [unsignedFields(module.operands(ctx)[0] ?? '', bits)];

function unsignedFields(a: string, bits: 8 | 16): string {
  return bits === 8 ? `(vec4<u32>(${a}) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u)` : `(vec2<u32>(${a}) >> vec2<u32>(0u, 16u)) & vec2<u32>(65535u)`;
}

const unpackSigned = (bits: 8 | 16): WgslBuilder => (_, ctx, module) => {
  const [a = ''] = module.operands(ctx);
  return [bits === 8 ? `bitcast<vec4<i32>>(vec4<u32>(${a}) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u)` : `bitcast<vec2<i32>>(vec2<u32>(${a}) << vec2<u32>(16u, 0u)) >> vec2<u32>(16u)`];
};

const builtinOf = (name: string): WgslBuilder => (_, ctx, module) => [`${name}(${module.operands(ctx).join(', ')})`];

/* In integers, because devices round as they like, and take subnormals for zero. */
const HALF_BITS = `fn half_bits_f32x2(a: vec2<f32>) -> vec2<u32> {
  let bits = bitcast<vec2<u32>>(a);
  let size = bits & vec2<u32>(0x7fffffffu);
  let exponent = size >> vec2<u32>(23u);
  let normal = size - vec2<u32>(0x38000000u);
  let rounded = (normal + vec2<u32>(0xfffu) + ((normal >> vec2<u32>(13u)) & vec2<u32>(1u))) >> vec2<u32>(13u);
  let drop = min(vec2<u32>(126u) - min(exponent, vec2<u32>(125u)), vec2<u32>(31u));
  let digits = (bits & vec2<u32>(0x7fffffu)) | vec2<u32>(0x800000u);
  let kept = digits >> drop;
  let rest = digits & ((vec2<u32>(1u) << drop) - vec2<u32>(1u));
  let half = vec2<u32>(1u) << (drop - vec2<u32>(1u));
  let up = (rest > half) | ((rest == half) & ((kept & vec2<u32>(1u)) == vec2<u32>(1u)));
  let subnormal = select(kept + select(vec2<u32>(0u), vec2<u32>(1u), up), vec2<u32>(0u), exponent < vec2<u32>(102u));
  let finite = select(rounded, subnormal, size < vec2<u32>(0x38800000u));
  let infinite = select(finite, vec2<u32>(0x7c00u), size >= vec2<u32>(0x477ff000u));
  let magnitude = select(infinite, vec2<u32>(0x7e00u), size > vec2<u32>(0x7f800000u));
  return select((bits >> vec2<u32>(16u)) & vec2<u32>(0x8000u), vec2<u32>(0u), size > vec2<u32>(0x7f800000u)) | magnitude;
}`;

const FROM_HALF_BITS = `fn from_half_bits_u32x2(half: vec2<u32>) -> vec2<f32> {
  let size = half & vec2<u32>(0x7fffu);
  let normal = (size << vec2<u32>(13u)) + vec2<u32>(0x38000000u);
  let special = (size << vec2<u32>(13u)) | vec2<u32>(0x7f800000u);
  let subnormal = bitcast<vec2<u32>>(vec2<f32>(size) * vec2<f32>(5.9604645e-8f));
  let magnitude = select(select(normal, subnormal, size < vec2<u32>(0x400u)), special, size >= vec2<u32>(0x7c00u));
  return bitcast<vec2<f32>>(magnitude | ((half & vec2<u32>(0x8000u)) << vec2<u32>(16u)));
}`;

const packHalves: WgslBuilder = (_, ctx, module) => {
  ctx.declare(HALF_BITS);
  return [joined(module.named('halves', `half_bits_f32x2(${ctx.operand(0)})`), 16)];
};

const unpackHalves: WgslBuilder = (_, ctx, module) => {
  ctx.declare(FROM_HALF_BITS);
  return [`from_half_bits_u32x2(${unsignedFields(module.operands(ctx)[0] ?? '', 16)})`];
};

/** The same bits as another type, of the same width in all. */
const reinterpret: WgslBuilder = (_, ctx, module) => [`bitcast<${typeText(ctx.resultType(0), ctx)}>(${module.operands(ctx).join(', ')})`];

export const convert: Readonly<Record<string, WgslBuilder>> = {
  'arith.cast': cast,
  'arith.bitcast': bitcast,
  'arith.pack4xi8': pack(8),
  'arith.pack4xu8': pack(8),
  'arith.pack4xi8_sat': pack(8, clamped('-128i', '127i')),
  'arith.pack4xu8_sat': pack(8, clamped('0u', '255u')),
  'arith.pack2xi16': pack(16),
  'arith.pack2xu16': pack(16),
  'arith.pack4x8snorm': packNormalised(8, -1),
  'arith.pack4x8unorm': packNormalised(8, 0),
  'arith.pack2x16snorm': packNormalised(16, -1),
  'arith.pack2x16unorm': packNormalised(16, 0),
  'arith.pack2x16float': packHalves,
  'arith.pack2xf16': reinterpret,
  'arith.unpack4xi8': unpackSigned(8),
  'arith.unpack4xu8': unpackUnsigned(8),
  'arith.unpack2xi16': unpackSigned(16),
  'arith.unpack2xu16': unpackUnsigned(16),
  'arith.unpack4x8snorm': builtinOf('unpack4x8snorm'),
  'arith.unpack4x8unorm': builtinOf('unpack4x8unorm'),
  'arith.unpack2x16snorm': builtinOf('unpack2x16snorm'),
  'arith.unpack2x16unorm': builtinOf('unpack2x16unorm'),
  'arith.unpack2x16float': unpackHalves,
  'arith.unpack2xf16': reinterpret,
};
