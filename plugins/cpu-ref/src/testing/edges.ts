import { decodeF16 } from '@sluice/core';
import type { ScalarValue } from '@sluice/core';

const i64 = [0n, 1n, -1n, 2n, -2n, 3n, 31n, 63n, 64n, 2n ** 31n, -(2n ** 31n), 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), 1n - 2n ** 63n];
const f16 = [0, 0x8000, 0x3c00, 0xbc00, 0x3800, 0x3e00, 0x4100, 0x7e00, 0x7c00, 0xfc00, 1, 0x83ff, 0x7bff, 0x3555, 0x6401].map(decodeF16);

/** Values of each type at which ops change their ways. */
export const edges: Readonly<Record<string, readonly ScalarValue[]>> = {
  bool: [false, true],
  i32: [0, 1, -1, 2, -2, 7, -7, 31, 32, 33, 255, 65536, 0x7fffffff, -0x80000000, -0x7fffffff],
  u32: [0, 1, 2, 7, 31, 32, 33, 63, 64, 255, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff],
  i64,
  u64: i64.map((v) => BigInt.asUintN(64, v)),
  f16,
  f32: [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, NaN, Infinity, -Infinity, 1.401298464324817e-45, -1.1754943508222875e-38, 3.4028234663852886e38, 16777216, 0.10000000149011612, 2147483520, 2147483648, -2147483648, 4294967040, 4294967296, 9223371487098962000, 9223372036854775808, 18446744073709551616],
};

/** Every list of one value from each of `lists`. */
export function product<T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] {
  return lists.reduce<readonly (readonly T[])[]>((all, list) => all.flatMap((head) => list.map((value) => [...head, value])), [[]]);
}
