import { isArrayBuffer } from 'node:util/types';
import { ABORTED, END_OF_FILE as SHORT, failedTransfer, refusedTransfer, wordsOf } from '@sluice/core';
import type { Memory, Outcome, Pieces, StorageDevice, Transfer } from '@sluice/core';
import { errnoName } from './denied.ts';
import type { Engine } from './engine.ts';
import { errnoProblem } from './errors.ts';
import { RingFile } from './file.ts';
import type { Group } from './groups.ts';
import { PoolMemory } from './memory.ts';
import { END_OF_FILE, ROW } from './native.ts';

const CANCELED = 125;
const kinds = { read: 0, write: 1, sync: 2 } as const;
const failures = { read: 'io/read-failed', write: 'io/write-failed', sync: 'io/sync-failed' } as const;

/** Makes a `Storage.submit`: one call into the ring for a batch, whatever its size. */
export function submitTo(engine: Engine): StorageDevice['submit'] {
  return (batch, complete, signal) => {
    const rows = engine.rows(batch.length);
    const started: Started[] = [];
    const foreign: ArrayBuffer[] = [];
    const gathers: { readonly transfer: Transfer; readonly pieces: Pieces; readonly settle: (outcome: Outcome) => void }[] = [];
    for (const [index, transfer] of batch.entries()) {
      const settle = (outcome: Outcome) => complete(index, outcome);
      const refused = signal.aborted ? failedTransfer(transfer, 0, ABORTED) : refusal(transfer);
      // Not at once: nobody expects `complete` before `submit` has returned.
      if (refused !== undefined) queueMicrotask(() => settle(refused));
      else if (transfer.kind === 'read' && transfer.pieces !== undefined) gathers.push({ transfer, pieces: transfer.pieces, settle });
      else {
        const begun = start(engine, transfer, signal, settle);
        row(engine, transfer, begun.token, rows, started.push(begun) - 1, foreign);
      }
    }
    startRows(engine, rows, started, foreign);
    for (const { transfer, pieces, settle } of gathers) startGather(engine, transfer, pieces, signal, settle);
  };
}

/** Nothing is thrown, here or for a gather: of one batch some may be on their way already, and their memory is in use. */
function startRows(engine: Engine, rows: Float64Array, started: readonly Started[], foreign: readonly ArrayBuffer[]): void {
  const [first] = started;
  if (first === undefined) return;
  try {
    engine.ring.submit(first.group.id, rows, started.length, foreign);
  } catch (cause) {
    const problem = { message: `the ring refused the batch: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'open files with the rights that their transfers need, and pass memory that is as long as it says', cause };
    for (const begun of started) refuse(engine, begun, failedTransfer(begun.transfer, 0, { code: failures[begun.transfer.kind], ...problem }));
  }
}

/** A transfer that the ring is about to be handed. */
interface Started {
  readonly token: number;
  readonly group: Group;
  readonly file: RingFile;
  readonly transfer: Transfer;
  readonly settle: (outcome: Outcome) => void;
}

function start(engine: Engine, transfer: Transfer, signal: AbortSignal, settle: (outcome: Outcome) => void): Started {
  const file = transfer.file as RingFile;
  const group = engine.groups.enter(signal);
  file.began();
  const token = engine.expect((error, transferred, direct, buffered) => {
    file.ended();
    engine.groups.leave(group);
    settle(outcomeOf(engine, transfer, signal, error, transferred, direct, buffered));
  });
  return { token, group, file, transfer, settle };
}

/** Ends a transfer that the ring did not take. */
function refuse(engine: Engine, { token, group, file, settle }: Started, outcome: Outcome): void {
  engine.forget(token);
  engine.groups.leave(group);
  file.ended();
  queueMicrotask(() => settle(outcome));
}

/** One call and one completion, however many pieces. */
function startGather(engine: Engine, transfer: Transfer, pieces: Pieces, signal: AbortSignal, settle: (outcome: Outcome) => void): void {
  const begun = start(engine, transfer, signal, settle);
  const into = new Float64Array(ROW);
  const foreign: ArrayBuffer[] = [];
  row(engine, transfer, begun.token, into, 0, foreign);
  try {
    engine.ring.gather(begun.group.id, into, foreign, wordsOf(pieces.offsets), wordsOf(pieces.lengths));
  } catch (cause) {
    refuse(engine, begun, failedTransfer(transfer, 0, { code: 'io/range', message: `the pieces do not fit: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'correct the offsets and lengths', cause }));
  }
}

