import type { Where } from '../../diagnostics/error.ts';
import type { Outcome, Transfer } from '../../registry/backend.ts';
import type { Carrier } from '../outcome.ts';
import type { TraceFacts } from './event.ts';
import type { Tracer } from './tracer.ts';

/** Begins to tell of a transfer that is handed to its backend; gives `complete`, which ends that. */
export function tracedTransfer(tracer: Tracer, { backend }: Carrier, transfer: Transfer, complete: (outcome: Outcome) => void, where: (() => Where) | undefined): (outcome: Outcome) => void {
  const { name: file, via, viaReason: reason } = transfer.file;
  const facts: TraceFacts = { backend, file, via, reason };
  const end = tracer.begin('transfer', transfer.kind, transfer.kind === 'sync' ? facts : { ...facts, offset: transfer.offset, bytes: transfer.memory.byteLength }, where);
  return (outcome) => {
    if (outcome.ok) end({ direct: outcome.direct, buffered: outcome.buffered, bounced: outcome.bounced });
    else end({}, outcome.error);
    complete(outcome);
  };
}
