import { describe, expect, test } from 'vitest';
import { arith } from '../dialects/arith.ts';
import type { RuntimeValue } from '../ir/attributes.ts';
import { parseType, scalar } from '../ir/types.ts';
import { defineOp, meaningOf } from './op.ts';
import type { OpDef } from './op.ts';

const op = (name: string): OpDef => arith.ops.find((o) => o.id === `arith.${name}`) as OpDef;
const types = (...spellings: string[]) => spellings.map(parseType);
/** Twice, since the second answer comes from what was remembered of the first. */
function check(def: OpDef, operands: readonly string[], attrs: Parameters<OpDef['signature']['check']>[1] = {}, claimed?: readonly string[]): readonly string[] | string {
  const [first, second] = [0, 1].map(() => {
    const answer = def.signature.check(types(...operands), attrs, claimed === undefined ? undefined : types(...claimed));
    return typeof answer === 'string' ? answer : answer.map((t) => t.spelling);
  });
  expect(second).toEqual(first);
  return first as readonly string[] | string;
}
const to = (name: 'f32' | 'bool') => ({ to: { kind: 'type' as const, type: scalar(name) } });

describe('an elementwise op takes vectors of one length', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['add', ['vec3<f32>', 'vec3<f32>'], ['vec3<f32>']],
    ['add', ['f32', 'f32'], ['f32']],
    ['shl', ['vec4<i64>', 'vec4<u32>'], ['vec4<i64>']],
    ['eq', ['vec2<i32>', 'vec2<i32>'], ['vec2<bool>']],
    ['not', ['vec2<bool>'], ['vec2<bool>']],
    ['select', ['vec3<bool>', 'vec3<f32>', 'vec3<f32>'], ['vec3<f32>']],
  ])('%s of %j', (name, operands, results) => {
    expect(check(op(name), operands)).toEqual(results);
  });

  test('attributes speak of one component', () => {
    expect(check(op('cast'), ['vec3<i32>'], to('f32'))).toEqual(['vec3<f32>']);
    expect(check(op('cast'), ['i32'], to('f32'))).toEqual(['f32']);
    expect(check(op('cast'), ['vec2<i32>'], {})).toMatch(/^attribute `to`/);
  });

  test.each<[string, readonly string[], string]>([
    ['add', ['vec3<f32>', 'f32'], 'operand `b` is f32, expected as many components as the vec3<f32> before it'],
    ['add', ['f32', 'vec3<f32>'], 'operand `b` is vec3<f32>, expected as many components as the f32 before it'],
    ['add', ['vec3<f32>', 'vec2<f32>'], 'operand `b` is vec2<f32>, expected as many components as the vec3<f32> before it'],
    ['add', ['vec3<f32>', 'vec3<i32>'], 'operand `b` is a vec3 of i32, expected f32, like the operand before it'],
    ['shl', ['vec3<i32>', 'u32'], 'operand `count` is u32, expected as many components as the vec3<i32> before it'],
    ['shl', ['vec3<i32>', 'vec3<i32>'], 'operand `count` is a vec3 of i32, expected u32'],
    ['select', ['bool', 'vec3<f32>', 'vec3<f32>'], 'operand `a` is vec3<f32>, expected as many components as the bool before it'],
    ['and', ['vec2<f32>', 'vec2<f32>'], 'operand `a` is a vec2 of f32, expected one of i32, u32, i64, u64, bool'],
  ])('%s of %j is refused', (name, operands, wrong) => {
    expect(check(op(name), operands)).toBe(wrong);
  });

  test('an op without the trait does not', () => {
    const plain = defineOp({ id: 'acme.plain', dialect: 'acme', version: '1.0.0', summary: 'Scalar alone.', category: 'extension', level: 'both', typeVars: { T: ['f32'] }, operands: [{ name: 'a', type: 'T' }], results: [{ name: 'b', type: 'T' }], traits: ['pure'] });
    expect(check(plain, ['vec2<f32>'])).toBe('operand `a` is vec2<f32>, expected f32');
  });

  test('results that do not follow from the operands are claimed as vectors too', () => {
    const made = defineOp({ id: 'acme.made', dialect: 'acme', version: '1.0.0', summary: 'Under test.', category: 'extension', level: 'both', typeVars: { T: ['f32', 'i32'] }, operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'b', type: 'T' }], traits: ['pure', 'elementwise'] });
    expect(check(made, ['vec2<u32>'], {}, ['vec2<f32>'])).toEqual(['vec2<f32>']);
    expect(check(made, ['u32'], {}, ['i32'])).toEqual(['i32']);
    expect(check(made, ['vec2<u32>'], {}, ['vec2<bool>'])).toBe('result `b` is bool, expected one of f32, i32');
  });
});

describe('the meaning on vectors is that on scalars, component by component', () => {
  const run = (name: string, operands: readonly string[], result: string, values: readonly RuntimeValue[], attrs = {}) => {
    const meaning = meaningOf(op(name), { operands: types(...operands), results: types(result), attrs });
    return (meaning as unknown as (...v: readonly RuntimeValue[]) => RuntimeValue)(...values);
  };

  test('add, eq, select, cast', () => {
    expect(run('add', ['vec3<i32>', 'vec3<i32>'], 'vec3<i32>', [[0x7fffffff, 1, -1], [1, 2, 1]])).toEqual([-0x80000000, 3, 0]);
    expect(run('eq', ['vec2<f32>', 'vec2<f32>'], 'vec2<bool>', [[NaN, 1], [NaN, 1]])).toEqual([false, true]);
    expect(run('select', ['vec2<bool>', 'vec2<u64>', 'vec2<u64>'], 'vec2<u64>', [[true, false], [1n, 2n], [3n, 4n]])).toEqual([1n, 4n]);
    expect(run('cast', ['vec2<f32>'], 'vec2<i32>', [[2.9, NaN]], to('f32'))).toEqual([2, 0]);
  });

  test('a value is frozen: nobody else can change it', () => {
    expect(Object.isFrozen(run('neg', ['vec2<i32>'], 'vec2<i32>', [[1, 2]]))).toBe(true);
  });

  test('a scalar use has the meaning itself, which a backend may paste', () => {
    const use = { operands: types('u32', 'u32'), results: types('u32'), attrs: {} };
    const { cpuRef } = op('add');
    expect(meaningOf(op('add'), use)).toBe(typeof cpuRef === 'function' ? cpuRef(use) : undefined);
  });
});
