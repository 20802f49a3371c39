/** What a suite is, and what it says: one row for each thing measured. */

export interface SuiteOptions {
  /** Tiny sizes and few rounds: everything runs and is checked, no figure means anything. */
  readonly quick: boolean;
}

export interface Suite {
  readonly name: string;
  /** Measures as it is iterated. @throws SluiceError `bench/wrong-value` and whatever the measured code throws */
  rows(options: SuiteOptions): AsyncIterable<Row>;
}

/** One line of a suite's report. `null` where there is no such figure: none is ever made up. */
export interface Row {
  readonly name: string;
  /** The median, in `unit`. */
  readonly value: number;
  readonly unit: string;
  /** First and third quartile of the samples, in `unit`. */
  readonly spread: readonly [low: number, high: number];
  /** What it was compared with, in words. */
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** The median of value over peer value, sample by sample. */
  readonly ratio: number | null;
  /** The same of CPU seconds for one unit of work: below 1, the peer burns more. All threads of the process count. */
  readonly cpuRatio: number | null;
  /** For example `value >= 1000000`, or `ratio >= 0.95 and cpuRatio <= 2`. */
  readonly goal: string | null;
  readonly met: boolean | null;
  /** What a reader has to know, such as why a peer is missing. */
  readonly note?: string;
}
