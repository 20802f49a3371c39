import type { Where } from '../diagnostics/error.ts';
import type { Body, Op, Region } from './program.ts';
import { opId } from './program.ts';
import { authored } from './provenance.ts';
import { spanOf } from './spans.ts';

/** Names the regions of an op, for paths; from the op's record. */
export type RegionNames = (opId: string) => readonly string[];

/**
 * Where `op` stands in `body`: `control.for[4]/body/io.dma_from_nvme[1]` is op 1 of the region `body` of op 4.
 * Searches the body: for diagnostics alone.
 */
export function pathOf(body: Body, op: Op, names: RegionNames): string | undefined {
  const search = (region: Region): string | undefined => {
    for (const [i, candidate] of region.ops.entries()) {
      const here = `${opId(body, candidate)}[${i}]`;
      if (candidate === op) return here;
      for (const [r, inner] of candidate.regions.entries()) {
        const found = search(inner);
        if (found !== undefined) return `${here}/${names(opId(body, candidate))[r] ?? r}/${found}`;
      }
    }
    return undefined;
  };
  return search(body.region);
}

/**
 * The `where` of an error about `op`, which stands in `body` of the named program or kernel: in the program as its author
 * wrote it, whatever passes did. Path and span are found when they are read, so that it costs nothing until there is an
 * error; `lowered` is the path in `body`, for an op that the author's program does not have, and the owner's own span
 * stands for one that is not known.
 */
export function whereOf(owner: Pick<Where, 'program' | 'kernel' | 'span'>, body: Body, op: Op, names: RegionNames, lowered?: string): Where {
  return {
    ...owner,
    op: opId(body, op),
    get path() {
      const source = authored(body, op);
      return pathOf(source.body, source.op, names) ?? lowered;
    },
    get span() {
      return spanOf(body, op) ?? owner.span;
    },
  };
}
