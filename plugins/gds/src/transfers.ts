import { ABORTED, END_OF_FILE as SHORT, failedTransfer, isSluiceError } from '@sluice/core';
import type { Outcome, Problem, StorageDevice, Transfer } from '@sluice/core';
import { DeviceMemory, located } from '@sluice/cuda/device';
import type { Completed, Engine } from './engine.ts';
import { GdsFile, errnoProblem } from './file.ts';
import { END_OF_FILE } from './native.ts';
import { fileError } from './results.ts';

const CANCELED = 125;
const kinds = { read: 0, write: 1, sync: 2 } as const;

/** Makes a `Storage.submit`. */
export function submitTo(engine: Engine): StorageDevice['submit'] {
  return (batch, complete, signal) => {
    for (const [index, transfer] of batch.entries()) {
      // Not at once: nobody expects `complete` before `submit` has returned.
      void carryOut(engine, transfer, signal).then((outcome) => complete(index, outcome));
    }
  };
}

async function carryOut(engine: Engine, transfer: Transfer, signal: AbortSignal): Promise<Outcome> {
  const { file } = transfer;
  if (!(file instanceof GdsFile) || file.closed) return failedTransfer(transfer, 0, errnoProblem(transfer.kind, file.name, 9));
  file.began();
  try {
    const place = transfer.kind === 'sync' ? [] : await placeOf(engine, transfer);
    if (!Array.isArray(place)) return failedTransfer(transfer, 0, place);
    if (signal.aborted) return failedTransfer(transfer, 0, ABORTED);
    const done = await new Promise<Completed>((resolve) => engine.start(signal, [kinds[transfer.kind], file.id, ...place], resolve));
    return outcomeOf(engine, transfer, file, signal, done);
  } catch (cause) {
    if (isSluiceError(cause)) return failedTransfer(transfer, 0, cause);
    throw cause;
  } finally {
    file.ended();
  }
}

/** The memory and the place in the file, as the engine takes them, when the memory is as it was asked for; or why they do not do. */
async function placeOf(engine: Engine, transfer: Exclude<Transfer, { kind: 'sync' }>): Promise<number[] | Problem> {
  const { memory, offset } = transfer;
  const { of, at } = located(memory);
  if (!(of instanceof DeviceMemory) || (of.readOnly && transfer.kind === 'read') || (transfer.kind === 'read' && transfer.pieces !== undefined)) return { code: 'plan/no-path', message: `it is not for memory of space \`${memory.space}\` that storage may fill`, fix: 'use memory of space `cuda`' };
  if (of.device !== engine.device) return { code: 'cuda/other-device', message: `the memory is on ${of.device.traits.name} (${of.device.traits.ordinal}), and the backend works on ${engine.device.traits.name} (${engine.device.traits.ordinal})`, fix: 'give @sluice/cuda and @sluice/gds the same `device`' };
  if (offset < 0n || offset + BigInt(memory.byteLength) >= 2n ** 63n) return { code: 'io/range', message: 'that is not within 0 and 2^63-1', fix: 'correct the offset' };
  engine.device.check();
  await of.cleared;
  const { block } = of;
  const registration = of.readOnly ? 0 : engine.register(block);
  if (registration !== 0 && engine.library.mode === 'direct') {
    const { name, text, fix } = fileError(registration);
    return { code: 'gds/not-direct', message: `its memory cannot be registered, and the mode is \`direct\`: ${name}, ${text}`, fix: fix ?? 'use smaller chunks' };
  }
  return [...halves(block.address), at, memory.byteLength, ...halves(offset)];
}

function halves(value: bigint): readonly [high: number, low: number] {
  return [Number(value >> 32n), Number(value & 0xffffffffn)];
}

function outcomeOf({ device }: Engine, transfer: Transfer, { via, name }: GdsFile, signal: AbortSignal, done: Completed): Outcome {
  const { error, result, driver, transferred, whole, edges } = done;
  if (error === 0 && result === 0 && driver === 0) return via === 'direct' ? { ok: true, direct: whole, buffered: edges, bounced: 0 } : { ok: true, direct: 0, buffered: whole + edges, bounced: 0 };
  if (error === END_OF_FILE) return failedTransfer(transfer, transferred, SHORT);
  if (error === CANCELED && signal.aborted) return failedTransfer(transfer, transferred, ABORTED);
  if (driver !== 0) return failedTransfer(transfer, transferred, device.failure(`copying the edges of a ${transfer.kind}`, driver));
  if (result !== 0) {
    const { name: code, text, fix } = fileError(result);
    return failedTransfer(transfer, transferred, { code: 'gds/failed', message: `cuFile failed: ${code}, ${text}`, fix: fix ?? 'see its log, and dmesg', details: { result: code } });
  }
  return failedTransfer(transfer, transferred, errnoProblem(transfer.kind, name, error));
}
