import { describe, expect, test } from 'vitest';
import type { ScalarValue } from '../ir/attributes.ts';
import { scalar } from '../ir/types.ts';
import type { ScalarName } from '../ir/types.ts';
import { COMBINES, combination, combinedTypes, neutral } from './combine.ts';

const values: Readonly<Record<string, readonly ScalarValue[]>> = {
  bool: [false, true],
  i32: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)], u32: [0, 1, 2 ** 32 - 1], i64: [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)], u64: [0n, 1n, 2n ** 64n - 1n],
  f16: [0, 1, -1.5, 65504, Infinity, -Infinity], f32: [0, 1, -1.5, 3.4028234663852886e38, Infinity, -Infinity],
};

describe.each(COMBINES)('%s', (combine) => {
  test.each(combinedTypes(combine).map((type) => [type as ScalarName]))('on %s: combining with the neutral value changes nothing', (name) => {
    const f = combination(combine, scalar(name)) as unknown as (a: ScalarValue, b: ScalarValue) => ScalarValue;
    const e = neutral(combine, scalar(name));
    for (const value of values[name] ?? []) expect([f(e, value), f(value, e)]).toEqual([value, value]);
  });

  test('is undefined on the rest', () => {
    const rest = ['bool', 'f32', 'u8', 'bf16'].filter((t) => !combinedTypes(combine).includes(t)) as ScalarName[];
    expect(rest.length).toBeGreaterThan(1);
    for (const name of rest) expect(combination(combine, scalar(name)), name).toBeUndefined();
  });
});

test('nothing else combines', () => {
  expect(combination('sub', scalar('u32'))).toBeUndefined();
  expect(combination('add', undefined)).toBeUndefined();
});
