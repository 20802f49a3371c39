import { expect, test } from 'vitest';
import { bytes, duration, rate } from './quantities.ts';

test('bytes, rates and durations have a unit that keeps them short', () => {
  expect([0, 999, 1000, 999_949, 999_950, 98_932_688, 4_400_000_000].map(bytes)).toEqual(['0 B', '999 B', '1.0 kB', '999.9 kB', '1.0 MB', '98.9 MB', '4.4 GB']);
  expect(bytes(2n ** 63n)).toBe('9.2 EB');
  expect(rate(3_200_000_000n, 2)).toBe('1.6 GB/s');
  expect(rate(1, 0)).toBe('- B/s');
  expect([0.0123, 0.9996, 1, 75.5].map(duration)).toEqual(['12.3 ms', '999.6 ms', '1.00 s', '75.50 s']);
});
