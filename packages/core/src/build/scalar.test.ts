import { describe, expect, test } from 'vitest';
import { opId, walkOps } from '../ir/program.ts';
import { SluiceError } from '../diagnostics/error.ts';
import { arith as arithDialect, math as mathDialect } from '../dialects/index.ts';
import { Registry } from '../registry/registry.ts';
import { verify } from '../verify/verify.ts';
import { arith, buffer, math } from './host.ts';
import { defineKernel, kernel } from './kernel.ts';
import { defineProgram } from './program.ts';
import type { Value } from './types.ts';
import { bool, f16, f32, i32, i64, u32, u64 } from './value.ts';

type Any = Record<string, (...args: unknown[]) => { readonly '~type': string }>;

/** Ops that `body` emits, without constants, each with the type of its result; the kernel verifies. */
function emitted(body: () => unknown): readonly string[] {
  const k = defineKernel('k', { params: {}, workgroup: 1 }, () => void body());
  expect(verify(defineProgram('p', {}, () => kernel.launch(k, 1, {})), new Registry())).toEqual([]);
  return [...walkOps(k.body.region)].map((op) => [opId(k.body, op), ...op.results.map((r) => k.body.valueTypes[r]?.spelling)].join(' ')).filter((o) => !/^(arith.constant|control.return)/.test(o));
}

/** Methods by the op that they stand for, with their operands beside the value. */
const INT: Readonly<Record<string, readonly [op: string, ...operands: unknown[]]>> = {
  add: ['add', 1], sub: ['sub', 1], mul: ['mul', 1], div: ['div', 1], rem: ['rem', 1], neg: ['neg'], abs: ['abs'], min: ['min', 1], max: ['max', 1], absDiff: ['abs_diff', 1],
  addSat: ['add_sat', 1], subSat: ['sub_sat', 1], mulSat: ['mul_sat', 1], mulHigh: ['mul_high', 1],
  and: ['and', 1], or: ['or', 1], xor: ['xor', 1], not: ['not'], shl: ['shl', 1], shr: ['shr', 1], rotl: ['rotl', 1], rotr: ['rotr', 1],
  popcount: ['popcount'], clz: ['clz'], ctz: ['ctz'], reverseBits: ['reverse_bits'], swapBytes: ['swap_bytes'],
};
const FLOAT: typeof INT = {
  add: ['add', 1], sub: ['sub', 1], mul: ['mul', 1], div: ['div', 1], rem: ['rem', 1], neg: ['neg'], abs: ['abs'], min: ['min', 1], max: ['max', 1], absDiff: ['abs_diff', 0.5], fma: ['fma', 2, 0.25],
};
const MATH: typeof INT = {
  sqrt: ['sqrt'], inverseSqrt: ['inverse_sqrt'], reciprocal: ['reciprocal'], exp: ['exp'], exp2: ['exp2'], log: ['log'], log2: ['log2'], pow: ['pow', 2],
  sin: ['sin'], cos: ['cos'], tan: ['tan'], asin: ['asin'], acos: ['acos'], atan: ['atan'], atan2: ['atan2', 1], sinh: ['sinh'], cosh: ['cosh'], tanh: ['tanh'], asinh: ['asinh'], acosh: ['acosh'], atanh: ['atanh'],
  floor: ['floor'], ceil: ['ceil'], round: ['round'], trunc: ['trunc'], fract: ['fract'], sign: ['sign'],
};
const PREDICATES: typeof INT = { isNan: ['is_nan'], isInf: ['is_inf'], isFinite: ['is_finite'] };
const COMPARES: typeof INT = { eq: ['eq', 1], ne: ['ne', 1], lt: ['lt', 1], le: ['le', 1], gt: ['gt', 1], ge: ['ge', 1] };

const make = { i32: () => i32(-3), u32: () => u32(3), i64: () => i64(3n), u64: () => u64(3), f16: () => f16(1.5), f32: () => f32(1.5), bool: () => bool(true) };
/** So that a condition has a use. */
const used = (v: unknown) => ((v as { readonly '~type': string })['~type'] === 'bool' ? (v as Value<'bool'>).select(u32(1), 0) : v);

describe.each(['i32', 'u32', 'i64', 'u64'] as const)('methods of %s', (type) => {
  test.each(Object.entries(INT))('%s', (method, [op, ...operands]) => {
    expect(emitted(() => (make[type]() as unknown as Any)[method]!(...operands))).toEqual([`arith.${op} ${type}`]);
  });
});

describe.each(['f16', 'f32'] as const)('methods of %s', (type) => {
  test.each([...Object.entries(FLOAT).map((e) => ['arith', type, ...e] as const), ...Object.entries(MATH).map((e) => ['math', type, ...e] as const), ...Object.entries(PREDICATES).map((e) => ['math', 'bool', ...e] as const)])('%s: %s %s', (dialect, result, method, [op, ...operands]) => {
    expect(emitted(() => used((make[type]() as unknown as Any)[method]!(...operands)))[0]).toBe(`${dialect}.${op} ${result}`);
  });
});

