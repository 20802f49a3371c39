import { setTimeout } from 'node:timers/promises';
import { ABORTED, END_OF_FILE, failedTransfer, refusedTransfer } from '@sluice/core';
import type { FailedTransfer, Outcome, Problem, StorageDevice, Transfer } from '@sluice/core';
import { problemOf } from './errors.ts';
import type { SystemError } from './errors.ts';
import { NUMBERS_END } from './file.ts';
import type { FsFile } from './file.ts';

/** Bytes of one call; bytes in flight over all transfers; bytes that a call counts as at least. */
const CHUNK = 2 << 20;
const IN_FLIGHT = 16 << 20;
const LEAST = IN_FLIGHT / 64;
/** Before a call that was interrupted is made again. */
const RETRY_MS = 1;

type Job = ReturnType<typeof makeJob>;

/** Makes a `Storage.submit`. It cuts transfers into chunks, which start in the order in which the transfers came. */
export function transferQueue(): StorageDevice['submit'] {
  let queue: Job[] = [];
  let head = 0;
  let inFlight = 0;
  /** Transfers under way, by signal. Each signal has one listener, because Node warns of more than ten. */
  const underWay = new Map<AbortSignal, number>();

  function start(): void {
    for (;;) {
      const job = queue[head];
      if (job === undefined || inFlight >= IN_FLIGHT) break;
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
    batch.forEach((transfer, index) => queue.push(makeJob(transfer, signal, (outcome) => completed(index, outcome))));
    // Not at once: nobody expects `complete` before `submit` has returned.
    queueMicrotask(start);
  };
}

/** A transfer on its way. */
function makeJob(transfer: Transfer, signal: AbortSignal, complete: (outcome: Outcome) => void) {
  // A sync is one byte to get done.
  const length = transfer.kind === 'sync' ? 1 : transfer.memory.byteLength;
  let failure = refusal(transfer);
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
    complete(failure ?? { ok: true, direct: 0, buffered: transfer.kind === 'sync' ? 0 : length, bounced: 0 });
  }
  async function startChunk(count: (bytes: number) => void): Promise<void> {
    const at = next;
    next = Math.min(at + CHUNK, length);
    const cost = Math.max(next - at, LEAST);
    count(cost);
    calls++;
    const stop = await moveChunk(transfer, at, next, signal);
    // Chunks end in any order; the prefix that was moved ends at the first one that failed.
    if (stop !== undefined && (failure === undefined || stop.transferred < failure.transferred)) failure = stop;
    calls--;
    count(-cost);
    settle();
  }
  return { allStarted, settle, startChunk };
}

/** Moves [at, end) of a transfer, in as many calls as that takes; gives what ended it sooner. */
async function moveChunk(transfer: Transfer, at: number, end: number, signal: AbortSignal): Promise<FailedTransfer | undefined> {
  const file = transfer.file as FsFile;
  while (at < end) {
    try {
      if (transfer.kind === 'sync') await file.sync();
      const moved = transfer.kind === 'sync' ? 1 : await file.move(transfer.kind, transfer.memory.bytes as Uint8Array, at, end - at, transfer.offset + BigInt(at));
      if (moved === 0) return failedTransfer(transfer, at, transfer.kind === 'read' ? END_OF_FILE : NOTHING_WRITTEN);
      at += moved;
    } catch (error) {
      const cause = error as SystemError;
      if (cause.code !== 'EINTR' && cause.code !== 'EAGAIN') return failedTransfer(transfer, at, problemOf(transfer.kind, file.name, cause));
      await setTimeout(RETRY_MS);
    }
    if (at < end && signal.aborted) return failedTransfer(transfer, at, ABORTED);
  }
  return undefined;
}

const NOTHING_WRITTEN: Problem = { code: 'io/write-failed', message: 'the operating system took no byte', fix: 'check the device and the system log' };

/** Why a transfer cannot be carried out at all. */
function refusal(transfer: Transfer): FailedTransfer | undefined {
  const beyond = transfer.kind === 'write' && transfer.offset + BigInt(transfer.memory.byteLength) > NUMBERS_END;
  return refusedTransfer(transfer) ?? (beyond ? failedTransfer(transfer, 0, { code: 'fs/write-offset', message: 'Node writes nowhere past 2^53', fix: "import '@sluice/io-uring', which does" }) : undefined);
}
