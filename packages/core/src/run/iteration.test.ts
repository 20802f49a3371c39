import { expect, test } from 'vitest';
import { Flight, Iteration } from './iteration.ts';

/** An iteration with one task in flight. */
function busy(): Iteration {
  const iteration = new Iteration(undefined);
  iteration.enter();
  return iteration;
}

test('the oldest iteration is waited for when the window is full', async () => {
  const flight = new Flight(2);
  const [first, second] = [busy(), busy()];
  expect(flight.add(first)).toBeUndefined();
  const full = flight.add(second);
  let passed = false;
  const waited = full?.then(() => (passed = true));
  second.leave();
  await Promise.resolve();
  expect(passed).toBe(false);
  first.leave();
  await waited;
  expect(passed).toBe(true);
});

test('iterations that have ended let as many begin without a wait', () => {
  const flight = new Flight(3);
  const ended = [busy(), busy(), busy()];
  expect(ended.map((iteration) => flight.add(iteration) === undefined)).toEqual([true, true, false]);
  for (const iteration of ended) iteration.leave();
  // The first was taken out when it was waited for.
  expect([busy(), busy(), busy()].map((iteration) => flight.add(iteration) === undefined)).toEqual([true, true, false]);
});

test('an iteration with nothing in flight takes no place', () => {
  const flight = new Flight(1);
  expect(flight.add(new Iteration(undefined))).toBeUndefined();
  expect(flight.add(busy())).toBeInstanceOf(Promise);
});
