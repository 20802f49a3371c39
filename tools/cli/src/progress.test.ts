import { expect, test } from 'vitest';
import type { Tensor } from '@sluice/formats';
import { progressBar } from './progress.ts';
import { terminal } from './terminal.ts';

const tensor: Tensor = { name: 't', dtype: 'U8', shape: [1], elements: 1, file: 0, offset: 0n, byteLength: 1n };

/** What is on standard error after so many milliseconds of a load of 4 kB, half of which are there each time. */
function written(isTTY: boolean, times: readonly number[]): string {
  let err = '';
  let clock = 0;
  const here = terminal({ stdout: { write: () => {} }, stderr: { write: (text) => (err += String(text)), isTTY }, env: {}, cwd: '/' });
  const onProgress = progressBar(here, () => clock);
  for (const time of times) {
    clock = time;
    onProgress({ tensor, done: 2000n, total: 4000n });
  }
  return err;
}

test('a bar is drawn where somebody watches, once the load is a long one, and not at every tensor', () => {
  expect(written(true, [10, 399])).toBe('');
  expect(written(true, [10, 500, 520, 1000])).toBe('\r\u001b[K[############............] 50% 2.0 kB of 4.0 kB, 4.0 kB/s\r\u001b[K[############............] 50% 2.0 kB of 4.0 kB, 2.0 kB/s');
});

test('where nobody watches there is a plain line now and then', () => {
  expect(written(false, [10, 500, 9999])).toBe('');
  expect(written(false, [10_000, 10_500, 20_000])).toBe('50% 2.0 kB of 4.0 kB, 200 B/s\n50% 2.0 kB of 4.0 kB, 100 B/s\n');
});
