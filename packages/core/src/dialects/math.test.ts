import { describe, expect, test } from 'vitest';
import { decodeF16 } from '../ir/half.ts';
import type { ErrorBound, Expression } from '../ops/accuracy.ts';
import { FLOAT_NAMES, FLOAT_EDGES, operation, random, same } from './edges-fixture.ts';
import type { FloatName } from './edges-fixture.ts';
import { EXACT, exactly, FORMATS, rounded } from './exact-fixture.ts';
import { dialects } from './index.ts';
import { math } from './math.ts';

/** Where each function is compared with exact arithmetic: [from, to] of its first operand. */
const DOMAINS: Readonly<Record<string, readonly [number, number]>> = {
  sqrt: [0, 60000], inverse_sqrt: [1e-4, 60000], reciprocal: [-300, 300],
  exp: [-12, 11], exp2: [-20, 15.9], log: [1e-4, 60000], log2: [1e-4, 60000],
  sin: [-40, 40], cos: [-40, 40], tan: [-7, 7], asin: [-1, 1], acos: [-1, 1], atan: [-300, 300],
  sinh: [-11, 11], cosh: [-11, 11], tanh: [-9, 9], asinh: [-300, 300], acosh: [1, 300], atanh: [-0.999, 0.999],
};

/** Values of the type, spread over [from, to], some of them small. */
function within(t: FloatName, [from, to]: readonly [number, number], count: number, seed: number): readonly number[] {
  const next = random(seed);
  const round = (x: number) => rounded(exactly(x), FORMATS[t]);
  const spread = Array.from({ length: count }, () => from + (next() / 2 ** 32) * (to - from));
  return [...spread, ...spread.map((x) => x * 2 ** -(next() % 10)), from, to, 1, 0.5].map(round).filter((x) => x >= from && x <= to && x !== 0);
}

describe.each(FLOAT_NAMES)('%s: the exact result, rounded once', (t) => {
  test.each(Object.entries(DOMAINS))('math.%s', (name, domain) => {
    const f = operation(`math.${name}`, [t]);
    const exact = EXACT[name];
    for (const x of within(t, domain, 60, 1)) same((f(x) as number) + 0, rounded(exact!(exactly(x), exactly(0)), FORMATS[t]) + 0, name, x);
  });

  test('math.pow and math.atan2', () => {
    const [pow, atan2] = [operation('math.pow', [t, t]), operation('math.atan2', [t, t])];
    for (const x of within(t, [0.01, 20], 12, 2)) {
      for (const y of within(t, [-3, 3], 8, 3)) {
        same(pow(x, y), rounded(EXACT['pow']!(exactly(x), exactly(y)), FORMATS[t]), 'pow', x, y);
        for (const sign of [1, -1]) same(atan2(y, sign * x), rounded(EXACT['atan2']!(exactly(y), exactly(sign * x)), FORMATS[t]), 'atan2', y, sign * x);
      }
    }
  });
});

