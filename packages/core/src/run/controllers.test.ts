import { expect, test } from 'vitest';
import { Controllers } from './controllers.ts';

test('a controller that was given back is used again, and never one whose signal is aborted or in use', () => {
  const controllers = new Controllers();
  const [a, b] = [controllers.take(), controllers.take()];
  expect(a).not.toBe(b);
  a.abort();
  controllers.giveBack(a);
  controllers.giveBack(b);
  expect(controllers.take()).toBe(b);
  expect(controllers.take().signal.aborted).toBe(false);
});

test('no more are kept than run at once', () => {
  const controllers = new Controllers();
  const taken = Array.from({ length: 100 }, () => controllers.take());
  for (const controller of taken) controllers.giveBack(controller);
  const again = Array.from({ length: 100 }, () => controllers.take());
  expect(again.filter((c) => taken.includes(c)).length).toBeLessThan(50);
  expect(new Set(again).size).toBe(100);
});
