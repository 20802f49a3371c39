import type { Outcome, Storage, Transfer } from '../registry/backend.ts';
import { ABORTED, failedTransfer } from './failed-transfer.ts';
import type { FailedTransfer } from './failed-transfer.ts';

/** How a backend moves bytes in calls of a bounded size. */
export interface ChunkMover {
  /** Bytes of one call; bytes in flight over all transfers; bytes that a call counts as at least. */
  readonly chunk: number;
  readonly inFlight: number;
  readonly least: number;
  /** Why a transfer cannot be carried out at all. */
  refuse(transfer: Transfer): FailedTransfer | undefined;
  /** Moves [at, end) of a transfer, which of a sync is [0, 1), in as many calls as that takes; gives what ended it sooner. Never rejects. */
  move(transfer: Transfer, at: number, end: number, signal: AbortSignal): Promise<FailedTransfer | undefined>;
  /** What a transfer counts as that moved all its bytes. */
  done(transfer: Transfer): Outcome;
}

/**
 * A `Storage.submit` that cuts transfers into chunks, which start in the order in which the transfers came. An abort starts
 * no more of them, and a transfer completes when none of its own is under way.
 */
export function chunkedTransfers(mover: ChunkMover): Storage['submit'] {
  let queue: Job[] = [];
  let head = 0;
  let inFlight = 0;
  /** Transfers under way, by signal. Each signal has one listener, because Node warns of more than ten. */
  const underWay = new Map<AbortSignal, number>();

  function start(): void {
    for (;;) {
      const job = queue[head];
      if (job === undefined || inFlight >= mover.inFlight) break;
      if (job.allStarted()) queue[head++]?.settle();
      else void job.startChunk(count);
    }
    // Half of the queue at a time, so that it costs each transfer a constant.
    if (head * 2 > queue.length) [queue, head] = [queue.slice(head), 0];
  }
  function count(bytes: number): void {
    inFlight += bytes;
    if (bytes < 0) start();
  }
  function watch(signal: AbortSignal, transfers: number): void {
    const left = (underWay.get(signal) ?? 0) + transfers;
    underWay.set(signal, left);
    if (left > 0) return signal.addEventListener('abort', onAbort);
    underWay.delete(signal);
    signal.removeEventListener('abort', onAbort);
  }
  const onAbort = () => queue.forEach((job) => job.settle());

  return (batch, complete, signal) => {
    watch(signal, batch.length);
    const completed = (index: number, outcome: Outcome) => {
      watch(signal, -1);
      complete(index, outcome);
    };
    batch.forEach((transfer, index) => queue.push(makeJob(mover, transfer, signal, (outcome) => completed(index, outcome))));
    // Not at once: nobody expects `complete` before `submit` has returned.
    void Promise.resolve().then(start);
  };
}

type Job = ReturnType<typeof makeJob>;

/** A transfer on its way. */
function makeJob(mover: ChunkMover, transfer: Transfer, signal: AbortSignal, complete: (outcome: Outcome) => void) {
  // A sync is one byte to get done.
  const length = transfer.kind === 'sync' ? 1 : transfer.memory.byteLength;
  let failure = mover.refuse(transfer);
  let next = 0;
  let calls = 0;
  let settled = false;

  /** No chunk of it will start any more. */
  const allStarted = () => next === length || failure !== undefined || signal.aborted;

  /** Completes the transfer if nothing touches its memory any more, and nothing will. */
  function settle(): void {
    if (settled || calls > 0 || !allStarted()) return;
    settled = true;
    if (next < length) failure ??= failedTransfer(transfer, next, ABORTED);
    complete(failure ?? mover.done(transfer));
  }
  async function startChunk(count: (bytes: number) => void): Promise<void> {
    const at = next;
    next = Math.min(at + mover.chunk, length);
    const cost = Math.max(next - at, mover.least);
    count(cost);
    calls++;
    const stop = await mover.move(transfer, at, next, signal);
    // Chunks end in any order; the prefix that was moved ends at the first one that failed.
    if (stop !== undefined && (failure === undefined || stop.transferred < failure.transferred)) failure = stop;
    calls--;
    count(-cost);
    settle();
  }
  return { allStarted, settle, startChunk };
}
