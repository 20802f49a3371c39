import { defineOp } from '../ops/op.ts';
import type { Accuracy, Expression } from '../ops/accuracy.ts';
import type { Meaning, OpId } from '../ops/op.ts';
import { f16Field, pack, saturated, signedField, snormField, unormField, unpack, unsignedField } from './packing.ts';
import type { Field } from './packing.ts';
import { shapesOf } from './shapes.ts';

const { common } = shapesOf('arith', '1.0.0');

/*
 * Small values in one u32, the first component in the lowest bits; of the integers and of f16 no bit is lost on the way
 * back. Normalised values as in WGSL: floor(0.5 + steps * x), in which the sum may be a rounded one.
 */
function packed<const Id extends OpId, const V extends string>(id: Id, summary: string, type: V, field: Field, accuracy: Accuracy = 'exact') {
  const meaning: Meaning = (a: readonly number[]) => pack(a, field);
  return defineOp({
    ...common, id, summary, operands: [{ name: 'a', type }], results: [{ name: 'packed', type: 'u32' }],
    traits: ['pure'], accuracy, cpuRef: () => meaning,
  });
}

function unpacked<const Id extends OpId, const V extends string>(id: Id, summary: string, type: V, field: Field, accuracy: Accuracy = 'exact') {
  const meaning: Meaning = (a: number) => unpack(a, field);
  return defineOp({
    ...common, id, summary, operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'unpacked', type }],
    traits: ['pure'], accuracy, cpuRef: () => meaning,
  });
}

/** What `pack` does to each component before it takes bits. */
const steps = (count: number, lowest: -1 | 0): Accuracy => {
  const clamped: Expression = ['arith.min', 1, ['arith.max', lowest, 'a']];
  return { inherited: ['math.floor', ['arith.add', 0.5, ['arith.mul', count, clamped]]] };
};
const NORMALISED: Accuracy = { ulp: 3 };

const [I8, U8, I16, U16] = [signedField(8), unsignedField(8), signedField(16), unsignedField(16)];

export const packs = [
  packed('arith.pack4xi8', 'The low 8 bits of each component.', 'vec4<i32>', I8),
  packed('arith.pack4xu8', 'The low 8 bits of each component.', 'vec4<u32>', U8),
  packed('arith.pack4xi8_sat', 'Each component, clamped to [-128, 127].', 'vec4<i32>', saturated(I8, -128, 127)),
  packed('arith.pack4xu8_sat', 'Each component, clamped to [0, 255].', 'vec4<u32>', saturated(U8, 0, 255)),
  packed('arith.pack2xi16', 'The low 16 bits of each component.', 'vec2<i32>', I16),
  packed('arith.pack2xu16', 'The low 16 bits of each component.', 'vec2<u32>', U16),
  packed('arith.pack4x8snorm', 'Each component, clamped to [-1, 1], in steps of 1/127; NaN is 0.', 'vec4<f32>', snormField(8), steps(127, -1)),
  packed('arith.pack4x8unorm', 'Each component, clamped to [0, 1], in steps of 1/255; NaN is 0.', 'vec4<f32>', unormField(8), steps(255, 0)),
  packed('arith.pack2x16snorm', 'Each component, clamped to [-1, 1], in steps of 1/32767; NaN is 0.', 'vec2<f32>', snormField(16), steps(32767, -1)),
  packed('arith.pack2x16unorm', 'Each component, clamped to [0, 1], in steps of 1/65535; NaN is 0.', 'vec2<f32>', unormField(16), steps(65535, 0)),
  packed('arith.pack2x16float', 'Each component rounded to f16.', 'vec2<f32>', f16Field),
  packed('arith.pack2xf16', 'The bits of each component; a NaN may come as another one.', 'vec2<f16>', f16Field),

  unpacked('arith.unpack4xi8', 'Four signed bytes.', 'vec4<i32>', I8),
  unpacked('arith.unpack4xu8', 'Four bytes.', 'vec4<u32>', U8),
  unpacked('arith.unpack2xi16', 'Two signed 16-bit integers.', 'vec2<i32>', I16),
  unpacked('arith.unpack2xu16', 'Two 16-bit integers.', 'vec2<u32>', U16),
  unpacked('arith.unpack4x8snorm', 'Four signed bytes in steps of 1/127, at least -1.', 'vec4<f32>', snormField(8), NORMALISED),
  unpacked('arith.unpack4x8unorm', 'Four bytes in steps of 1/255.', 'vec4<f32>', unormField(8), NORMALISED),
  unpacked('arith.unpack2x16snorm', 'Two signed 16-bit integers in steps of 1/32767, at least -1.', 'vec2<f32>', snormField(16), NORMALISED),
  unpacked('arith.unpack2x16unorm', 'Two 16-bit integers in steps of 1/65535.', 'vec2<f32>', unormField(16), NORMALISED),
  unpacked('arith.unpack2x16float', 'The f32 values of two f16.', 'vec2<f32>', f16Field),
  unpacked('arith.unpack2xf16', 'Two f16; a NaN may come as another one.', 'vec2<f16>', f16Field),
] as const;
