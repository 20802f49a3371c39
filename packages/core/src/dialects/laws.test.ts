import { describe, expect, test } from 'vitest';
import type { Law } from '../ops/law.ts';
import { edgesOf, operation, same } from './edges-fixture.ts';
import { dialects } from './index.ts';

const all = dialects.flatMap((d) => d.ops).flatMap((op) => op.laws.flatMap((law) => law.types.map((type) => ({ op, law, type, title: `${op.id} is ${law.law}${'side' in law ? ` on the ${law.side}` : ''}${'element' in law ? ` with ${String(law.element)}` : ''} on ${type}` }))));

type F = (...operands: readonly unknown[]) => unknown;

/** A law as equations over all edge values. */
const CHECKS: Readonly<Record<Law['law'], (f: F, law: Law, values: readonly (readonly unknown[])[], arity: number, check: (found: unknown, wanted: unknown, ...operands: readonly unknown[]) => void) => void>> = {
  commutative: (f, _, [as = [], bs = []], _arity, check) => as.forEach((a) => bs.forEach((b) => check(f(a, b), f(b, a), a, b))),
  associative: (f, _, [as = []], _arity, check) => as.forEach((a) => as.forEach((b) => as.forEach((c) => check(f(f(a, b), c), f(a, f(b, c)), a, b, c)))),
  idempotent: (f, _, [as = []], arity, check) => as.forEach((a) => (arity === 1 ? check(f(f(a)), f(a), a) : check(f(a, a), a, a))),
  involution: (f, _, [as = []], _arity, check) => as.forEach((a) => check(f(f(a)), a, a)),
  same: (f, law, [as = []], _arity, check) => as.forEach((a) => check(f(a, a), elementOf(law), a)),
  identity: (f, law, values, _arity, check) => beside(law, values, (a, left) => check(left ? f(elementOf(law), a) : f(a, elementOf(law)), a, a)),
  absorbing: (f, law, values, _arity, check) => beside(law, values, (a, left) => check(left ? f(elementOf(law), a) : f(a, elementOf(law)), elementOf(law), a)),
};

const elementOf = (law: Law) => ('element' in law ? law.element : undefined);

/** Every value that may stand beside the law's element, on the sides that it speaks of. */
function beside(law: Law, [as = [], bs = []]: readonly (readonly unknown[])[], check: (value: unknown, left: boolean) => void): void {
  if (!('side' in law)) return;
  if (law.side !== 'left') as.forEach((a) => check(a, false));
  if (law.side !== 'right') bs.forEach((b) => check(b, true));
}

describe('a declared law holds, bit for bit, on each of its types', () => {
  test('there are laws', () => expect(all.length).toBeGreaterThan(150));

  test.each(all)('$title', ({ op, law, type }) => {
    const types = op.operands.map((p) => (p.type in op.typeVars ? type : p.type));
    const f = operation(op.id, types);
    let checked = 0;
    CHECKS[law.law](f, law, types.map(edgesOf), types.length, (found, wanted, ...operands) => {
      checked++;
      same(found, wanted, op.id, ...operands);
    });
    expect(checked).toBeGreaterThan(1);
  });

  test('an element is a value of the operand that it stands for', () => {
    for (const { op, law, type, title } of all) {
      if (!('side' in law)) continue;
      const at = law.side === 'left' ? 0 : 1;
      const operand = op.operands[at]?.type ?? '';
      const of = operand in op.typeVars ? type : operand;
      expect(typeof law.element, title).toBe(typeof edgesOf(of)[0]);
    }
  });

  test('the trait `commutative` stands on an op whose law holds for every type, and on no other', () => {
    for (const op of dialects.flatMap((d) => d.ops).filter((o) => o.traits.includes('elementwise'))) {
      const types = op.laws.flatMap((l) => (l.law === 'commutative' ? l.types : []));
      expect(op.traits.includes('commutative') ? [...types].sort() : types, op.id).toEqual(op.traits.includes('commutative') ? [...(op.typeVars['T'] ?? [])].sort() : []);
    }
  });
});
