import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { Groups } from './groups.ts';

test('transfers of one signal are one group, which is cancelled when the signal is aborted', () => {
  const cancelled: number[] = [];
  const groups = new Groups((id) => cancelled.push(id));
  const [a, b] = [new AbortController(), new AbortController()];
  const first = groups.enter(a.signal);
  expect(groups.enter(a.signal)).toBe(first);
  expect(groups.enter(b.signal).id).not.toBe(first.id);
  expect(groups.next()).not.toBe(first.id);
  a.abort();
  expect(cancelled).toEqual([first.id]);
});

test('only the last group to run empty goes on listening', () => {
  const cancelled: number[] = [];
  const groups = new Groups((id) => cancelled.push(id));
  const [a, b] = [new AbortController(), new AbortController()];
  const listeners = () => [a, b].map(({ signal }) => getEventListeners(signal, 'abort').length);
  const ofA = groups.enter(a.signal);
  const ofB = groups.enter(b.signal);
  groups.leave(ofA);
  expect(listeners()).toEqual([1, 1]);
  expect(groups.enter(a.signal)).toBe(ofA);
  groups.leave(ofB);
  groups.leave(ofA);
  expect(listeners()).toEqual([1, 0]);
  const again = groups.enter(b.signal);
  expect(again.id).not.toBe(ofB.id);
  groups.leave(again);
  expect(listeners()).toEqual([0, 1]);
  groups.close();
  expect(listeners()).toEqual([0, 0]);
  b.abort();
  expect(cancelled).toEqual([]);
});
