import { setTimeout } from 'node:timers/promises';
import { ABORTED, END_OF_FILE, chunkedTransfers, failedTransfer, refusedTransfer } from '@sluice/core';
import type { FailedTransfer, Problem, StorageDevice, Transfer } from '@sluice/core';
import { problemOf } from './errors.ts';
import type { SystemError } from './errors.ts';
import { NUMBERS_END } from './file.ts';
import type { FsFile } from './file.ts';

const CHUNK = 2 << 20;
const IN_FLIGHT = 16 << 20;
/** Before a call that was interrupted is made again. */
const RETRY_MS = 1;

/** Makes a `Storage.submit`. */
export function transferQueue(): StorageDevice['submit'] {
  return chunkedTransfers({
    chunk: CHUNK,
    inFlight: IN_FLIGHT,
    least: IN_FLIGHT / 64,
    refuse,
    move: moveChunk,
    done: (transfer) => ({ ok: true, direct: 0, buffered: transfer.kind === 'sync' ? 0 : transfer.memory.byteLength, bounced: 0 }),
  });
}

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
function refuse(transfer: Transfer): FailedTransfer | undefined {
  const beyond = transfer.kind === 'write' && transfer.offset + BigInt(transfer.memory.byteLength) > NUMBERS_END;
  return refusedTransfer(transfer) ?? (beyond ? failedTransfer(transfer, 0, { code: 'fs/write-offset', message: 'Node writes nowhere past 2^53', fix: "import '@sluice/io-uring', which does" }) : undefined);
}
