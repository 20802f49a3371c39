import type { DeviceBuffer } from '@sluice/core';
import { wrongValue } from '../../errors.ts';
import { interleave, interval, rate, rowOf } from '../../harness.ts';
import type { Contestant } from '../../harness.ts';
import type { Row } from '../../suite.ts';
import type { Raw, Stage } from './raw.ts';
import type { Sluice } from './sluice.ts';

/** What sizes are chosen by. */
export type Scale = 'gpu' | 'software' | 'quick';

/** One algorithm at one size, with random inputs of its own. */
export interface Workload {
  readonly name: string;
  readonly unit: string;
  /** Units of work of one launch. */
  readonly work: number;
  readonly output: {
    readonly element: 'f32' | 'u32';
    readonly length: number;
    /** Steps that the expected value of one element takes. */
    readonly cost: number;
    /** What element `index` is after so many launches, computed in double precision, or modulo 2^32. */
    expected(index: number, launches: number): number;
    /** How far a right value may be from that; 0 if absent. */
    tolerance?(index: number): number;
  };
  readonly note: string;
  readonly sluice: (on: Sluice) => Promise<Prepared<DeviceBuffer>>;
  readonly byHand: (on: Raw) => Promise<{ readonly stages: readonly Stage[]; readonly output: GPUBuffer; readonly buffers: readonly GPUBuffer[] }>;
}

export interface Prepared<B> {
  /** Launches so many times; resolves when the device has done them. */
  run(times: number): Promise<unknown>;
  readonly output: B;
  readonly buffers: readonly B[];
}

/** Least share of the hand-written kernel's speed that the generated one is to reach. */
const GOAL = 0.98;
/** Seconds that a sample lasts at least; what a run costs beside its launches drowns in them. */
const LASTING: Readonly<Record<Scale, number>> = { gpu: 0.1, software: 0.05, quick: 0 };
const MOST_TIMES = 500;
const ROUNDS: Readonly<Record<Scale, { readonly warmup: number; readonly rounds: number }>> = {
  gpu: { warmup: 2, rounds: 20 }, software: { warmup: 1, rounds: 10 }, quick: { warmup: 0, rounds: 1 },
};

/** The row of a workload: the generated kernel beside the hand-written one. */
export async function measure(workload: Workload, sluice: Sluice, raw: Raw, scale: Scale): Promise<Row> {
  const { name, unit, work, note } = workload;
  const ours = await workload.sluice(sluice);
  const theirs = await workload.byHand(raw);
  const byHand = (times: number) => raw.run(theirs.stages, times);
  // The first launch of each is not measured: drivers compile then.
  await ours.run(1);
  await byHand(1);
  const start = performance.now();
  await byHand(1);
  const times = Math.min(MOST_TIMES, Math.ceil(LASTING[scale] / ((performance.now() - start) / 1e3)) || 1);

  const contestant = (who: string, launched: number, run: (times: number) => Promise<unknown>, read: Read): Contestant => {
    let launches = launched;
    return {
      work: times * work,
      run: () => run(times),
      check: () => judge(workload, who, (launches += times), read),
    };
  };
  const [samples = [], peerSamples = []] = await interleave([
    contestant('the generated kernel', 1, ours.run, (offset, length) => sluice.read(ours.output, offset, length)),
    contestant('the hand-written kernel', 2, byHand, (offset, length) => raw.read(theirs.output, offset, length)),
  ], ROUNDS[scale]);
  for (const buffer of ours.buffers) await buffer.close();
  for (const buffer of theirs.buffers) buffer.destroy();

  const ratios = samples.map((s, i) => (peerSamples[i]?.seconds ?? NaN) / s.seconds);
  const [low, high] = interval(ratios);
  return rowOf({
    name, unit, figure: rate, samples,
    peer: { name: 'hand-written WGSL', samples: peerSamples },
    ...(raw.isSoftware ? {} : { goals: [{ of: 'ratio', atLeast: GOAL, interval: [low, high] }] }),
    note: `${note}; ${times} launches a sample, wall clock from the first command to the last one done; 95 % interval of the ratio ${low.toFixed(3)} .. ${high.toFixed(3)}${raw.isSoftware ? `; the goal, ratio >= ${GOAL}, is for GPUs` : ''}`,
  });
}

type Read = (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Steps of expected values for one check. */
const STEPS = 2 ** 22;
const STRETCHES = 4;
const WORD = 4;

/** Compares the whole output where that is cheap, else stretches from random places. @throws SluiceError `bench/wrong-value` */
async function judge({ name, output }: Workload, who: string, launches: number, read: Read): Promise<void> {
  const { element, length, cost } = output;
  const affordable = Math.max(STRETCHES, Math.floor(STEPS / cost));
  const size = length <= affordable ? length : Math.floor(affordable / STRETCHES);
  for (let stretch = 0; stretch < (size === length ? 1 : STRETCHES); stretch++) {
    const from = size === length ? 0 : Math.floor(Math.random() * (length - size));
    const { buffer } = await read(from * WORD, size * WORD);
    const found = element === 'f32' ? new Float32Array(buffer) : new Uint32Array(buffer);
    for (const [i, value] of found.entries()) {
      const expected = output.expected(from + i, launches);
      const tolerance = output.tolerance?.(from + i) ?? 0;
      if (!(Math.abs(value - expected) <= tolerance)) throw wrongValue(name, `${who} gives ${value} for element ${from + i}, expected ${expected}`);
    }
  }
}
