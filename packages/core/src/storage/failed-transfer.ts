import { SluiceError } from '../diagnostics/error.ts';
import type { Problem } from '../diagnostics/error.ts';
import type { Outcome, Transfer } from '../registry/backend.ts';

export type FailedTransfer = Extract<Outcome, { ok: false }>;

/** The outcome of a transfer of which the first `transferred` bytes were moved, and that `problem` ended. */
export function failedTransfer(transfer: Transfer, transferred: number, problem: Problem): FailedTransfer {
  if (transfer.kind === 'sync') return { ok: false, transferred, error: new SluiceError(problem) };
  const { kind, file, offset, memory } = transfer;
  const requested = memory.byteLength;
  const why = problem.cause instanceof Error ? problem.cause.message : problem.message;
  const message = `${kind} of ${requested} bytes at offset ${offset} of \`${file.name}\` ended after ${transferred} bytes: ${why}`;
  // JSON has no bigint, and an offset may be no exact number.
  const details = { ...problem.details, op: kind, file: file.name, offset: String(offset), requested, transferred };
  return { ok: false, transferred, error: new SluiceError({ ...problem, message, details }) };
}

/** Why a transfer cannot be carried out by a backend that needs memory that the CPU can address; undefined where it can. */
export function refusedTransfer(transfer: Transfer): FailedTransfer | undefined {
  if (transfer.kind === 'sync') return undefined;
  const { offset, memory } = transfer;
  const pieces = transfer.kind === 'read' ? transfer.pieces : undefined;
  const memories = pieces === undefined ? [memory] : [memory, pieces.offsets, pieces.lengths];
  const beyond = memories.find((m) => m.bytes === undefined);
  if (beyond !== undefined) return failedTransfer(transfer, 0, { code: 'plan/no-path', message: `the CPU cannot address memory of space \`${beyond.space}\``, fix: 'use memory of space `host`' });
  if (offset >= 0n && offset + (pieces === undefined ? BigInt(memory.byteLength) : 0n) < 2n ** 63n) return undefined;
  return failedTransfer(transfer, 0, { code: 'io/range', message: 'that is not within 0 and 2^63-1', fix: 'correct the offset' });
}

/** What ends a read at the end of a file. */
export const END_OF_FILE: Problem = { code: 'io/short-read', message: 'the file ends there', fix: 'ask for less, or see who truncated the file' };

/** What ends a transfer whose signal is aborted: whoever waits for it gets the signal's reason in place of this. */
export const ABORTED: Problem = { code: 'io/aborted', message: 'its signal was aborted', fix: 'run it again' };
