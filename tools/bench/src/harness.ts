import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import type { Row } from './suite.ts';

/** One of those that are measured against each other. */
export interface Contestant<T = unknown> {
  /** Units of work that one `run` does. */
  readonly work: number;
  /** Only this is timed. */
  run(): T | Promise<T>;
  /** Judges what a run gave. @throws SluiceError `bench/wrong-value` */
  check(result: T): void | Promise<void>;
}

/** What one run took for each unit of work. */
export interface Sample {
  readonly seconds: number;
  /** Of all threads of this process. */
  readonly cpuSeconds: number;
}

export interface Rounds {
  readonly warmup: number;
  readonly rounds: number;
}

/**
 * Runs every contestant once a round, so that all meet the same weather, in an order that turns from round to round.
 * Every result is checked, those of the warm-up too. Gives the samples of each, round by round.
 */
export async function interleave(contestants: readonly Contestant[], { warmup, rounds }: Rounds): Promise<readonly (readonly Sample[])[]> {
  const samples = contestants.map((): Sample[] => []);
  for (let round = -warmup; round < rounds; round++) {
    const order = contestants.map((_, i) => (i + round + warmup) % contestants.length);
    for (const i of order) {
      const sample = await measure(contestants[i] as Contestant);
      if (round >= 0) samples[i]?.push(sample);
    }
  }
  return samples;
}

async function measure({ work, run, check }: Contestant): Promise<Sample> {
  emptyNursery();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const pending = run();
  const result = pending instanceof Promise ? await pending : pending;
  const seconds = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
  await check(result);
  return { seconds: seconds / work, cpuSeconds: (user + system) / 1e6 / work };
}

/**
 * Collects what is young, so that a run pays for little but its own garbage. A full collection would do more harm than
 * good: it shrinks the nursery and drops compiled code, and the run would pay for both.
 */
const emptyNursery = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
  return () => gc({ type: 'minor' });
})();

/** A figure of a row that has to reach or stay under a bound. */
export interface Goal {
  readonly of: 'value' | 'ratio' | 'cpuRatio';
  readonly atLeast?: number;
  readonly atMost?: number;
  /** What is judged in place of the figure: where it lies, as far as the samples tell. It is enough that the interval reaches the bound. */
  readonly interval?: readonly [low: number, high: number];
}

export interface Measured {
  readonly name: string;
  readonly unit: string;
  /** The figure in `unit` of a sample's seconds for each unit of work. */
  readonly figure: (secondsEach: number) => number;
  readonly samples: readonly Sample[];
  /** Samples of the same rounds. */
  readonly peer?: { readonly name: string; readonly samples: readonly Sample[] };
  readonly goals?: readonly Goal[];
  readonly note?: string;
}

/** Work a second. */
export const rate = (secondsEach: number): number => 1 / secondsEach;
export const microseconds = (secondsEach: number): number => secondsEach * 1e6;

/** The row of a measurement, with its peer if it has one. */
export function rowOf({ name, unit, figure, samples, peer, goals = [], note }: Measured): Row {
  const values = samples.map((s) => figure(s.seconds));
  const peerValues = peer?.samples.map((s) => figure(s.seconds));
  return judged({
    name, ...summary(values, unit),
    peer: peer?.name ?? null,
    peerValue: peerValues === undefined ? null : median(peerValues),
    ratio: peerValues === undefined ? null : median(paired(values, peerValues)),
    cpuRatio: peer === undefined ? null : median(paired(samples.map((s) => s.cpuSeconds), peer.samples.map((s) => s.cpuSeconds))),
  }, goals, note);
}

/** Samples of the same work at two sizes, of the same rounds. */
export interface Sizes {
  readonly smaller: readonly Sample[];
  readonly larger: readonly Sample[];
}

export interface Growth extends Sizes {
  readonly name: string;
  /** Grows as memory does: caches miss more often and the collector has more to look at, whatever is done. */
  readonly peer: Sizes & { readonly name: string };
  readonly goals?: readonly Goal[];
  readonly note?: string;
}

/** What a unit of work costs at the larger size over what it costs at the smaller one: 1 where cost is linear and memory flat. */
export function growthOf({ name, smaller, larger, peer, goals = [], note }: Growth): Row {
  const growth = (by: 'seconds' | 'cpuSeconds', sizes: Sizes) => paired(sizes.larger.map((s) => s[by]), sizes.smaller.map((s) => s[by]));
  const own = { smaller, larger };
  const [values, peerValues] = [growth('seconds', own), growth('seconds', peer)];
  return judged({
    name, ...summary(values, 'x'),
    peer: peer.name,
    peerValue: median(peerValues),
    ratio: median(paired(values, peerValues)),
    cpuRatio: median(paired(growth('cpuSeconds', own), growth('cpuSeconds', peer))),
  }, goals, note);
}

/** The row of the size at which a unit of work costs most, of rows of growth; the note has all of them, by what they are called. */
export function worstGrowth(rows: ReadonlyMap<string, Row>, note: string): Row {
  const [worst] = [...rows.values()].sort((a, b) => b.value - a.value);
  if (worst === undefined) throw new RangeError('growth was taken at no size');
  const of = (value: (row: Row) => number | null) => [...rows].map(([size, row]) => `${value(row)?.toFixed(2) ?? 'none'} at ${size}`).join(', ');
  return { ...worst, note: `${note}: ${of((row) => row.value)}; the peer ${of((row) => row.peerValue)}` };
}

function summary(values: readonly number[], unit: string): Pick<Row, 'value' | 'unit' | 'spread'> {
  return { value: median(values), unit, spread: [quantile(values, 0.25), quantile(values, 0.75)] };
}

function judged(row: Omit<Row, 'goal' | 'met' | 'note'>, goals: readonly Goal[], note: string | undefined): Row {
  const said = note === undefined ? {} : { note };
  if (goals.length === 0) return { ...row, goal: null, met: null, ...said };
  const spelled = goals.flatMap(({ of, atLeast, atMost }) => [...(atLeast === undefined ? [] : [`${of} >= ${atLeast}`]), ...(atMost === undefined ? [] : [`${of} <= ${atMost}`])]);
  const met = goals.every(({ of, atLeast = -Infinity, atMost = Infinity, interval: [low, high] = [row[of], row[of]] }) => {
    return low !== null && high !== null && high >= atLeast && low <= atMost;
  });
  return { ...row, goal: spelled.join(' and '), met, ...said };
}

function paired(values: readonly number[], by: readonly number[]): readonly number[] {
  return values.map((v, i) => v / (by[i] ?? NaN));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * An interval that has the median of what the values are samples of, with 95 % confidence or, of fewer than six, as much as
 * there is: between two of them, whose ranks follow from the binomial distribution alone (the interval of the sign test).
 */
export function interval(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  // The chance that the median is below value `rank`, counted from 0: that at most `rank` of n coins show heads.
  let rank = 0;
  for (let chance = 2 ** -n, below = chance; ; rank++) {
    chance *= (n - rank) / (rank + 1);
    below += chance;
    if (below > 0.025) break;
  }
  return [sorted[rank] ?? NaN, sorted[n - 1 - rank] ?? NaN];
}

/** The value below which `share` of the values lie, between two of them by interpolation; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}
