import { expect, test } from 'vitest';
import { Records } from './records.ts';

/** A device whose one buffer holds what is written to it, with the bytes of each write. */
function deviceByHand() {
  const holds = new Uint32Array(16 * 1024);
  const writes: number[] = [];
  const device = {
    createBuffer: () => ({}),
    queue: {
      writeBuffer(_buffer: unknown, at: number, words: Uint32Array, from: number, count: number) {
        holds.set(words.subarray(from, from + count), at / 4);
        writes.push(count * 4);
      },
    },
  } as unknown as GPUDevice;
  return { device, writes, at: (offset: number, count: number) => [...holds.subarray(offset / 4, offset / 4 + count)] };
}

test('records lie where their offsets say, one behind the other, and the same one again lies where it is', () => {
  const { device, at } = deviceByHand();
  const records = new Records(device);
  const offsets = [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 3, 4], [1, 2, 3, 4, 0, 0, 0, 0]].map((words) => records.add(Uint32Array.from(words)));
  records.send();
  expect(offsets).toEqual([0, 0, 256, 512, 768]);
  expect([at(0, 4), at(256, 4), at(512, 4), at(768, 8)]).toEqual([[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 3, 4], [1, 2, 3, 4, 0, 0, 0, 0]]);
});

test('what the buffer holds already is not written again', () => {
  const { device, at, writes } = deviceByHand();
  const records = new Records(device);
  const submit = (...all: number[][]) => {
    const offsets = all.map((words) => records.add(Uint32Array.from(words)));
    records.send();
    expect(offsets.map((offset, i) => at(offset, all[i]!.length))).toEqual(all);
  };
  submit([1, 1, 1, 1], [2, 2, 2, 2]);
  submit([1, 1, 1, 1], [2, 2, 2, 2]);
  submit([1, 1, 1, 1]);
  expect(writes).toEqual([256 + 16]);
  submit([1, 1, 7, 1], [2, 2, 2, 2], [3, 3, 3, 3]);
  submit([4, 4, 4, 4]);
  submit([4, 4, 4, 4], [2, 2, 2, 2], [3, 3, 3, 3]);
  expect(writes).toEqual([256 + 16, 512 + 16 - 8, 16]);
});

test('there is room for so many', () => {
  const records = new Records(deviceByHand().device);
  let added = 0;
  while (records.fits(48)) records.add(Uint32Array.from({ length: 12 }, () => added++));
  expect(added).toBe(12 * 256);
  records.send();
  expect(records.fits(48)).toBe(true);
});
