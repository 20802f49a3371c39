import type { Sample } from '../../harness.ts';

/** One of those that are measured against each other, in a process of its own or in this one. */
export type Contestant = () => Promise<Sample>;

/**
 * Runs every contestant once a round, in an order that turns, forward and backward: what ran before leaves its mark on a
 * disk. Gives the samples of each, without those of the warm-up.
 */
export async function takeTurns(contestants: readonly Contestant[], { warmup, rounds }: { readonly warmup: number; readonly rounds: number }): Promise<readonly (readonly Sample[])[]> {
  const samples = contestants.map((): Sample[] => []);
  for (let round = -warmup; round < rounds; round++) {
    const order = contestants.map((_, k) => (k + round + warmup) % contestants.length);
    if (round % 2 !== 0) order.reverse();
    for (const i of order) {
      const sample = await (contestants[i] as Contestant)();
      if (round >= 0) samples[i]?.push(sample);
    }
  }
  return samples;
}

/** What `run` takes in this process, all threads counted, for each of `work` units. */
export async function timed(work: number, run: () => Promise<void>): Promise<Sample> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await run();
  const seconds = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: seconds / work, cpuSeconds: (user + system) / 1e6 / work };
}