/** Values at which functions are not smooth, as IEEE 754-2019, 9.2 has them. */
const [INF, NAN] = [Infinity, NaN];
const SPECIAL: Readonly<Record<string, readonly (readonly [x: number, y: number])[]>> = {
  sqrt: [[0, 0], [-0, -0], [INF, INF], [-1, NAN], [NAN, NAN]],
  inverse_sqrt: [[0, INF], [-0, -INF], [INF, 0], [-1, NAN], [NAN, NAN], [4, 0.5]],
  reciprocal: [[0, INF], [-0, -INF], [INF, 0], [-INF, -0], [NAN, NAN], [-4, -0.25]],
  exp: [[0, 1], [-0, 1], [INF, INF], [-INF, 0], [NAN, NAN], [200, INF], [-200, 0]],
  exp2: [[0, 1], [-0, 1], [INF, INF], [-INF, 0], [NAN, NAN], [200, INF], [-200, 0], [10, 1024], [-10, 2 ** -10]],
  log: [[1, 0], [0, -INF], [-0, -INF], [INF, INF], [-1, NAN], [NAN, NAN]],
  log2: [[1, 0], [0, -INF], [-0, -INF], [INF, INF], [-1, NAN], [NAN, NAN], [1024, 10], [0.25, -2]],
  sin: [[0, 0], [-0, -0], [INF, NAN], [-INF, NAN], [NAN, NAN]],
  cos: [[0, 1], [-0, 1], [INF, NAN], [-INF, NAN], [NAN, NAN]],
  tan: [[0, 0], [-0, -0], [INF, NAN], [NAN, NAN]],
  asin: [[0, 0], [-0, -0], [2, NAN], [-2, NAN], [NAN, NAN]],
  acos: [[1, 0], [2, NAN], [NAN, NAN]],
  atan: [[0, 0], [-0, -0], [NAN, NAN]],
  sinh: [[0, 0], [-0, -0], [INF, INF], [-INF, -INF], [NAN, NAN], [200, INF], [-200, -INF]],
  cosh: [[0, 1], [INF, INF], [-INF, INF], [NAN, NAN], [200, INF]],
  tanh: [[0, 0], [-0, -0], [INF, 1], [-INF, -1], [NAN, NAN]],
  asinh: [[0, 0], [-0, -0], [INF, INF], [-INF, -INF], [NAN, NAN]],
  acosh: [[1, 0], [0.5, NAN], [INF, INF], [NAN, NAN]],
  atanh: [[0, 0], [-0, -0], [1, INF], [-1, -INF], [2, NAN], [NAN, NAN]],
  floor: [[-0, -0], [0.5, 0], [-0.5, -1], [1.5, 1], [INF, INF], [NAN, NAN]],
  ceil: [[-0, -0], [0.5, 1], [-0.5, -0], [1.5, 2], [-INF, -INF], [NAN, NAN]],
  trunc: [[-0, -0], [0.5, 0], [-0.5, -0], [-1.5, -1], [INF, INF], [NAN, NAN]],
  round: [[-0, -0], [0, 0], [0.5, 0], [-0.5, -0], [1.5, 2], [2.5, 2], [-1.5, -2], [-2.5, -2], [3.5, 4], [0.25, 0], [INF, INF], [-INF, -INF], [NAN, NAN]],
  fract: [[0, 0], [-0, 0], [1.25, 0.25], [-1.25, 0.75], [INF, NAN], [NAN, NAN]],
  sign: [[0, 0], [-0, -0], [3, 1], [-3, -1], [INF, 1], [-INF, -1], [NAN, NAN]],
};

describe.each(FLOAT_NAMES)('%s: where functions are not smooth', (t) => {
  test.each(Object.entries(SPECIAL))('math.%s', (name, rows) => {
    const f = operation(`math.${name}`, [t]);
    for (const [x, y] of rows) same(f(x), y, name, x);
  });

  test('math.pow', () => {
    const pow = operation('math.pow', [t, t]);
    const rows: readonly (readonly [number, number, number])[] = [
      [2, 3, 8], [-2, 3, -8], [-2, 2, 4], [-2, 0.5, NAN], [2, 0, 1], [NAN, 0, 1], [0, 0, 1], [-0, 0, 1], [INF, 0, 1], [0, 2, 0], [-0, 3, -0], [-0, 2, 0], [0, -1, INF], [-0, -1, -INF], [-0, -2, INF],
      [2, INF, INF], [0.5, INF, 0], [2, -INF, 0], [0.5, -INF, INF], [1, INF, NAN], [-1, INF, NAN], [1, NAN, NAN], [NAN, 1, NAN], [INF, 2, INF], [INF, -2, 0], [-INF, 3, -INF], [-INF, 2, INF], [10, 300, INF], [10, -300, 0],
    ];
    for (const [x, y, z] of rows) same(pow(x, y), z, 'pow', x, y);
  });

  test('math.atan2 knows the quadrant, and zeros from each other', () => {
    const atan2 = operation('math.atan2', [t, t]);
    const pi = rounded(exactly(Math.PI), FORMATS[t]);
    const [half, quarter, most] = [pi / 2, pi / 4, rounded(exactly(0.75 * Math.PI), FORMATS[t])];
    const rows: readonly (readonly [number, number, number])[] = [
      [0, 1, 0], [-0, 1, -0], [0, -1, pi], [-0, -1, -pi], [0, 0, 0], [-0, 0, -0], [0, -0, pi], [-0, -0, -pi], [1, 0, half], [-1, 0, -half], [1, -0, half],
      [INF, INF, quarter], [INF, -INF, most], [-INF, INF, -quarter], [1, INF, 0], [1, -INF, pi], [INF, 1, half], [NAN, 1, NAN], [1, NAN, NAN],
    ];
    for (const [y, x, angle] of rows) same(atan2(y, x), angle, 'atan2', y, x);
  });

  test('math.is_nan, is_inf, is_finite', () => {
    const [isNan, isInf, isFinite] = ['is_nan', 'is_inf', 'is_finite'].map((n) => operation(`math.${n}`, [t]));
    for (const x of FLOAT_EDGES[t]) {
      same(isNan!(x), Number.isNaN(x), 'is_nan', x);
      same(isInf!(x), x === INF || x === -INF, 'is_inf', x);
      same(isFinite!(x), Number.isFinite(x), 'is_finite', x);
    }
  });
});

