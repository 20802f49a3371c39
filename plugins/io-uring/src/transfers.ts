import { SluiceError, onAbort } from '@sluice/core';
import type { Memory, Outcome, Pieces, Problem, StorageDevice, Transfer } from '@sluice/core';
import { errnoName } from './denied.ts';
import type { Engine } from './engine.ts';
import { errnoProblem } from './errors.ts';
import { RingFile } from './file.ts';
import { PoolMemory } from './memory.ts';
import { END_OF_FILE, ROW } from './native.ts';

const CANCELED = 125;
const LIMIT = 2n ** 63n - 1n;
const kinds = { read: 0, write: 1, sync: 2 } as const;

/** Makes a `Storage.submit`: one call into the ring for a batch, whatever its size. */
export function submitTo(engine: Engine): StorageDevice['submit'] {
  return (batch, complete, signal) => {
    const group = engine.group();
    let disregard = () => {};
    let left = batch.length;
    const settle = (index: number, outcome: Outcome) => {
      if (--left === 0) disregard();
      complete(index, outcome);
    };

    const rows = new Float64Array(batch.length * ROW);
    const foreign: ArrayBuffer[] = [];
    const tokens: number[] = [];
    const files: RingFile[] = [];
    const gathers: { readonly transfer: Transfer; readonly pieces: Pieces; readonly index: number }[] = [];
    batch.forEach((transfer, index) => {
      const refused = signal.aborted ? ended(transfer, 0, ABORTED) : refusal(transfer);
      // Not at once: nobody expects `complete` before `submit` has returned.
      if (refused !== undefined) return queueMicrotask(() => settle(index, refused));
      if (transfer.kind === 'read' && transfer.pieces !== undefined) return gathers.push({ transfer, pieces: transfer.pieces, index });
      const file = transfer.file as RingFile;
      file.began();
      const token = engine.expect((error, transferred, direct, buffered) => {
        file.ended();
        settle(index, outcomeOf(engine, transfer, signal, error, transferred, direct, buffered));
      });
      const into = rows.subarray(tokens.length * ROW, (tokens.length + 1) * ROW);
      row(engine, transfer, token, into, foreign);
      tokens.push(token);
      files.push(file);
    });
    if (tokens.length + gathers.length === 0) return;
    disregard = onAbort(signal, () => engine.ring.cancel(group));
    for (const { transfer, pieces, index } of gathers) startGather(engine, group, transfer, pieces, signal, (outcome) => settle(index, outcome));
    if (tokens.length === 0) return;
    try {
      engine.ring.submit(group, rows.subarray(0, tokens.length * ROW), foreign);
    } catch (error) {
      disregard();
      for (const token of tokens) engine.forget(token);
      for (const file of files) file.ended();
      throw error;
    }
  };
}

