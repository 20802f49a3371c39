import { describe, expect, it, test } from 'vitest';
import { scalarAttribute } from '../ir/attributes.ts';
import type { Attributes, RuntimeValue } from '../ir/attributes.ts';
import { parseType } from '../ir/types.ts';
import { meaningOf } from '../ops/op.ts';
import { vector, zeroOf } from './vector.ts';

const op = (name: string) => {
  const found = vector.ops.find((o) => o.id === `vector.${name}`);
  if (found === undefined) throw new Error(`no vector.${name}`);
  return found;
};
const text = (value: string): Attributes => ({ pattern: { kind: 'string', value } });
const type = (spelling: string): Attributes => ({ type: { kind: 'type', type: parseType(spelling) } });
const combine = (value: string): Attributes => ({ combine: { kind: 'enum', value } });
const size = (n: number): Attributes => ({ size: scalarAttribute('u32', n) });

/** The result of one use, whose types must check. */
function run(name: string, types: readonly string[], operands: readonly RuntimeValue[], attrs: Attributes = {}): RuntimeValue {
  const given = types.map(parseType);
  const results = op(name).signature.check(given, attrs);
  if (typeof results === 'string') throw new Error(results);
  const meaning = meaningOf(op(name), { operands: given, results, attrs }) as unknown as (...v: readonly RuntimeValue[]) => RuntimeValue;
  return meaning(...operands);
}
const fault = (name: string, types: readonly string[], attrs: Attributes = {}) => op(name).signature.check(types.map(parseType), attrs);

describe('meanings', () => {
  test('construct', () => {
    expect(run('construct', ['u32', 'vec2<u32>', 'u32'], [1, [2, 3], 4], type('vec4<u32>'))).toEqual([1, 2, 3, 4]);
    expect(run('construct', [], [], type('vec3<i64>'))).toEqual([0n, 0n, 0n]);
    expect(run('construct', ['vec2<bool>', 'vec2<bool>'], [[true, false], [false, true]], type('array<vec2<bool>, 2>'))).toEqual([[true, false], [false, true]]);
    expect(run('construct', [], [], type('array<vec2<f32>, 2>'))).toEqual([[0, 0], [0, 0]]);
  });

  test('extract and insert', () => {
    const v = Object.freeze([5, 6]);
    expect([0, 1, 2, 0xffffffff].map((i) => run('extract', ['vec2<u32>', 'u32'], [v, i]))).toEqual([5, 6, 0, 0]);
    expect([0, 1, 2, 0xffffffff].map((i) => run('insert', ['vec2<u32>', 'u32', 'u32'], [v, i, 9]))).toEqual([[9, 6], [5, 9], [5, 6], [5, 6]]);
    expect(v).toEqual([5, 6]);
    expect(run('extract', ['array<vec3<bool>, 1>', 'u32'], [[[true, true, true]], 1])).toEqual([false, false, false]);
  });

  test('swizzle and splat', () => {
    expect(run('swizzle', ['vec3<u32>'], [[1, 2, 3]], text('zzxy'))).toEqual([3, 3, 1, 2]);
    expect(run('swizzle', ['vec3<u32>'], [[1, 2, 3]], text('y'))).toBe(2);
    expect(run('splat', ['f16'], [1.5], size(3))).toEqual([1.5, 1.5, 1.5]);
  });

  test('dot and reduce wrap, and round each step', () => {
    expect(run('dot', ['vec2<i32>', 'vec2<i32>'], [[0x7fffffff, 2], [2, 3]])).toBe(4);
    expect(run('dot', ['vec3<u64>', 'vec3<u64>'], [[2n ** 63n, 1n, 1n], [2n, 5n, 6n]])).toBe(11n);
    expect(run('dot', ['vec2<f32>', 'vec2<f32>'], [[1e30, 1], [1e30, 1]])).toBe(Infinity);
    expect(run('reduce', ['vec3<f32>'], [[1e8, 1, -1e8]], combine('add'))).toBe(0);
    expect(run('reduce', ['vec4<i32>'], [[3, -7, 5, 1]], combine('min'))).toBe(-7);
    expect(run('reduce', ['vec2<f32>'], [[NaN, 4]], combine('max'))).toBe(4);
    expect(run('reduce', ['vec3<bool>'], [[true, false, true]], combine('xor'))).toBe(false);
  });

  test('give frozen arrays', () => {
    for (const made of [run('construct', ['u32', 'u32'], [1, 2], type('vec2<u32>')), run('insert', ['vec2<u32>', 'u32', 'u32'], [[1, 2], 0, 3]), run('swizzle', ['vec2<u32>'], [[1, 2]], text('yx')), run('splat', ['u32'], [1], size(2)), zeroOf(parseType('array<u32, 2>'))]) {
      expect(Object.isFrozen(made)).toBe(true);
    }
  });
});

describe('what does not fit is said in a sentence', () => {
  it.each<[string, readonly string[], Attributes, string]>([
    ['construct', ['u32'], type('u32'), 'attribute `type` is no vector'],
    ['construct', [], type('array<u8, 2>'), 'attribute `type` is no vector'],
    ['construct', [], type('array<GpuBufferHandle, 2>'), 'attribute `type` is no vector'],
    ['construct', [], type('array<u32, 999999999>'), 'attribute `type` is no vector'],
    ['construct', ['u32', 'u32'], type('vec3<u32>'), 'operand `components` adds up to 2, a vec3<u32> has 3'],
    ['construct', ['vec2<u32>', 'vec2<u32>'], type('vec3<u32>'), 'operand `components` adds up to 4'],
    ['construct', ['f32', 'u32'], type('vec2<u32>'), 'operand `components` holds f32, expected u32 or shorter vectors of it'],
    ['construct', ['vec2<u32>'], type('array<u32, 2>'), 'operand `components` holds vec2<u32>, expected u32 for a array<u32, 2>'],
    ['extract', ['u32', 'u32'], {}, 'operand `from` is u32, expected a vector or an array'],
    ['extract', ['vec2<u32>', 'i32'], {}, 'operand `index` is i32, expected u32'],
    ['insert', ['vec2<u32>', 'u32', 'f32'], {}, 'operand `value` is f32, expected u32'],
    ['swizzle', ['vec2<u32>'], text('xz'), 'attribute `pattern` is not one to four of x, y'],
    ['swizzle', ['vec4<u32>'], text(''), 'attribute `pattern`'],
    ['swizzle', ['vec4<u32>'], text('xyzwx'), 'attribute `pattern`'],
    ['swizzle', ['u32'], text('x'), 'operand `from` is u32, expected a vector'],
    ['splat', ['u32'], size(5), 'attribute `size` is not 2, 3 or 4'],
    ['splat', ['vec2<u32>'], size(2), 'operand `value` is vec2<u32>, expected a scalar'],
    ['dot', ['vec2<bool>', 'vec2<bool>'], {}, 'operand `a` is vec2<bool>, expected a vector of numbers'],
    ['dot', ['vec2<u32>', 'vec3<u32>'], {}, 'operand `b` is vec3<u32>, expected vec2<u32>'],
    ['reduce', ['vec2<f32>'], combine('and'), 'attribute `combine` is and, which is on i32, u32, i64, u64, bool and not on f32'],
    ['reduce', ['vec2<bool>'], combine('add'), 'attribute `combine` is add'],
    ['reduce', ['vec2<u32>'], combine('avg'), 'attribute `combine` is not one of add, mul'],
  ])('%s of (%s)', (name, types, attrs, message) => {
    expect(fault(name, types, attrs)).toContain(message);
  });
});
