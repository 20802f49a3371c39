import { describe, expect, it } from 'vitest';
import { scalarAttribute } from '../ir/attributes.ts';
import { parseType } from '../ir/types.ts';
import { arith } from '../dialects/arith.ts';
import { buffer } from '../dialects/buffer.ts';
import { defineOp } from './op.ts';
import type { OpSpec } from './op.ts';

const types = (...spellings: string[]) => spellings.map(parseType);
const spell = (answer: readonly { spelling: string }[] | string) => (typeof answer === 'string' ? answer : answer.map((t) => t.spelling));

function signature(spec: Pick<OpSpec, 'operands' | 'results' | 'typeVars' | 'infer'>) {
  return defineOp({ id: 'acme.op', dialect: 'acme', version: '1.0.0', summary: 'Under test.', category: 'extension', level: 'both', ...spec }).signature;
}

function signatureNamed(dialect: { readonly ops: readonly { id: string; signature: ReturnType<typeof signature> }[] }, id: string) {
  const op = dialect.ops.find((o) => o.id === id);
  if (op === undefined) throw new Error(`no ${id}`);
  return op.signature;
}

describe('signatures', () => {
  // Each is asked twice: the second answer comes from what was remembered of the first.
  const twice = (ask: () => readonly { spelling: string }[] | string) => {
    const first = spell(ask());
    expect(spell(ask())).toEqual(first);
    return first;
  };

  it('bind type variables and give result types', () => {
    const add = signatureNamed(arith, 'arith.add');
    expect(twice(() => add.check(types('u32', 'u32'), {}))).toEqual(['u32']);
    expect(twice(() => add.check(types('u32', 'f32'), {}))).toBe('operand `b` is f32, expected u32, like the operand before it');
    expect(twice(() => add.check(types('bool', 'bool'), {}))).toBe('operand `a` is bool, expected one of i32, u32, i64, u64, f16, f32');
    expect(twice(() => add.check(types('u32'), {}))).toBe('1 operand given, 2 expected');
  });

  it('ask `infer` each time, since attributes differ', () => {
    const constant = signatureNamed(arith, 'arith.constant');
    expect(twice(() => constant.check([], { value: scalarAttribute('f32', 1) }))).toEqual(['f32']);
    expect(twice(() => constant.check([], { value: scalarAttribute('u64', 1n) }))).toEqual(['u64']);
    const load = signatureNamed(buffer, 'buffer.load');
    expect(twice(() => load.check(types('buffer<u8, read>', 'u32'), {}))).toEqual(['u32']);
    expect(twice(() => load.check(types('buffer<u8, write>', 'u32'), {}))).toBe('operand `buffer` is buffer<u8, write>, expected one of read, read_write, workgroup');
    expect(twice(() => load.check(types('buffer<u8, read>', 'u64'), {}))).toBe('operand `index` is u64, expected u32');
  });

  it('check every one of a variadic operand', () => {
    const sum = signature({ operands: [{ name: 'first', type: 'T' }, { name: 'rest', type: 'T', variadic: true }], results: [{ name: 'sum', type: 'T' }], typeVars: { T: ['u32', 'i32'] } });
    expect(twice(() => sum.check(types('u32'), {}))).toEqual(['u32']);
    expect(twice(() => sum.check(types('u32', 'u32', 'u32'), {}))).toEqual(['u32']);
    expect(twice(() => sum.check(types('u32', 'u32', 'i32'), {}))).toBe('operand `rest` is i32, expected u32, like the operand before it');
  });

  it('take results that do not follow from the operands as claimed, if they fit', () => {
    const make = signature({ operands: [], results: [{ name: 'made', type: 'T' }], typeVars: { T: ['u32', 'f32'] } });
    expect(twice(() => make.check([], {}, types('f32')))).toEqual(['f32']);
    expect(twice(() => make.check([], {}, types('u32')))).toEqual(['u32']);
    expect(twice(() => make.check([], {}, types('bool')))).toBe('result `made` is bool, expected one of u32, f32');
    expect(twice(() => make.check([], {}))).toBe('the type of result `made` does not follow from the operands');
    const branch = signature({ operands: [{ name: 'c', type: 'bool' }], results: [{ name: 'results', type: 'any', variadic: true }] });
    expect(twice(() => branch.check(types('bool'), {}, types('u32', 'f32')))).toEqual(['u32', 'f32']);
    expect(twice(() => branch.check(types('bool'), {}, []))).toEqual([]);
  });

  it('do not let a claimed count change what the op gives', () => {
    const add = signature({ operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'result', type: 'u32' }] });
    expect(spell(add.check(types('u32'), {}, []))).toEqual(['u32']);
    expect(spell(add.check(types('u32'), {}, types('u32')))).toEqual(['u32']);
  });
});
