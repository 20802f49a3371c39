import type { Where } from '../../diagnostics/error.ts';
import type { SpaceTransfer } from '../../registry/backend.ts';
import type { Tracer } from './tracer.ts';

/** Makes a copy between two memories, and tells of it where somebody listens. */
export function tracedCopy(tracer: Tracer | undefined, transfer: SpaceTransfer, bytes: number, copy: () => Promise<void>, where: () => Where): Promise<void> {
  return tracer === undefined ? copy() : told(tracer, transfer, bytes, copy, where);
}

async function told(tracer: Tracer, { from, to, how }: SpaceTransfer, bytes: number, copy: () => Promise<void>, where: () => Where): Promise<void> {
  const end = tracer.begin('copy', how === 'cpu' ? 'bounce' : 'copy', { from, to, how, bytes }, where);
  try {
    await copy();
    end(how === 'cpu' ? { bounced: bytes } : {});
  } catch (error) {
    end({}, error);
    throw error;
  }
}
