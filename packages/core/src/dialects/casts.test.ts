import { describe, expect, test } from 'vitest';
import type { ScalarValue } from '../ir/attributes.ts';
import { decodeF16 } from '../ir/half.ts';
import { parseType } from '../ir/types.ts';
import { arith } from './arith.ts';
import { edgesOf, evaluate, FLOAT_NAMES, held, highest, INT_NAMES, lowest, operation, random, same, wrap } from './edges-fixture.ts';
import type { FloatName, IntName } from './edges-fixture.ts';
import { exactly, FORMATS, rounded } from './exact-fixture.ts';

const TYPES = ['bool', ...INT_NAMES, ...FLOAT_NAMES] as const;
const isFloat = (t: string): t is FloatName => t === 'f16' || t === 'f32';

/** The value as an exact number, where it is one. */
function whole(x: ScalarValue): bigint {
  return BigInt(typeof x === 'number' ? Math.trunc(x) : x);
}

/** What a cast gives, by the contract: floats saturate, integers wrap, to a float is rounded once. */
function expected(value: ScalarValue, to: (typeof TYPES)[number]): ScalarValue {
  if (to === 'bool') return typeof value === 'number' ? value !== 0 : BigInt(value) !== 0n;
  if (isFloat(to)) {
    if (typeof value !== 'number') return rounded({ n: whole(value), d: 1n }, FORMATS[to]);
    if (!Number.isFinite(value) || value === 0) return value;
    const result = rounded(exactly(value), FORMATS[to]);
    return result === 0 && value < 0 ? -0 : result;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return held(to, value !== value ? 0n : value > 0 ? highest(to) : lowest(to));
  return held(to, whole(value));
}

const clamp = (t: IntName, n: bigint) => (n < lowest(t) ? lowest(t) : n > highest(t) ? highest(t) : n);
/** Floats beside the ends of the integers, as far as the type has them. */
const ENDS = [31, 32, 63, 64].flatMap((power) => [2 ** power, 2 ** power * (1 - 2 ** -24), 2 ** power - 0.5]).flatMap((x) => [Math.fround(x), -Math.fround(x)]);

describe.each(TYPES)('from %s', (from) => {
  const values = from === 'f32' ? [...edgesOf(from), ...ENDS] : edgesOf(from);

  test.each(TYPES)('to %s', (to) => {
    const f = operation('arith.cast', [from], to);
    for (const value of values) {
      const isInt = to !== 'bool' && !isFloat(to);
      const wanted = !isInt || (typeof value === 'number' && !Number.isFinite(value)) ? expected(value, to) : held(to, isFloat(from) ? clamp(to, whole(value)) : wrap(to, whole(value)));
      same(f(value), wanted, `${from} to ${to}`, value);
    }
  });
});

test('every f16 becomes an f32 and comes back', () => {
  const [up, down] = [operation('arith.cast', ['f16'], 'f32'), operation('arith.cast', ['f32'], 'f16')];
  for (let bits = 0; bits < 65536; bits++) same(down(up(decodeF16(bits))), decodeF16(bits), 'round trip', bits);
});

test('f32 to f16 rounds to nearest, ties to even, for random values of all sizes', () => {
  const down = operation('arith.cast', ['f32'], 'f16');
  const next = random(5);
  for (let i = 0; i < 20_000; i++) {
    // Between the smallest subnormal and beyond the largest value.
    const x = Math.fround((next() / 2 ** 31 - 1) * 2 ** ((next() % 44) - 27));
    if (x !== 0) same((down(x) as number) + 0, rounded(exactly(x), FORMATS.f16) + 0, 'f32 to f16', x);
  }
});

describe('64-bit integers to floats round once', () => {
  test('where rounding to double first goes wrong', () => {
    // 2^60 + 2^36 + 1 lies just above the midpoint of two f32 values; a double drops the 1 and ties to even, down.
    const x = 2n ** 60n + 2n ** 36n + 1n;
    expect([evaluate('arith.cast', ['i64'], [x], 'f32'), evaluate('arith.cast', ['u64'], [x], 'f32'), evaluate('arith.cast', ['i64'], [-x], 'f32')]).toEqual([2 ** 60 + 2 ** 37, 2 ** 60 + 2 ** 37, -(2 ** 60 + 2 ** 37)]);
  });

  test.each(['i64', 'u64'] as const)('%s, around every midpoint', (t) => {
    const f = operation('arith.cast', [t], 'f32');
    for (let power = 25n; power < 63n; power++) {
      for (const low of [0n, 1n, 2n, 0x7ffffen]) {
        const unit = 1n << (power - 23n);
        const middle = (1n << power) + low * unit + unit / 2n;
        for (const x of [middle - 1n, middle, middle + 1n]) same(f(x), rounded({ n: x, d: 1n }, FORMATS.f32), `${t} to f32`, x);
      }
    }
  });
});

describe('bitcast', () => {
  const view = new DataView(new ArrayBuffer(8));
  const WRITE = { i32: 'setInt32', u32: 'setUint32', f32: 'setFloat32', i64: 'setBigInt64', u64: 'setBigUint64' } as const;
  const READ = { i32: 'getInt32', u32: 'getUint32', f32: 'getFloat32', i64: 'getBigInt64', u64: 'getBigUint64' } as const;

  test.each([['i32', 'u32', 'f32'], ['i64', 'u64']] as const)('%s and %s', (...group) => {
    for (const from of group as readonly (keyof typeof WRITE)[]) {
      for (const to of group as readonly (keyof typeof READ)[]) {
        const f = operation('arith.bitcast', [from], to);
        for (const value of edgesOf(from)) {
          view[WRITE[from]](0, value as never);
          same(f(value), view[READ[to]](0), `${from} as ${to}`, value);
        }
      }
    }
  });

  test('f16 stays f16; no other width fits', () => {
    for (const value of edgesOf('f16')) same(evaluate('arith.bitcast', ['f16'], [value], 'f16'), value, 'f16 as f16', value);
    const bitcast = arith.ops.find((o) => o.id === 'arith.bitcast');
    const refused = (from: string, to: string) => bitcast?.signature.check([parseType(from)], { to: { kind: 'type', type: parseType(to) } });
    expect(refused('f16', 'u32')).toBe('attribute `to` is u32, expected one of f16');
    expect(refused('u32', 'u64')).toBe('attribute `to` is u64, expected one of u32, i32, f32');
    expect(refused('i32', 'bool')).toBe('attribute `to` is bool, expected one of i32, u32, f32');
    expect(refused('bool', 'bool')).toMatch(/^operand `a` is bool/);
  });
});

test('a cast to what only memory holds is refused', () => {
  const cast = arith.ops.find((o) => o.id === 'arith.cast');
  expect(cast?.signature.check([parseType('i32')], { to: { kind: 'type', type: parseType('u8') } })).toMatch(/^attribute `to` is u8, expected one of/);
});
