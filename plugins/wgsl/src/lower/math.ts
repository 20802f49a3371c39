import type { WgslBuilder } from './module.ts';
import { builtin, computes, helper } from './rows.ts';
import type { Text } from './rows.ts';
import { shapeOf } from './types.ts';

/*
 * Functions of floats. WGSL's own are as accurate as the op records say; a few leave open what the reference does not, and
 * have a function here.
 */

const one: Text = ([a], type, ctx) => `${shapeOf(type, ctx).T}(1.0) / ${a}`;
const fraction: Text = ([a]) => `${a} - floor(${a})`;
// From 10 on it is 1 in f32; devices that divide by a cosine overflow further out.
const tanh: Text = ([a], type, ctx) => `tanh(clamp(${a}, ${shapeOf(type, ctx).T}(-10.0), ${shapeOf(type, ctx).T}(10.0)))`;
// Ties go to even, as WGSL says.
const same = ['sqrt', 'exp', 'exp2', 'log', 'log2', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'asinh', 'acosh', 'atanh', 'floor', 'ceil', 'round', 'trunc'];

const texts: Readonly<Record<string, Text>> = {
  ...Object.fromEntries(same.map((name) => [`math.${name}`, builtin(name)])),
  'math.inverse_sqrt': builtin('inverseSqrt'),
  'math.reciprocal': one,
  'math.fract': fraction,
  'math.tanh': tanh,
  'math.pow': helper('power'),
  'math.atan2': helper('angle'),
  'math.sign': helper('sign_of'),
  'math.is_nan': helper('is_nan'),
  'math.is_inf': helper('is_inf'),
  'math.is_finite': helper('is_finite'),
};

export const math: Readonly<Record<string, WgslBuilder>> = Object.fromEntries(Object.entries(texts).map(([id, float]) => [id, computes({ float })]));
