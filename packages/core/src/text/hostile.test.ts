import { describe, expect, test, vi } from 'vitest';
import type { Program, Region } from '../ir/program.ts';
import { Registry } from '../registry/registry.ts';
import { format } from './format.ts';
import { parse } from './parse.ts';
import { print } from './print.ts';
import { failure } from '../diagnostics/failure-fixture.ts';

vi.setConfig({ testTimeout: 120_000 });

const registry = new Registry();

const codesOf = (source: string) => {
  const error = failure(() => parse(source, registry));
  return new Set((error.problems.length === 0 ? [error] : error.problems).map((p) => p.code));
};
const n = 100_000;

/*
 * Each of these has a size at which anything but linear time would be minutes, and any recursion that the text steers
 * would be a stack overflow.
 */
describe('hostile texts end soon, with coded problems', () => {
  test.each<[string, string, string]>([
    ['open regions', `program p() {\n${'a.b () {\n'.repeat(n)}`, 'text/limit'],
    ['open lists', `program p() { a.b {x = ${'['.repeat(n)}`, 'text/limit'],
    ['open angle brackets', `program p(%x: ${'array<'.repeat(n)}u32) { }`, 'text/unknown-type'],
    ['angle brackets after each other', `program p() {\n${'%x: a<\n'.repeat(n)}}`, 'text/syntax'],
    ['open braces', `program p() { a.b ${'{'.repeat(n)}`, 'text/syntax'],
    ['open parentheses', `program p${'('.repeat(n)}`, 'text/syntax'],
    ['open strings', `program p() {\n${'a.b {x = "\n'.repeat(n)}}`, 'text/syntax'],
    ['one open string', `program p() { a.b {x = "${'\\"'.repeat(n)}`, 'text/syntax'],
    ['kernels that stop', 'kernel k('.repeat(n), 'text/syntax'],
    ['kernels on lines that stop', 'kernel k() workgroup(1) {\n'.repeat(n), 'text/syntax'],
    ['closing braces', '}'.repeat(n), 'text/syntax'],
    ['a million problems', `program p() {\n${'  %x = arith.add %a, %b\n'.repeat(1_000_000)}}`, 'text/redefined'],
    ['values that are missing', `program p() {\n${Array.from({ length: n }, (_, i) => `  a.b %m${i}\n`).join('')}}`, 'text/unknown-value'],
    ['values that are missing among many', `program p() {\n${Array.from({ length: n }, (_, i) => `  %v${i}: u32 = a.b %m${i}\n`).join('')}}`, 'text/unknown-value'],
    ['types that are unknown', `program p() {\n${Array.from({ length: n }, (_, i) => `  %v${i}: t${i} = a.b\n`).join('')}}`, 'text/unknown-type'],
    ['types without end', `program p() {\n${Array.from({ length: 5000 }, (_, i) => `  %v${i}: array<u32, ${i + 1}> = a.b\n`).join('')}}`, 'text/limit'],
    ['a long word', `program p() { ${'a'.repeat(n)}.${'b'.repeat(n)} = `, 'text/syntax'],
    ['a long number', `program p() { a.b ${'1'.repeat(n)} }`, 'text/syntax'],
    ['a large exponent', 'program p() { a.b 1e999999999999: f32, 1e-999999999999: f32 }', 'text/literal'],
    ['a line without end', `program p() { ${' '.repeat(n)}// ${'/'.repeat(n)}`, 'text/syntax'],
    ['control characters', `program p() { ${'\u0000'.repeat(n)} }`, 'text/syntax'],
    ['attributes after each other', `program p() { a.b ${'{x = 1: u32} '.repeat(n)} }`, 'text/syntax'],
  ])('%s', (_, text, code) => {
    expect(codesOf(text)).toContain(code);
    if (code === 'text/syntax') expect(failure(() => format(text)).code).toMatch(/^text\//);
  });

  test('of many problems the first are listed, and that there are more', () => {
    const { problems } = failure(() => parse(`program p() {\n${'  %x = arith.add %a, %b\n'.repeat(1_000_000)}}`, registry));
    expect(problems).toHaveLength(101);
    expect(problems.map((p) => p.where?.span?.line).slice(0, 3)).toEqual([2, 2, 3]);
    expect(problems.at(-1)?.message).toBe('there are more problems than the 100 listed');
  });

  test('a text over the limit is not read', () => {
    expect([...codesOf(' '.repeat(2 ** 28 + 1))]).toEqual(['text/limit']);
  });
});

describe('texts that are large and right are read', () => {
  test.each<[string, string]>([
    ['numbers that jump', `program p() {\n${Array.from({ length: n }, (_, i) => `  %${(i * 7919) % 999_999_937}: u32 = a.b\n`).join('')}}`],
    ['one name again and again', `program p() {\n${'a.b (%x: u32) {\n}\n'.repeat(n)}}`],
    ['an op with many results', `program p() {\n${Array.from({ length: n }, (_, i) => `%r${i}: u32`).join(', ')} = a.b\n}`],
    ['a list with many items', `program p() { a.b {x = [${'1: u32, '.repeat(n)}]} }`],
    ['many attributes', `program p() { a.b {${Array.from({ length: n }, (_, i) => `k${i} = true`).join(', ')}} }`],
    ['many kernels', `${'kernel k() workgroup(1) {\n}\n'.repeat(20_000)}program p() {\n}`],
  ])('%s', (_, text) => {
    const printed = print(parse(text, registry));
    expect(print(parse(printed, registry)) === printed).toBe(true);
  });

  test('names that are all the same are printed in linear time', () => {
    const program = parse(`program p() {\n${Array.from({ length: n }, () => '%1: u32 = a.b\n').join('').replace(/%1/g, (() => { let i = 0; return () => `%${i++}`; })())}}`, registry);
    const names = new Map(program.body.valueTypes.map((_, id) => [id, 'x']));
    expect(print({ ...program, body: { ...program.body, debug: { ...program.body.debug, names } } })).toContain(`%x_${n - 1}: u32 = a.b`);
  });

  test('regions that are deeper than a program may have are refused by the printer', () => {
    let region: Region = { args: [], ops: [] };
    for (let i = 0; i < 100_000; i++) region = { args: [], ops: [{ name: 0, operands: [], results: [], attrs: {}, regions: [region] }] };
    const program: Program = { kind: 'program', name: 'p', params: [], results: [], kernels: [], span: undefined, body: { opNames: ['a.b'], valueTypes: [], region, debug: { names: new Map(), spans: new Map(), origins: new Map() } } };
    expect(failure(() => print(program)).code).toBe('text/limit');
  });
});
