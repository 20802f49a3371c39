import { expect, test } from 'vitest';
import { lanesFor } from './lanes.ts';

test('stretches that meet share a lane, those that overlap do not, and the longer of two that start together comes first', () => {
  expect(lanesFor([{ start: 0, end: 4 }, { start: 1, end: 2 }, { start: 2, end: 3 }, { start: 2, end: 9 }, { start: 4, end: 5 }])).toEqual([0, 1, 2, 1, 0]);
  expect(lanesFor([])).toEqual([]);
});

test('random stretches: no two of a lane overlap, and there are as many lanes as overlap at once', () => {
  let x = 1;
  const next = (below: number) => (x = (Math.imul(x, 1664525) + 1013904223) >>> 0) % below;
  for (let round = 0; round < 50; round++) {
    const stretches = Array.from({ length: 200 }, () => next(1000)).map((start) => ({ start, end: start + 1 + next(60) }));
    const lanes = lanesFor(stretches);
    const of = (lane: number) => stretches.filter((_, i) => lanes[i] === lane).sort((a, b) => a.start - b.start);
    const most = Math.max(...stretches.map(({ start }) => stretches.filter((s) => s.start <= start && start < s.end).length));
    expect(Math.max(...lanes) + 1).toBe(most);
    for (let lane = 0; lane < most; lane++) of(lane).reduce((before, after) => (expect(after.start).toBeGreaterThanOrEqual(before.end), after));
  }
});