describe.each(['i32', 'u32', 'i64', 'u64', 'f16', 'f32'] as const)('%s', (type) => {
  test.each(Object.entries(COMPARES))('%s is a bool', (method, [op, ...operands]) => {
    expect(emitted(() => used((make[type]() as unknown as Any)[method]!(...operands)))[0]).toBe(`arith.${op} bool`);
  });

  test('converts to each of the others', () => {
    for (const to of Object.keys(make)) expect(emitted(() => used((make[type]() as unknown as Any)['to']!(to)))[0]).toBe(`arith.cast ${to}`);
  });
});

test('every value op of arith and math on scalars has a method, or is one of those that stand alone', () => {
  const methods = [INT, FLOAT, MATH, PREDICATES, COMPARES].flatMap((table) => Object.values(table).map(([op]) => op));
  const alone = ['constant', 'select', 'cast', 'bitcast'];
  const ops = [...arithDialect.ops, ...mathDialect.ops].filter((o) => !/pack/.test(o.id)).map((o) => o.id.slice(o.id.indexOf('.') + 1));
  expect(ops.filter((o) => !methods.includes(o) && !alone.includes(o))).toEqual([]);
});

test('bitcasts keep the width', () => {
  expect(emitted(() => [f32(1).bitcast('u32'), u32(1).bitcast('f32'), i64(1).bitcast('u64'), u32(1).bitcast('i32'), f16(1).bitcast('f16')])).toEqual(['arith.bitcast u32', 'arith.bitcast f32', 'arith.bitcast u64', 'arith.bitcast i32', 'arith.bitcast f16']);
});

test('f16 literals are rounded once, and out of range they are infinite', () => {
  const k = defineKernel('k', { params: { y: 'buffer<f16, write>' }, workgroup: 1 }, ({ y }) => {
    y.store(0, 0.1);
    y.store(1, 65520);
    y.store(2, -0);
    y.store(3, f16(2 ** -25 * 1.001));
  });
  const bits = [...walkOps(k.body.region)].flatMap((op) => (op.attrs['value']?.kind === 'scalar' && op.attrs['value'].type.name === 'f16' ? [op.attrs['value'].bits] : []));
  expect(bits).toEqual([0x2e66n, 0x7c00n, 0x8000n, 1n]);
});

test('functions of a dialect take the same: literals beside a value, f16 and f32 apart', () => {
  expect(emitted(() => [math.pow(f16(2), 0.5), math.atan2(1, f32(2)), arith.fma(f32(1), 2, 3), arith.rotl(u64(1), 3), arith.popcount(i32(7))])).toEqual(['math.pow f16', 'math.atan2 f32', 'arith.fma f32', 'arith.rotl u64', 'arith.popcount i32']);
});

describe('a scalar beside a vector stands for each component', () => {
  const vec = () => arith.unpack4xi8(u32(0x01020304));

  test('literals and values, counts and conditions', () => {
    const ops = (body: () => unknown) => emitted(body).filter((o) => !o.startsWith('arith.unpack'));
    expect(ops(() => vec().add(1))).toEqual(['vector.splat vec4<i32>', 'arith.add vec4<i32>']);
    expect(ops(() => vec().add(i32(1)))).toEqual(['vector.splat vec4<i32>', 'arith.add vec4<i32>']);
    expect(ops(() => vec().shl(3))).toEqual(['vector.splat vec4<u32>', 'arith.shl vec4<i32>']);
    expect(ops(() => bool(true).select(vec(), 0))).toEqual(['vector.splat vec4<bool>', 'vector.splat vec4<i32>', 'arith.select vec4<i32>']);
    expect(ops(() => vec().lt(0).select(vec(), 2))).toEqual(['vector.splat vec4<i32>', 'arith.lt vec4<bool>', 'vector.splat vec4<i32>', 'arith.select vec4<i32>']);
    expect(ops(() => arith.mul(vec(), 2))).toEqual(['vector.splat vec4<i32>', 'arith.mul vec4<i32>']);
    expect(ops(() => arith.shr(vec(), u32(2)))).toEqual(['vector.splat vec4<u32>', 'arith.shr vec4<i32>']);
    expect(ops(() => vec().to('f32').fma(2, f32(1)))).toEqual(['arith.cast vec4<f32>', 'vector.splat vec4<f32>', 'vector.splat vec4<f32>', 'arith.fma vec4<f32>']);
    expect(ops(() => math.sin(vec().to('f16')))).toEqual(['arith.cast vec4<f16>', 'math.sin vec4<f16>']);
  });

  test('vectors of different lengths are refused', () => {
    let found: unknown;
    try {
      emitted(() => (vec() as unknown as Any)['add']!(arith.unpack2xi16(u32(1))));
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(SluiceError);
    expect((found as SluiceError).message).toContain('expected as many components as the vec4<i32> before it');
  });
});

test('programs compute with f16 too', () => {
  const p = defineProgram('p', { x: 'f16' }, ({ x }) => ({ y: x.mul(2).sqrt(), n: buffer.alloc('f16', 3).byteLength }));
  expect(verify(p, new Registry())).toEqual([]);
  expect(p.results.map((r) => r.type.spelling)).toEqual(['f16', 'u64']);
});
