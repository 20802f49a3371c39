import { describe, expect, test } from 'vitest';
import { decodeF16 } from '../ir/half.ts';
import { FLOAT_EDGES, FLOAT_NAMES, operation, random, same } from './edges-fixture.ts';
import type { FloatName } from './edges-fixture.ts';
import { exactly, FORMATS, minus, over, plus, root, rounded, times } from './exact-fixture.ts';
import type { Rational } from './exact-fixture.ts';

const run = (name: string, t: FloatName, operands = 2) => operation(`arith.${name}`, new Array<string>(operands).fill(t));

const finite = (...values: readonly number[]) => values.every(Number.isFinite);

/** Values of the type: edges, and random bits. */
function values(t: FloatName, count: number, seed = 3): readonly number[] {
  const next = random(seed);
  const view = new DataView(new ArrayBuffer(4));
  const any = () => {
    if (t === 'f16') return decodeF16(next() & 0xffff);
    view.setUint32(0, next());
    return view.getFloat32(0);
  };
  return [...FLOAT_EDGES[t], ...Array.from({ length: count }, any)];
}

/** The correctly rounded result for finite operands; the sign of a zero is the caller's. */
const BINARY: Readonly<Record<string, (a: Rational, b: Rational) => Rational | undefined>> = {
  add: plus,
  sub: minus,
  mul: times,
  div: (a, b) => (b.n === 0n ? undefined : over(a, b)),
  abs_diff: (a, b) => {
    const { n, d } = minus(a, b);
    return { n: n < 0n ? -n : n, d };
  },
};

/** Doubles tell what an operation gives on infinities, NaN and zeros of either sign, as IEEE 754 does for all formats. */
const AS_DOUBLES: Readonly<Record<string, (a: number, b: number) => number>> = { add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b, abs_diff: (a, b) => Math.abs(a - b) };

describe.each(FLOAT_NAMES)('%s', (t) => {
  const all = values(t, 60);

  test.each(Object.keys(BINARY))('%s is correctly rounded', (name) => {
    const f = run(name, t);
    for (const a of all) {
      for (const b of all) {
        const asDouble = AS_DOUBLES[name]?.(a, b) ?? NaN;
        const exact = finite(a, b) ? BINARY[name]?.(exactly(a), exactly(b)) : undefined;
        const expected = exact === undefined || exact.n === 0n ? asDouble : rounded(exact, FORMATS[t]);
        // A result too small for the type is a zero, whose sign is that of the exact one.
        const signed = expected === 0 && exact !== undefined && exact.n < 0n ? -0 : expected;
        same(f(a, b), signed, name, a, b);
      }
    }
  });

  test('fma rounds once, on cancellation and far apart', () => {
    const near = [...FLOAT_EDGES[t].filter((x) => Number.isFinite(x)), ...values(t, 40, 11).slice(-40)];
    const round = (x: number) => rounded(exactly(x), FORMATS[t]);
    const fma = run('fma', t, 3);
    let decided = 0;
    for (const a of near) {
      for (const b of near) {
        if (!finite(a, b)) continue;
        // Terms that cancel the product, or all but its last bits; that lie half a unit away; and any others.
        const product = round(a * b);
        for (const c of [-product, product, round(product * 2 ** 12), round(-product * 2 ** -12), 1, -1, 0, near[(decided * 7) % near.length] as number]) {
          if (!finite(c)) continue;
          const exact = plus(times(exactly(a), exactly(b)), exactly(c));
          const got = fma(a, b, c);
          decided++;
          if (exact.n === 0n) same(got, a * b + c, 'fma', a, b, c);
          else {
            const expected = rounded(exact, FORMATS[t]);
            same(got, expected === 0 && exact.n < 0n ? -0 : expected, 'fma', a, b, c);
          }
        }
      }
    }
    expect(decided).toBeGreaterThan(10_000);
    expect([fma(Infinity, 0, 1), fma(Infinity, 1, -Infinity), fma(NaN, 1, 1), fma(2, Infinity, 1), fma(1, 1, -Infinity)]).toEqual([NaN, NaN, NaN, Infinity, -Infinity]);
  });

  test('sqrt is correctly rounded', () => {
    const sqrt = operation('math.sqrt', [t]);
    for (const a of values(t, 400)) {
      const expected = a < 0 || a !== a ? NaN : a === 0 || a === Infinity ? a : rounded(root(exactly(a)), FORMATS[t]);
      same(sqrt(a), expected, 'sqrt', a);
    }
  });

  test('rem is a - b * trunc(a / b), each step rounded', () => {
    const rem = run('rem', t);
    const step = (r: Rational) => rounded(r, FORMATS[t]);
    for (const a of all) {
      for (const b of all) {
        if (!finite(a, b) || b === 0) {
          same(rem(a, b), NaN, 'rem', a, b);
          continue;
        }
        const quotient = step(over(exactly(a), exactly(b)));
        const product = Number.isFinite(quotient) ? step(times(exactly(b), exactly(Math.trunc(quotient)))) : quotient * b;
        const expected = Number.isFinite(product) ? step(minus(exactly(a), exactly(product))) : a - product;
        same((rem(a, b) as number) + 0, expected + 0, 'rem', a, b);
      }
    }
    expect([rem(5.5, 2), rem(-5.5, 2), rem(5.5, -2)]).toEqual([1.5, -1.5, 1.5]);
  });

  test('neg and abs change the sign alone', () => {
    const [neg, abs] = [run('neg', t, 1), run('abs', t, 1)];
    for (const a of all) {
      same(neg(a), -a, 'neg', a);
      same(abs(a), a < 0 || Object.is(a, -0) ? -a : a, 'abs', a);
    }
  });

  test('min and max: the lesser and the greater, -0 below 0; with one NaN, the other operand', () => {
    const [min, max] = [run('min', t), run('max', t)];
    const negative = (x: number) => Object.is(x, -0);
    for (const a of all) {
      for (const b of all) {
        const [low, high] = a !== a ? [b, b] : b !== b ? [a, a] : a < b || (a === b && negative(a)) ? [a, b] : [b, a];
        same(min(a, b), low, 'min', a, b);
        same(max(a, b), high, 'max', a, b);
      }
    }
  });

  test('comparisons: with a NaN false, and not equal true', () => {
    const ops = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'].map((n) => run(n, t));
    for (const a of all) {
      for (const b of all) {
        const unordered = a !== a || b !== b;
        const sign = unordered ? NaN : a < b ? -1 : a > b ? 1 : 0;
        same(ops.map((f) => f(a, b)).join(), [sign === 0, sign !== 0, sign < 0, sign <= 0, sign > 0, sign >= 0].join(), 'compare', a, b);
      }
    }
  });
});
