import type { Progress } from '@sluice/core';
import { bytes, rate } from './quantities.ts';
import type { Terminal } from './terminal.ts';

/** Milliseconds before a transfer counts as long, and between two updates of the line. */
const LONG = 400;
const PACE = 100;

/** Shows how far the transfers of a run are, where somebody watches. */
export function progressLine({ status }: Terminal): ((progress: Progress) => void) | undefined {
  if (status === undefined) return undefined;
  const started = performance.now();
  let next = started + LONG;
  return ({ op, done, total }) => {
    const now = performance.now();
    if (now < next) return;
    next = now + PACE;
    // What a host loop has yet to issue is not in the total.
    status(`${op}: ${bytes(done)} of ${bytes(total)} issued, ${rate(done, (now - started) / 1000)}`);
  };
}
