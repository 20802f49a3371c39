import { describe, expect, test } from 'vitest';
import { fromBits } from '../ir/attributes.ts';
import { scalar } from '../ir/types.ts';
import type { ScalarName } from '../ir/types.ts';
import { literalBits, literalText } from './literals.ts';

describe('literals', () => {
  test.each<[ScalarName, bigint, string]>([
    ['f32', 0n, '0'], ['f32', 0x80000000n, '-0'], ['f32', 0x3dcccccdn, '0.1'], ['f32', 0x3f800000n, '1'], ['f32', 0x7f7fffffn, '3.4028235e+38'], ['f32', 1n, '1.4013e-45'],
    ['f32', 0x7f800000n, 'inf'], ['f32', 0xff800000n, '-inf'], ['f32', 0x7fc00000n, 'nan'], ['f32', 0xffc00000n, '0xffc00000'], ['f32', 0x7f800001n, '0x7f800001'],
    ['f16', 0x2e66n, '0.1'], ['f16', 0x7e00n, 'nan'], ['f16', 0x7bffn, '65504'], ['bf16', 0x3dcdn, '0.1'], ['bf16', 0x7fc0n, 'nan'],
    ['i32', 0xffffffffn, '-1'], ['i32', 0x80000000n, '-2147483648'], ['u64', 2n ** 64n - 1n, '18446744073709551615'], ['i64', 1n << 63n, '-9223372036854775808'],
    ['u8', 255n, '255'], ['i8', 128n, '-128'], ['bool', 1n, 'true'],
  ])('%s %s is written %s', (type, bits, text) => {
    expect(literalText(scalar(type), bits)).toBe(text);
    expect(literalBits(scalar(type), text)).toBe(bits);
  });

  test.each(['f16', 'bf16'] as const)('every %s reads back', (type) => {
    for (let bits = 0n; bits < 65536n; bits++) {
      const text = literalText(scalar(type), bits);
      if (literalBits(scalar(type), text) !== bits) expect.fail(`${text} for 0x${bits.toString(16)}`);
    }
  });

  test('decimals are rounded once: the case where rounding to a double first goes wrong', () => {
    // Half way between 1 and the f32 above it, and a little to either side, by less than a double can tell.
    const half = '1.00000005960464477539062500000';
    expect(literalBits(scalar('f32'), half)).toBe(0x3f800000n);
    expect(literalBits(scalar('f32'), `${half}1`)).toBe(0x3f800001n);
    expect(literalBits(scalar('f32'), `-${half}1`)).toBe(0xbf800001n);
    expect(literalBits(scalar('f32'), '1.00000017881393432617187499999')).toBe(0x3f800001n);
    expect(literalBits(scalar('f32'), '1.000000178813934326171875')).toBe(0x3f800002n);
    expect(literalBits(scalar('f16'), '1.00048828125000000000000001')).toBe(0x3c01n);
    // Next to half way, but a double can tell.
    expect(fromBits('f32', literalBits(scalar('f32'), '16777217.000000004') as bigint)).toBe(16777218);
  });

  test.each<[ScalarName, string, bigint]>([
    ['u32', '0xff', 255n], ['u32', '0xFF', 255n], ['u32', '1_000', 1000n], ['i32', '-0x1', 0xffffffffn], ['u32', '007', 7n], ['i32', '+5', 5n],
    ['f32', '1_000.5', 0x447a2000n], ['f32', '1.', 0x3f800000n], ['f32', '0x3f800000', 0x3f800000n], ['f32', '1E2', 0x42c80000n], ['u64', '0xffff_ffff_ffff_ffff', 2n ** 64n - 1n],
  ])('%s takes %s', (type, text, bits) => expect(literalBits(scalar(type), text)).toBe(bits));

  test.each<[ScalarName, string]>([
    ['u32', '-1'], ['u32', '4294967296'], ['i32', '2147483648'], ['i32', '0xffffffff'], ['u8', '256'], ['u32', '1.5'], ['u32', '1e3'], ['u32', '0x'], ['u32', '1_'], ['u32', '0b1'],
    ['f32', '1e39'], ['f32', '-0x1'], ['f32', '0x1ffffffff'], ['f32', '1.2.3'], ['f32', '1e'], ['f32', 'infinity'], ['f16', '65520'], ['bool', '1'], ['f32', '-nan'],
  ])('%s refuses %s with a sentence', (type, text) => expect(literalBits(scalar(type), text)).toMatch(/^is not a /));
});
