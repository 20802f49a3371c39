import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';
import type { OpDef } from '../ops/op.ts';
import type { Transfer } from '../registry/backend.ts';
import { isRecord, misshapen } from '../registry/shape.ts';
import { memoryShapeFault } from './contract.ts';
import { messageOf } from './faults.ts';
import type { FileSpan } from './file-span.ts';

/**
 * What a builder gives, as a transfer that counts from the start of the file: programs and builders count from the
 * start of a grant's window. The op's record is what was checked, so the transfer must keep to its spans.
 * @throws SluiceError `plan/bad-lowering`, or what the builder throws with a code
 */
export function builtTransfer(def: OpDef, spans: readonly FileSpan[], build: () => unknown): Transfer {
  let built: unknown;
  try {
    built = build();
  } catch (cause) {
    throw isSluiceError(cause) ? cause : badLowering(def, `threw: ${messageOf(cause)}`, cause);
  }
  if (built instanceof Promise) built.catch(() => {});
  const fault = transferFault(built);
  if (fault !== undefined) throw badLowering(def, `gave ${fault}, which is no transfer`);
  return inFile(built as Transfer, def, spans);
}

const KINDS: Readonly<Record<Transfer['kind'], true>> = { read: true, write: true, sync: true };

function transferFault(built: unknown): string | undefined {
  if (!isRecord(built) || typeof built['kind'] !== 'string' || !isRecord(built['file'])) return misshapen(built, { kind: 'string', file: 'object' });
  const { kind, offset, memory, pieces } = built;
  if (!Object.hasOwn(KINDS, kind)) return `an object whose \`kind\` is ${inWords(kind)}`;
  if (kind === 'sync') return undefined;
  if (typeof offset !== 'bigint') return `a ${String(kind)} whose \`offset\` is ${inWords(offset)}`;
  const odd = memoryShapeFault(memory);
  if (odd !== undefined) return `a ${String(kind)} whose \`memory\` is ${odd}`;
  if (pieces === undefined) return undefined;
  const { offsets, lengths } = (pieces ?? {}) as Readonly<Record<string, unknown>>;
  const piece = memoryShapeFault(offsets) ?? memoryShapeFault(lengths);
  return piece === undefined ? undefined : `a ${String(kind)} with \`pieces\` of which one part is ${piece}`;
}

function inFile(transfer: Transfer, def: OpDef, spans: readonly FileSpan[]): Transfer {
  const { kind, file } = transfer;
  const span = spans.find((s) => s.file === file && (kind === 'sync' || s.write === (kind === 'write')));
  if (span === undefined) throw badLowering(def, `${kind}s ${inWords(file.name)}, which is not among the op's effects`);
  if (transfer.kind === 'sync') return transfer;
  const { memory } = transfer;
  const offset = span.record.offset + transfer.offset;
  // What lies in the pieces is not known before the transfer begins.
  const end = transfer.kind === 'read' && transfer.pieces !== undefined ? offset : offset + BigInt(memory.byteLength);
  if (offset < span.from || end > span.to) {
    throw badLowering(def, `${kind}s ${memory.byteLength} bytes at ${transfer.offset} of the grant, outside of what the op's effects name`);
  }
  return transfer.kind === 'read' && transfer.pieces !== undefined
    ? { kind: 'read', file, offset, memory, pieces: transfer.pieces }
    : { kind: transfer.kind, file, offset, memory };
}

/** A lowering that does not keep to its contract. */
export function badLowering(def: OpDef, what: string, cause?: unknown): SluiceError {
  return new SluiceError({ code: 'plan/bad-lowering', message: `the lowering of \`${def.id}\` ${what}`, fix: 'correct the lowering: it is at fault, not the program', cause });
}
