import type { Progress } from '@sluice/core';
import type { LoadProgress } from '@sluice/formats';
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

/** Milliseconds between two lines where nobody watches. */
const PATIENCE = 10_000;
const BAR = 24;

/** Shows how far a model is that loads: a bar that is drawn again and again where somebody watches, else a line now and then. */
export function progressBar({ status, note }: Terminal, now: () => number = () => performance.now()): (progress: LoadProgress) => void {
  const started = now();
  const pace = status === undefined ? PATIENCE : PACE;
  let next = started + (status === undefined ? PATIENCE : LONG);
  return ({ done, total }) => {
    const at = now();
    if (at < next) return;
    next = at + pace;
    const share = total === 0n ? 1 : Number(done) / Number(total);
    const text = `${Math.floor(share * 100)}% ${bytes(done)} of ${bytes(total)}, ${rate(done, (at - started) / 1000)}`;
    if (status === undefined) note(text);
    else status(`[${'#'.repeat(Math.floor(share * BAR)).padEnd(BAR, '.')}] ${text}`);
  };
}