/** Writes a transfer as the ring takes it into row `index`; see `Column` in `native/binding/ring_object.cc`. */
function row(engine: Engine, transfer: Transfer, token: number, rows: Float64Array, index: number, foreign: ArrayBuffer[]): void {
  const file = transfer.file as RingFile;
  const at = index * ROW;
  rows[at] = token;
  rows[at + 1] = kinds[transfer.kind];
  rows[at + 2] = file.id;
  if (transfer.kind === 'sync') return;
  const { memory, offset } = transfer;
  const own = memory instanceof PoolMemory ? memory : undefined;
  const fills = transfer.kind === 'read' ? own : undefined;
  // The bytes that a whole block brings along have their place around the memory.
  fills?.moveTo(transfer.kind === 'read' && transfer.pieces !== undefined ? 0 : Number(offset % BigInt(file.offsetAlign)));
  const bytes = memory.bytes as Uint8Array<ArrayBuffer>;
  rows[at + 3] = engine.pool.slabOf(bytes.buffer) ?? -foreign.push(bytes.buffer);
  rows[at + 4] = bytes.byteOffset;
  rows[at + 5] = memory.byteLength;
  rows[at + 6] = Number(offset >> 32n);
  rows[at + 7] = Number(offset & 0xffffffffn);
  rows[at + 8] = fills?.lead ?? 0;
  // Of another's memory that takes direct I/O, its padding is what `bytes` shows behind the last byte.
  const direct = own === undefined ? memory.direct : undefined;
  const spills = transfer.kind === 'read' ? direct : undefined;
  rows[at + 9] = fills?.slack ?? spills?.slack ?? 0;
  rows[at + 10] = fills === undefined ? (spills === undefined ? 0 : bytes.length - memory.byteLength) : fills.padded - fills.byteLength;
  rows[at + 11] = direct === undefined ? 0 : 1;
}

function outcomeOf(engine: Engine, transfer: Transfer, signal: AbortSignal, error: number, transferred: number, direct: number, buffered: number): Outcome {
  if (error === 0) return transfer.kind === 'sync' ? { ok: true, direct: 0, buffered: 0, bounced: 0 } : { ok: true, direct, buffered, bounced: 0 };
  if (error === END_OF_FILE) return failedTransfer(transfer, transferred, SHORT);
  if (error === CANCELED && signal.aborted) return failedTransfer(transfer, transferred, ABORTED);
  const lost = engine.broken;
  if (lost !== 0) {
    abandon(transfer);
    return failedTransfer(transfer, transferred, { code: 'io-uring/ring-lost', message: `io_uring_enter failed with ${errnoName(lost)}: the ring is lost`, fix: 'close the session and open another; if it happens again, see the system log, or use `@sluice/fs`', details: { errno: errnoName(lost) } });
  }
  return failedTransfer(transfer, transferred, errnoProblem(transfer.kind, transfer.file.name, error));
}

/** Memory that a lost ring may still be writing to: it is never used again. */
const abandoned: Memory[] = [];

function abandon(transfer: Transfer): void {
  if (transfer.kind === 'sync') return;
  const { memory } = transfer;
  abandoned.push(memory);
  const whole = memory.view?.of ?? memory;
  if (whole instanceof PoolMemory) whole.abandoned = true;
}

/** Why a transfer cannot be carried out at all. */
function refusal(transfer: Transfer): Outcome | undefined {
  const { file } = transfer;
  if (!(file instanceof RingFile) || file.closed) return failedTransfer(transfer, 0, errnoProblem(transfer.kind, file.name, 9));
  const refused = refusedTransfer(transfer);
  if (refused !== undefined || transfer.kind === 'sync' || isArrayBuffer(transfer.memory.bytes?.buffer)) return refused;
  return failedTransfer(transfer, 0, { code: 'plan/no-path', message: 'the memory is no ArrayBuffer, which is all that Node lets the ring have', fix: 'use memory over an ArrayBuffer in place of a SharedArrayBuffer' });
}
