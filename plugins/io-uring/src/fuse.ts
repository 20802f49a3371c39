import { statfs as statFs } from 'node:fs';
import { promisify } from 'node:util';
import { SluiceError } from '@sluice/core';
import type { Engine } from './engine.ts';
import type { RingFile } from './file.ts';
import { END_OF_FILE, ROW } from './native.ts';

const statfs = promisify(statFs);
const FUSE = 0x65735546;

/**
 * Refuses a file, and closes it, whose short reads are wrong through io_uring. A FUSE server that has asked for direct I/O
 * (FOPEN_DIRECT_IO) may answer any read in part, and the kernel (6.18, at least) then asks for the rest at the offset at
 * which it began, in place of the one that it has reached. So a read over the end of the file is made: it must come back short.
 * @throws SluiceError `io/open-failed`
 */
export async function requireShortReads(engine: Engine, fd: number, file: RingFile, size: bigint): Promise<void> {
  // A server may have no answer to that, and kernels' own file systems always do.
  const type = await statfs(`/proc/self/fd/${fd}`).then((found) => found.type, () => FUSE);
  if (type !== FUSE) return;
  // An error of the file's says nothing; nor does an empty file, which is that as long as nobody writes to it.
  const { error, transferred } = await overTheEnd(engine, file, size === 0n ? 0n : size - 1n);
  if (error > 0 || (error === END_OF_FILE && transferred === (size === 0n ? 0 : 1))) return;
  await file.close();
  throw new SluiceError({
    code: 'io/open-failed',
    message: `\`${file.name}\` is served through FUSE, and reads over its end do not end there: io_uring of this kernel misplaces what such files answer in part`,
    fix: "use '@sluice/fs' for it, or mount the file system without direct_io",
    details: { op: 'open', file: file.name, fileSystem: 'fuse' },
  });
}

/** Reads two bytes through the page cache, as far as the server lets it. */
function overTheEnd(engine: Engine, file: RingFile, offset: bigint): Promise<{ readonly error: number; readonly transferred: number }> {
  return new Promise((resolve) => {
    const extent = engine.pool.take(2);
    file.began();
    const token = engine.expect((error, transferred) => {
      file.ended();
      // What a lost ring may still write to is never used again.
      if (engine.broken === 0) engine.pool.give(extent);
      resolve({ error, transferred });
    });
    const row = new Float64Array(ROW);
    row.set([token, 0, file.id, extent.slab.id, extent.start, 2, Number(offset >> 32n), Number(offset & 0xffffffffn)]);
    engine.ring.submit(engine.groups.next(), row, 1, []);
  });
}
