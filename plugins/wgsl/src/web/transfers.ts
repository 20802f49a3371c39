import { ABORTED, END_OF_FILE, chunkedTransfers, failedTransfer, refusedTransfer } from '@sluice/core';
import type { FailedTransfer, Problem, StorageDevice, Transfer } from '@sluice/core';
import { problemOf } from './errors.ts';
import type { WebFile } from './files.ts';

const CHUNK = 4 << 20;
/** The browser allocates as much for files that are copied. */
const IN_FLIGHT = 16 << 20;
/** A number is exact up to here, and the browser takes numbers. */
const NUMBERS_END = 2n ** 53n;
/** The longest that calls which block keep the thread, in milliseconds. */
const TURN_MS = 16;

/** Makes a `Storage.submit`. */
export function transferQueue(): StorageDevice['submit'] {
  let since = performance.now();
  /** Files of workers are read and written in calls that block: messages, aborts among them, come in between. */
  async function pass(): Promise<void> {
    if (performance.now() - since < TURN_MS) return;
    await new Promise<void>((resume) => {
      const { port1, port2 } = new MessageChannel();
      const arrived = () => {
        port1.close();
        resume();
      };
      Object.assign(port1, { onmessage: arrived });
      port2.postMessage(null);
    });
    since = performance.now();
  }

  async function move(transfer: Transfer, at: number, end: number, signal: AbortSignal): Promise<FailedTransfer | undefined> {
    const { content, name } = transfer.file as WebFile;
    try {
      if (transfer.kind === 'sync') {
        await content.sync();
        return undefined;
      }
      while (at < end) {
        await pass();
        if (signal.aborted) return failedTransfer(transfer, at, ABORTED);
        const bytes = transfer.memory.bytes as Uint8Array<ArrayBuffer>;
        const moved = await content.move(transfer.kind, bytes.subarray(at, end), transfer.offset + BigInt(at));
        if (moved === 0) return failedTransfer(transfer, at, transfer.kind === 'read' ? END_OF_FILE : NOTHING_WRITTEN);
        at += moved;
      }
      return undefined;
    } catch (cause) {
      return failedTransfer(transfer, at, problemOf(transfer.kind, name, cause));
    }
  }
  return chunkedTransfers({ chunk: CHUNK, inFlight: IN_FLIGHT, least: IN_FLIGHT / 64, refuse, move, done });
}

const NOTHING_WRITTEN: Problem = { code: 'io/write-failed', message: 'the browser took no byte', fix: 'see how much space the site has: `navigator.storage.estimate()`' };

function done(transfer: Transfer): ReturnType<Parameters<typeof chunkedTransfers>[0]['done']> {
  const bytes = transfer.kind === 'sync' ? 0 : transfer.memory.byteLength;
  return (transfer.file as WebFile).content.copied ? { ok: true, direct: 0, buffered: 0, bounced: bytes } : { ok: true, direct: 0, buffered: bytes, bounced: 0 };
}

/** Why a transfer cannot be carried out at all. */
function refuse(transfer: Transfer): FailedTransfer | undefined {
  const beyond = transfer.kind === 'write' && transfer.offset + BigInt(transfer.memory.byteLength) > NUMBERS_END;
  return refusedTransfer(transfer) ?? (beyond ? failedTransfer(transfer, 0, { code: 'web/write-offset', message: 'a page writes nowhere past 2^53', fix: 'write to a smaller offset' }) : undefined);
}
