import { SluiceError } from '../diagnostics/error.ts';
import type { Memory, Pieces, Transfer } from '../registry/backend.ts';
import { wordsOf } from '../storage/words.ts';

/**
 * Checks a transfer's pieces, whose bytes are there by now: each has to lie before `end` of the file, and all of them
 * have to fill the memory exactly.
 * @throws SluiceError `io/range`, `plan/no-path`
 */
export function checkPieces(transfer: Exclude<Transfer, { kind: 'sync' }>, pieces: Pieces, end: bigint): void {
  const offsets = words(pieces.offsets, 'offsets');
  const lengths = words(pieces.lengths, 'lengths');
  const { name } = transfer.file;
  if (offsets.length !== lengths.length) throw wrong(`${offsets.length} offsets and ${lengths.length} lengths for stretches of ${name}`, 'give as many of one as of the other');
  let sum = 0n;
  const room = end - transfer.offset;
  for (let i = 0; i < offsets.length; i++) {
    const offset = offsets[i] as bigint;
    const length = lengths[i] as bigint;
    if (offset + length > room) throw wrong(`stretch ${i}, ${length} bytes at offset ${offset} of ${name}, ends outside of what was granted`, 'stay inside the grant, or grant more of the file');
    sum += length;
  }
  if (sum !== BigInt(transfer.memory.byteLength)) throw wrong(`the stretches of ${name} have ${sum} bytes, and the buffer for them ${transfer.memory.byteLength}`, 'let the lengths add up to `length`');
}

function words(memory: Memory, what: string): BigUint64Array {
  const { bytes, byteLength, space } = memory;
  if (bytes === undefined) throw new SluiceError({ code: 'plan/no-path', message: `the ${what} lie in memory of ${space}, which the CPU cannot address`, fix: 'keep them in host memory' });
  if (byteLength % 8 !== 0) throw wrong(`${byteLength} bytes of ${what} are no whole number of u64`, 'give 8 bytes for each');
  return wordsOf(memory);
}

function wrong(message: string, fix: string): SluiceError {
  return new SluiceError({ code: 'io/range', message, fix });
}