describe('rounding to whole numbers', () => {
  /** Exactly: the whole numbers below and above, and half way the even one. */
  function whole(x: number, to: 'floor' | 'ceil' | 'trunc' | 'round'): number {
    const { n, d } = exactly(x);
    const below = n >= 0n ? n / d : -((-n + d - 1n) / d);
    const rest = n - below * d;
    const up = rest > 0n && (to === 'ceil' || (to === 'trunc' && n < 0n) || (to === 'round' && (2n * rest > d || (2n * rest === d && below % 2n !== 0n))));
    return Number(up ? below + 1n : below);
  }

  test.each(['floor', 'ceil', 'trunc', 'round'] as const)('math.%s of every finite f16, and of f32 around halves', (name) => {
    const [f16, f32] = [operation(`math.${name}`, ['f16']), operation(`math.${name}`, ['f32'])];
    const zero = (x: number, y: number) => (y === 0 && (x < 0 || Object.is(x, -0)) ? -0 : y);
    for (let bits = 0; bits < 65536; bits++) {
      const x = decodeF16(bits);
      if (Number.isFinite(x)) same(f16(x), zero(x, whole(x, name)), name, x);
    }
    for (const k of [0, 1, 2, 3, 1000, 4194303, 8388607, 8388608, 16777215, 2 ** 30, 2 ** 100]) {
      for (const x of [k, k + 0.5, k + 0.25, k + 0.75].map(Math.fround)) for (const s of [x, -x]) same(f32(s), zero(s, whole(s, name)), name, s);
    }
  });

  test('math.fract is a - floor(a), rounded', () => {
    for (const t of FLOAT_NAMES) {
      const f = operation('math.fract', [t]);
      for (const x of FLOAT_EDGES[t].filter(Number.isFinite)) {
        const { n, d } = exactly(x);
        same(f(x), rounded({ n: ((n % d) + d) % d, d }, FORMATS[t]), 'fract', x);
      }
    }
  });
});

describe('accuracy is data that holds together', () => {
  const known = new Set(dialects.flatMap((d) => d.ops).map((o) => o.id as string));
  const ops = dialects.flatMap((d) => d.ops).filter((o) => o.accuracy !== undefined);

  test('every function of floats says how accurate it is, for both types', () => {
    for (const op of math.ops) expect(op.accuracy, op.id).toBeDefined();
    expect(ops.length).toBeGreaterThan(80);
  });

  test('expressions are of ops that there are, on operands that the op has; bounds are positive', () => {
    for (const op of ops) {
      const names = op.operands.map((p) => p.name);
      const expression = (e: Expression): void => {
        if (typeof e === 'string') expect(names, op.id).toContain(e);
        else if (typeof e !== 'number') {
          const [id, ...rest] = e;
          expect(known, op.id).toContain(id);
          rest.forEach(expression);
        }
      };
      const bound = (b: ErrorBound): void => {
        if (b === 'exact' || b === 'reordered') return;
        if ('inherited' in b) expression(b.inherited);
        else if ('anyOf' in b) b.anyOf.forEach(bound);
        else if ('firstOf' in b) b.firstOf.forEach(bound);
        else {
          expect('ulp' in b ? b.ulp : b.absolute, op.id).toBeGreaterThan(0);
          for (const { operand, from, to } of b.where ?? []) {
            expect(names, op.id).toContain(operand);
            expect(from, op.id).toBeLessThan(to);
          }
        }
      };
      const { accuracy } = op;
      if (accuracy === undefined) continue;
      if (typeof accuracy === 'object' && 'f16' in accuracy) [accuracy.f16, accuracy.f32].forEach(bound);
      else bound(accuracy);
    }
  });
});
