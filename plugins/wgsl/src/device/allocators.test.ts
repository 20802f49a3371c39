import { expect, test } from 'vitest';
import { readbackAllocator, uploadAllocator } from './allocators.ts';
import type { OpenGpu } from './open-gpu.ts';

test('a window is at most what the adapter takes, in whole multiples of 16', () => {
  for (const [maxBufferSize, limit] of [[1003, 992], [1008, 1008], [2 ** 40 + 5, 2 ** 32 - 16]] as const) {
    const gpu = { limits: { maxBufferSize } } as OpenGpu;
    expect([uploadAllocator(gpu).limit, readbackAllocator(gpu).limit]).toEqual([limit, limit]);
  }
});
