import type { Outcome, Storage, Transfer } from '../registry/backend.ts';
import { wordsOf } from './words.ts';

type Submit = Storage['submit'];
type Read = Extract<Transfer, { kind: 'read' }>;

/**
 * A `submit` that takes reads of many pieces too, and makes one read of each piece for the `submit` that it is given: for
 * backends that have nothing better.
 */
export function gatheredByReads(submit: Submit): Submit {
  return (batch, complete, signal) => {
    const plain: Transfer[] = [];
    const done: ((outcome: Outcome) => void)[] = [];
    batch.forEach((transfer, index) => {
      const pieces = transfer.kind === 'read' ? piecesOf(transfer) : undefined;
      if (pieces === undefined || pieces.length === 0) {
        plain.push(transfer);
        done.push((outcome) => complete(index, outcome));
        return;
      }
      const whole = together(pieces, (outcome) => complete(index, outcome));
      pieces.forEach((piece, i) => {
        plain.push(piece);
        done.push((outcome) => whole(i, outcome));
      });
    });
    submit(plain, (index, outcome) => done[index]?.(outcome), signal);
  };
}

/** Collects the outcomes of all pieces into one. */
function together(pieces: readonly Read[], complete: (outcome: Outcome) => void): (index: number, outcome: Outcome) => void {
  let left = pieces.length;
  const moved = { direct: 0, buffered: 0, bounced: 0 };
  let failed: { readonly index: number; readonly outcome: Extract<Outcome, { ok: false }> } | undefined;
  return (index, outcome) => {
    if (outcome.ok) for (const way of ['direct', 'buffered', 'bounced'] as const) moved[way] += outcome[way];
    else if (failed === undefined || index < failed.index) failed = { index, outcome };
    if (--left > 0) return;
    if (failed === undefined) return complete({ ok: true, ...moved });
    const before = pieces.slice(0, failed.index).reduce((sum, { memory }) => sum + memory.byteLength, 0);
    complete({ ...failed.outcome, transferred: before + failed.outcome.transferred });
  };
}

/** One read for each piece that is not empty, side by side in the memory of the whole; undefined for a read without pieces. */
function piecesOf({ file, offset, memory, pieces }: Read): readonly Read[] | undefined {
  const { bytes } = memory;
  if (pieces === undefined || bytes === undefined) return undefined;
  const lengths = wordsOf(pieces.lengths);
  let at = 0;
  return [...wordsOf(pieces.offsets)].flatMap((from, i): Read[] => {
    const byteLength = Number(lengths[i] ?? 0n);
    const start = at;
    at += byteLength;
    return byteLength === 0 ? [] : [{ kind: 'read', file, offset: offset + from, memory: { space: memory.space, byteLength, bytes: bytes.subarray(start, at) } }];
  });
}