/** One call and one completion, however many pieces. */
function startGather(engine: Engine, group: number, transfer: Transfer, pieces: Pieces, signal: AbortSignal, settle: (outcome: Outcome) => void): void {
  const file = transfer.file as RingFile;
  const token = engine.expect((error, transferred, direct, buffered) => {
    file.ended();
    settle(outcomeOf(engine, transfer, signal, error, transferred, direct, buffered));
  });
  file.began();
  const into = new Float64Array(ROW);
  const foreign: ArrayBuffer[] = [];
  row(engine, transfer, token, into, foreign);
  try {
    engine.ring.gather(group, into, foreign, words(pieces.offsets), words(pieces.lengths));
  } catch (cause) {
    engine.forget(token);
    file.ended();
    const refused = ended(transfer, 0, { code: 'io/range', message: `the pieces do not fit: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'correct the offsets and lengths', cause });
    queueMicrotask(() => settle(refused));
  }
}

/** The 64-bit words of a memory. */
function words({ bytes = new Uint8Array(0), byteLength }: Memory): BigUint64Array {
  return bytes.byteOffset % 8 === 0 ? new BigUint64Array(bytes.buffer, bytes.byteOffset, byteLength / 8) : new BigUint64Array(bytes.slice(0, byteLength).buffer);
}

/** Writes a transfer as the ring takes it; see `Column` in `native/binding/ring_object.cc`. */
function row(engine: Engine, transfer: Transfer, token: number, into: Float64Array, foreign: ArrayBuffer[]): void {
  const file = transfer.file as RingFile;
  into[0] = token;
  into[1] = kinds[transfer.kind];
  into[2] = file.id;
  if (transfer.kind === 'sync') return;
  const { memory, offset } = transfer;
  const own = memory instanceof PoolMemory ? memory : undefined;
  // The bytes that a whole block brings along have their place around the memory.
  if (transfer.kind === 'read' && own !== undefined) own.moveTo(transfer.pieces === undefined ? Number(offset % BigInt(file.offsetAlign)) : 0);
  const bytes = memory.bytes as Uint8Array<ArrayBuffer>;
  const slab = engine.pool.slabOf(bytes.buffer);
  into[3] = slab ?? -foreign.push(bytes.buffer);
  into[4] = bytes.byteOffset;
  into[5] = memory.byteLength;
  into[6] = Number(offset >> 32n);
  into[7] = Number(offset & 0xffffffffn);
  if (transfer.kind === 'write' || own === undefined) return;
  into[8] = own.lead;
  into[9] = own.slack;
  into[10] = own.padded - own.byteLength;
}

const ABORTED: Problem = { code: 'io/aborted', message: 'its signal was aborted', fix: 'run it again' };
const END: Problem = { code: 'io/short-read', message: 'the file ends there', fix: 'ask for less, or see who truncated the file' };

function outcomeOf(engine: Engine, transfer: Transfer, signal: AbortSignal, error: number, transferred: number, direct: number, buffered: number): Outcome {
  if (error === 0) return transfer.kind === 'sync' ? { ok: true, direct: 0, buffered: 0, bounced: 0 } : { ok: true, direct, buffered, bounced: 0 };
  if (error === END_OF_FILE) return ended(transfer, transferred, END);
  if (error === CANCELED && signal.aborted) return ended(transfer, transferred, ABORTED);
  const lost = engine.broken;
  if (lost !== 0) {
    abandon(transfer);
    return ended(transfer, transferred, { code: 'io-uring/ring-lost', message: `io_uring_enter failed with ${errnoName(lost)}: the ring is lost`, fix: 'close the session and open another; if it happens again, see the system log, or use `@sluice/fs`', details: { errno: errnoName(lost) } });
  }
  return ended(transfer, transferred, errnoProblem(transfer.kind, transfer.file.name, error));
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
  if (!(file instanceof RingFile) || file.closed) return ended(transfer, 0, errnoProblem(transfer.kind, file.name, 9));
  if (transfer.kind === 'sync') return undefined;
  const { offset, memory } = transfer;
  const pieces = transfer.kind === 'read' ? transfer.pieces : undefined;
  if (memory.bytes === undefined || (pieces !== undefined && (pieces.offsets.bytes === undefined || pieces.lengths.bytes === undefined))) return ended(transfer, 0, { code: 'plan/no-path', message: `the CPU cannot address memory of space \`${memory.space}\``, fix: 'use memory of space `host`' });
  if (offset < 0n || offset + (pieces === undefined ? BigInt(memory.byteLength) : 0n) > LIMIT) return ended(transfer, 0, { code: 'io/range', message: 'that is not within 0 and 2^63-1', fix: 'correct the offset' });
  return undefined;
}

/** The failure of a transfer of which the first `transferred` bytes were moved. */
function ended(transfer: Transfer, transferred: number, problem: Problem): Outcome {
  if (transfer.kind === 'sync') return { ok: false, transferred, error: new SluiceError(problem) };
  const { kind, file, offset, memory } = transfer;
  const requested = memory.byteLength;
  const message = `${kind} of ${requested} bytes at offset ${offset} of \`${file.name}\` ended after ${transferred} bytes: ${problem.message}`;
  // JSON has no bigint, and an offset may be no exact number.
  const details = { ...problem.details, op: kind, file: file.name, offset: String(offset), requested, transferred };
  return { ok: false, transferred, error: new SluiceError({ ...problem, message, details }) };
}
