import type { Meaning } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { functionOf } from './function-of.ts';
import { pasteOf } from './paste.ts';

/** A function that keeps exactly this source. */
const from = (source: string): Meaning => functionOf([], `return ${source};`)() as Meaning;

describe('a meaning is pasted', () => {
  test.each([
    ['(a, b) => (a + b) >>> 0', '( ( v1 + 5 ) >>> 0 )'],
    ['(a,b)=>a+b>>>0', '( v1 + 5 >>> 0 )'],
    ['a => ~a', '( ~ v1 )'],
    ['(a, b) => Math.imul(a, b)', '( Math . imul ( v1 , 5 ) )'],
    ['(c, a) => c ? a : 0x10n', '( v1 ? 5 : 0x10n )'],
    ['(a) => a !== a ? .5 : 1e3', '( v1 !== v1 ? .5 : 1e3 )'],
    ['(_, b) => b', '( 5 )'],
    ['() => 7', '( 7 )'],
    ['(Math, a) => a', '( 5 )'],
    ['(a, min) => Math.min(a, min)', '( Math . min ( v1 , 5 ) )'],
    ['$a => $a << 1', '( v1 << 1 )'],
  ])('%s', (source, text) => {
    expect(pasteOf(from(source))?.(['v1', '5']).replace(/\s+/g, ' ').replace(/^\((?! )/, '( ').replace(/(?<! )\)$/, ' )')).toBe(text);
  });

  test('whatever operands are literals: signs never run together', () => {
    const minus = pasteOf(from('(a,b)=>a-b'))?.(['(-1)', '(-2)']) ?? '';
    expect(functionOf([], `return ${minus}`)()).toBe(1);
  });
});

describe('a meaning is called', () => {
  test.each([
    ['(a, b) => { return a + b; }'], ['function (a) { return a; }'], ['Math.abs'], ['(a) => table[a]'], ['(a) => outside + a'], ['(a) => (cover.s[0]++, a)'], ['(a) => (a = 1)'], ['(a) => (a += 1)'], ['(a) => a++'],
    ['(a = 1) => a'], ['(...a) => 1'], ['([a]) => a'], ['({ a }) => a'], ['(a) => (b) => a'], ["(a) => 'x'"], ['(a) => `x`'], ['(a) => a /* b */ + 1'], ['(a) => a // b\n + 1'], ['(a) => /a/.test(a) ? 1_000 : 2'], ['(a) => a?.b'],
    ['(a) => ({ a })'], ['(a) => this.a'], ['(a) => new Date(a)'], ['async (a) => a'], ['(a) => Math.max(...a)'], ['(a) => [a][0]'], ['class { }'], ['(a) => typeof a'],
  ])('%s', (source) => {
    expect(pasteOf(from(`(${source}\n)`))).toBeUndefined();
  });
});
