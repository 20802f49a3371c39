import { SluiceError } from '../diagnostics/error.ts';
import type { Allocator, Memory } from '../registry/backend.ts';

/** Node 20 has typed arrays of at most 2^32 bytes. */
const LIMIT = 2 ** 32 - 16;

/**
 * Memory of space `host` where no device brings its own: ArrayBuffers, kept for reuse by capacity, because touching
 * fresh pages costs more than the reads that fill them.
 */
export function hostAllocator(): Allocator {
  const free = new Map<number, ArrayBuffer[]>();
  let kept = 0;

  function forget(): void {
    free.clear();
    kept = 0;
  }

  return {
    space: 'host',
    limit: LIMIT,
    get kept() {
      return kept;
    },
    allocate(byteLength, contents): Memory {
      const capacity = capacityFor(byteLength);
      const reused = free.get(capacity)?.pop();
      if (reused !== undefined) {
        kept -= capacity;
        const bytes = new Uint8Array(reused, 0, padded(byteLength));
        bytes.fill(0, contents === 'zero' ? 0 : byteLength);
        return { space: 'host', byteLength, bytes };
      }
      try {
        return { space: 'host', byteLength, bytes: new Uint8Array(new ArrayBuffer(capacity), 0, padded(byteLength)) };
      } catch (cause) {
        throw new SluiceError({ code: 'mem/too-large', message: `${byteLength} bytes of host memory could not be allocated`, fix: 'move the data in chunks: a host loop with io.dma_from_nvme in it takes constant memory', cause });
      }
    },
    release({ bytes }) {
      if (bytes === undefined) return;
      const { buffer } = bytes;
      const same = free.get(buffer.byteLength);
      if (same === undefined) free.set(buffer.byteLength, [buffer]);
      else same.push(buffer);
      kept += buffer.byteLength;
    },
    trim: forget,
    close: forget,
  };
}

function padded(byteLength: number): number {
  return Math.max(16, Math.ceil(byteLength / 16) * 16);
}

/** At most an eighth more than is asked for, so that the last, shorter chunk of a file fits where others were. */
function capacityFor(byteLength: number): number {
  const least = padded(byteLength);
  const step = 2 ** Math.max(4, Math.floor(Math.log2(least)) - 3);
  return Math.min(Math.ceil(least / step) * step, LIMIT);
}
