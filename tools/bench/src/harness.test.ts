import { describe, expect, test } from 'vitest';
import { wrongValue } from './errors.ts';
import { growthOf, interleave, interval, median, microseconds, quantile, rate, rowOf, worstGrowth } from './harness.ts';
import type { Sample } from './harness.ts';

const samples = (...seconds: number[]): Sample[] => seconds.map((s) => ({ seconds: s, cpuSeconds: 2 * s }));

describe('statistics', () => {
  test('the median of an even number of values lies between the two in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
  });

  test('quantiles interpolate, and leave what they are given as it was', () => {
    const values = [40, 10, 30, 20, 50];
    expect([0, 0.25, 0.5, 0.9, 1].map((q) => quantile(values, q))).toEqual([10, 20, 30, 46, 50]);
    expect(values).toEqual([40, 10, 30, 20, 50]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('interleave', () => {
  test('runs each contestant once a round, in turning order, and drops the warm-up', async () => {
    const log: string[] = [];
    const contestant = (name: string) => ({ work: 1, run: () => Promise.resolve(name), check: (result: string) => void log.push(result) });
    const taken = await interleave([contestant('a'), contestant('b'), contestant('c')], { warmup: 1, rounds: 2 });
    expect(log.join('')).toBe('abcbcacab');
    expect(taken.map((s) => s.length)).toEqual([2, 2, 2]);
  });

  test('a wrong value ends it, even in the warm-up', async () => {
    const wrong = { work: 1, run: () => 41, check: (result: number) => { if (result !== 42) throw wrongValue('answer', `is ${result}`); } };
    await expect(interleave([wrong], { warmup: 1, rounds: 1 })).rejects.toMatchObject({ code: 'bench/wrong-value', message: 'answer: is 41' });
  });

  test('times are for one unit of work, in seconds of the wall and of the CPU', async () => {
    const spin = (work: number) => ({ work, run: () => { for (const end = performance.now() + 20; performance.now() < end;); }, check: () => {} });
    const [one = [], many = []] = await interleave([spin(1), spin(1000)], { warmup: 0, rounds: 1 });
    expect(one[0]?.seconds).toBeGreaterThanOrEqual(0.02);
    expect(many[0]?.seconds).toBeLessThan(one[0]?.seconds ?? 0);
    expect(one[0]?.cpuSeconds).toBeGreaterThan(0);
  });
});

describe('rows', () => {
  test('a rate, its quartiles, and its peer sample by sample', () => {
    const row = rowOf({ name: 'a/b', unit: 'ops/s', figure: rate, samples: samples(0.5, 0.25, 0.125), peer: { name: 'bare', samples: samples(0.25, 0.25, 0.25) }, goals: [{ of: 'value', atLeast: 3 }, { of: 'cpuRatio', atMost: 2 }] });
    expect(row).toEqual({ name: 'a/b', value: 4, unit: 'ops/s', spread: [3, 6], peer: 'bare', peerValue: 4, ratio: 1, cpuRatio: 1, goal: 'value >= 3 and cpuRatio <= 2', met: true });
  });

  test('the ratio is the median of ratios, not the ratio of medians: drift cancels', () => {
    const row = rowOf({ name: 'a/b', unit: 'us', figure: microseconds, samples: samples(1, 2, 30), peer: { name: 'p', samples: samples(2, 4, 60) } });
    expect([row.ratio, row.value, row.peerValue]).toEqual([0.5, 2e6, 4e6]);
  });

  test('without a peer nothing is made up, and a goal of the ratio is missed', () => {
    const row = rowOf({ name: 'a/b', unit: 'us', figure: microseconds, samples: samples(1), note: 'the peer is not installed', goals: [{ of: 'ratio', atLeast: 0.9 }] });
    expect(row).toMatchObject({ peer: null, peerValue: null, ratio: null, cpuRatio: null, goal: 'ratio >= 0.9', met: false, note: 'the peer is not installed' });
    expect(rowOf({ name: 'a/b', unit: 'us', figure: microseconds, samples: samples(1) })).toMatchObject({ goal: null, met: null });
  });

  test('growth is the time of a unit at the larger size over that at the smaller', () => {
    const row = growthOf({ name: 'a/b-growth', smaller: samples(1, 1, 2), larger: samples(1.5, 1, 2.5), peer: { name: 'p', smaller: samples(1, 1, 1), larger: samples(1.25, 2, 1.25) }, goals: [{ of: 'ratio', atMost: 1.3 }] });
    expect(row).toMatchObject({ value: 1.25, unit: 'x', peer: 'p', peerValue: 1.25, ratio: 1, cpuRatio: 1, goal: 'ratio <= 1.3', met: true });
  });

  test('of several sizes the worst growth is told, with all of them in the note', () => {
    const grown = (by: number) => growthOf({ name: 'a/b-growth', smaller: samples(1), larger: samples(by), peer: { name: 'p', smaller: samples(1), larger: samples(1.1) }, goals: [{ of: 'value', atMost: 1.3 }] });
    const row = worstGrowth(new Map([['2 ops', grown(1.2)], ['4 ops', grown(1.4)], ['8 ops', grown(1)]]), 'over 1 op');
    expect(row).toMatchObject({ value: 1.4, peerValue: 1.1, goal: 'value <= 1.3', met: false, note: 'over 1 op: 1.20 at 2 ops, 1.40 at 4 ops, 1.00 at 8 ops; the peer 1.10 at 2 ops, 1.10 at 4 ops, 1.10 at 8 ops' });
    expect(() => worstGrowth(new Map(), 'over 1 op')).toThrow(RangeError);
  });
});

describe('the interval of a median', () => {
  test.each([
    // Of 20 fair coins, 5 or fewer show heads with a chance of 0.0207, 6 or fewer with one of 0.0577: ranks 6 and 15.
    [20, 6, 15],
    // Of 6, none shows heads with a chance of 0.0156, one or none with one of 0.109.
    [6, 1, 6],
    [3, 1, 3],
  ])('of %d values lies between two of them, in whatever order they come', (n, low, high) => {
    const values = Array.from({ length: n }, (_, i) => n - i);
    expect(interval(values)).toEqual([low, high]);
  });

  test('a goal is met when its interval reaches the bound, whatever the median is', () => {
    const samples = [1, 2, 3].map((seconds) => ({ seconds, cpuSeconds: 0 }));
    const met = (high: number) => rowOf({ name: 'r', unit: 's', figure: (s) => s, samples, goals: [{ of: 'value', atLeast: 5, interval: [1, high] }] }).met;
    expect([met(5), met(4.9)]).toEqual([true, false]);
  });
});
