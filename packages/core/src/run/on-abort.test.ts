import { expect, test } from 'vitest';
import { onAbort, unlessAborted } from './on-abort.ts';

test('calls are made once, in order, unless they were taken back', () => {
  const controller = new AbortController();
  const made: string[] = [];
  onAbort(controller.signal, () => made.push('a'));
  const disregard = onAbort(controller.signal, () => made.push('b'));
  onAbort(controller.signal, () => made.push('c'));
  disregard();
  disregard();
  controller.abort();
  expect(made).toEqual(['a', 'c']);
  onAbort(undefined, () => made.push('d'))();
});

test('any number of calls takes one listener, and none when all are taken back', () => {
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  const back = Array.from({ length: 50 }, () => onAbort(signal, () => {}));
  expect(listeners).toBe(1);
  for (const take of back) take();
  expect(listeners).toBe(0);
  let called = 0;
  onAbort(signal, () => called++);
  expect(listeners).toBe(1);
  controller.abort();
  expect(called).toBe(1);
});

test('work ends with its own end, or with the reason of the signal when that comes first', async () => {
  const never = new Promise<never>(() => {});
  const controller = new AbortController();
  const { signal } = controller;
  expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1);
  await expect(unlessAborted(Promise.reject(new Error('its own')), signal)).rejects.toThrow('its own');
  expect(await unlessAborted(Promise.resolve(2), undefined)).toBe(2);
  let fail: (error: Error) => void = () => {};
  const work = new Promise<never>((_, reject) => (fail = reject));
  const waiting = [unlessAborted(never, signal), unlessAborted(work, signal)];
  controller.abort('enough');
  for (const w of waiting) await expect(w).rejects.toBe('enough');
  await expect(unlessAborted(never, signal)).rejects.toBe('enough');
  // Nobody waits for it any more: a rejection that is not handled would fail this test.
  fail(new Error('later'));
  await new Promise((resolve) => setTimeout(resolve, 0));
});
