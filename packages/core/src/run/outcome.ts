import { isSluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';
import type { Outcome, Storage, Transfer } from '../registry/backend.ts';
import { isRecord } from '../registry/shape.ts';
import { brokenContract } from './faults.ts';

/** A storage device that carries out transfers, and what its backend promises of them. */
export interface Carrier {
  /** Id of the backend. */
  readonly backend: string;
  readonly storage: Storage;
  /** The placement says `copied`: the CPU may copy bytes on their way. */
  readonly copies: boolean;
}

/** What `carrier` reports of a transfer, held against the transfer and the placement: `backend/fault` where it cannot be true. */
export function checkedOutcome(outcome: unknown, { backend, copies }: Carrier, transfer: Transfer): Outcome {
  const bytes = transfer.kind === 'sync' ? 0 : transfer.memory.byteLength;
  const what = () => (transfer.kind === 'sync' ? `a sync of ${transfer.file.name}` : `a ${transfer.kind} of ${bytes} bytes of ${transfer.file.name}`);
  const wrong = (how: string, cause?: unknown): Outcome => ({ ok: false, transferred: 0, error: brokenContract(backend, `completed ${what()} with ${how}`, cause) });

  if (!isRecord(outcome) || typeof outcome['ok'] !== 'boolean') return wrong(isRecord(outcome) ? 'an outcome that neither is `ok` nor is not' : inWords(outcome));
  if (!outcome['ok']) {
    const { transferred, error } = outcome;
    if (!isSluiceError(error)) return wrong(`${inWords(error)} as its \`error\`, which must be a SluiceError`, error);
    // A sync moves no bytes: nothing is said by its count.
    if (transfer.kind === 'sync') return { ok: false, transferred: 0, error };
    return isCount(transferred) && transferred <= bytes ? { ok: false, transferred, error } : wrong(`\`transferred\` ${inWords(transferred)}`, error);
  }
  const { direct, buffered, bounced } = outcome;
  const counters = () => `${inWords(direct)} direct, ${inWords(buffered)} buffered and ${inWords(bounced)} bounced`;
  if (!isCount(direct) || !isCount(buffered) || !isCount(bounced)) return wrong(`counters that are no numbers of bytes: ${counters()}`);
  if (direct + buffered + bounced !== bytes) return wrong(`counters that do not add up: ${counters()}`);
  if (bounced > 0 && !copies) return wrong(`${bounced} bytes that the CPU copied, and the placement promises none: ${counters()}`);
  return { ok: true, direct, buffered, bounced };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
