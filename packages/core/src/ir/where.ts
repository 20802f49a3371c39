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

/** The path of every op of `body`, for those who ask for many of them. */
export function pathsIn(body: Body, names: RegionNames): ReadonlyMap<Op, string> {
  const found = new Map<Op, string>();
  const walk = (region: Region, above: string): void => {
    for (const [i, op] of region.ops.entries()) {
      const id = opId(body, op);
      const here = `${above}${id}[${i}]`;
      found.set(op, here);
      for (const [r, inner] of op.regions.entries()) walk(inner, `${here}/${names(id)[r] ?? r}/`);
    }
  };
  walk(body.region, '');
  return found;
}

/**
 * The `where` of an error about `op`, which stands in `body` of the named program or kernel: in the program as its author
 * wrote it, whatever passes did. Path and span are found when they are read, so that it costs nothing until there is an
 * error; `lowered` is the path in `body`, for an op that the author's program does not have, and the owner's own span
 * stands for one that is not known.
 */
export function whereOf(owner: Pick<Where, 'program' | 'kernel' | 'span'>, body: Body, op: Op, names: RegionNames, lowered?: string): Where {
  return whereBy(owner, body, op, (source, sourceOp) => pathOf(source, sourceOp, names) ?? lowered);
}

/** The same, with the path as `find` knows it. */
export function whereBy(owner: Pick<Where, 'program' | 'kernel' | 'span'>, body: Body, op: Op, find: (body: Body, op: Op) => string | undefined): Where {
  return {
    ...owner,
    op: opId(body, op),
    get path() {
      const source = authored(body, op);
      return find(source.body, source.op);
    },
    get span() {
      return spanOf(body, op) ?? owner.span;
    },
  };
}
