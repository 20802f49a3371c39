import { describe, expect, test } from 'vitest';
import { fromBits, scalarAttribute, toBits } from './attributes.ts';
import { array, buffer, byteSize, handle, loadedType, parseType, scalar, vector } from './types.ts';
import type { ScalarName } from './types.ts';

describe('types', () => {
  test('are interned: equal spellings are one object', () => {
    expect(buffer(scalar('u8'), 'read')).toBe(parseType('buffer<u8, read>'));
    expect(vector(scalar('f32'), 4)).toBe(parseType('vec4<f32>'));
    expect(array(vector(scalar('f32'), 3), 5)).toBe(parseType('array<vec3<f32>, 5>'));
    expect(handle).toBe(parseType('GpuBufferHandle'));
    expect(parseType('buffer< u32 ,read_write >').spelling).toBe('buffer<u32, read_write>');
  });

  test.each(['', 'u31', 'vec5<f32>', 'vec2<u8>', 'buffer<u8>', 'buffer<u8, none>', 'array<u32, 0>', 'array<u32, -1>', 'array<u32, 1e9>', 'buffer<buffer<u8, read>', 'constructor', '__proto__'])('%j is no type', (spelling) => {
    expect(() => parseType(spelling)).toThrow(expect.objectContaining({ code: 'ir/unknown-type' }) as Error);
  });

  test('layout is tight; bool and handles have none', () => {
    const sizes = ['u8', 'i16', 'f32', 'u64', 'vec3<f32>', 'array<vec3<f32>, 4>', 'bool', 'GpuBufferHandle'].map((s) => byteSize(parseType(s)));
    expect(sizes).toEqual([1, 2, 4, 8, 12, 48, undefined, undefined]);
  });

  test('loads widen what only memory has', () => {
    expect(['u8', 'i8', 'u16', 'i16', 'bf16', 'f16', 'u64'].map((s) => loadedType(parseType(s)).spelling)).toEqual(['u32', 'i32', 'u32', 'i32', 'f32', 'f16', 'u64']);
  });
});

describe('attributes keep their bits', () => {
  test.each<[ScalarName, number | bigint | boolean, bigint]>([
    ['f32', -0, 0x80000000n], ['f32', 1.5, 0x3fc00000n], ['f32', Infinity, 0x7f800000n],
    ['f16', 1, 0x3c00n], ['f16', -0, 0x8000n], ['f16', 65504, 0x7bffn], ['f16', 65520, 0x7c00n], ['f16', 2 ** -24, 1n], ['f16', 2 ** -25, 0n], ['f16', 0.333251953125, 0x3555n],
    ['bf16', 1, 0x3f80n], ['bf16', 3.140625, 0x4049n],
    ['i32', -1, 0xffffffffn], ['u64', 2n ** 64n - 1n, 2n ** 64n - 1n], ['i64', -1n, 2n ** 64n - 1n], ['bool', true, 1n], ['i8', -128, 0x80n],
  ])('%s %s', (type, value, bits) => {
    expect(toBits(type, value)).toBe(bits);
    expect(Object.is(fromBits(type, bits), value) || fromBits(type, bits) === value || value === 65520 || value === 2 ** -25).toBe(true);
    expect(scalarAttribute(type, value)).toEqual({ kind: 'scalar', type: scalar(type), bits });
  });

  test('every f16 pattern but NaN survives the round trip', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = fromBits('f16', BigInt(bits)) as number;
      if (!Number.isNaN(value)) expect(toBits('f16', value)).toBe(BigInt(bits));
    }
  });

  test.each<[ScalarName, unknown]>([['u32', -1], ['u32', 2 ** 32], ['i32', 2 ** 31], ['u8', 256], ['i32', 0.5], ['u64', 2 ** 60], ['u64', -1n], ['i64', 2n ** 63n], ['u32', true], ['bool', 1], ['f32', 1n]])('%s refuses %s', (type, value) => {
    expect(() => toBits(type, value as number)).toThrow(expect.objectContaining({ code: 'build/literal-range' }) as Error);
  });
});

test('arrays nest a few levels and no more, however they are made, and a long spelling is not read', () => {
  const nested = (depth: number) => `${'array<'.repeat(depth)}u32${', 1>'.repeat(depth)}`;
  expect(parseType(nested(8)).spelling).toBe(nested(8));
  expect(() => parseType(nested(9))).toThrow('arrays nest more than 8 deep');
  expect(() => array(parseType(nested(8)), 1)).toThrow(expect.objectContaining({ code: 'ir/unknown-type' }) as Error);
  expect(() => parseType(nested(100_000))).toThrow(expect.objectContaining({ code: 'ir/unknown-type' }) as Error);
});
