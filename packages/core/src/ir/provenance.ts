import { sameBody } from './canonical.ts';
import { walkOps } from './program.ts';
import type { Body, Op } from './program.ts';

/** What a pass made a body of: for each op that it made, the op of the earlier body that it stands for. */
export interface Making {
  readonly from: Body;
  readonly made: readonly Op[];
  /** The op that the one at the same index in `made` stands for. */
  readonly sources: readonly Op[];
}

interface Origin {
  readonly from: Body;
  readonly making: Making;
  /** Made of the lists when it is first asked for. */
  sources: ReadonlyMap<Op, Op> | undefined;
}

/* Beside the data, as spans are: no part of equality, hash or clones. It lives as long as the body that was made. */
const origins = new WeakMap<Body, Origin | (() => Origin | undefined)>();

/** Notes what `body` was made of. */
export function noteMaking(body: Body, making: Making): void {
  origins.set(body, { from: making.from, making, sources: undefined });
}

/** The op of `body.from` that `op` stands for, one step back: itself where the pass left it as it was. */
export function stepBack(body: Body, op: Op): { readonly body: Body; readonly op: Op } | undefined {
  const origin = originOf(body);
  if (origin === undefined) return undefined;
  const { made, sources } = origin.making;
  origin.sources ??= new Map(made.map((m, i) => [m, sources[i] ?? m]));
  return { body: origin.from, op: origin.sources.get(op) ?? op };
}

/** Notes that `body` is the same as one that `again` makes, and stands for it: made, if at all, when a diagnostic asks. */
export function noteEqual(body: Body, again: () => Body | undefined): void {
  origins.set(body, () => {
    const from = again();
    if (from === undefined || !sameBody(body, from)) return undefined;
    return { from, making: { from, made: [...walkOps(body.region)], sources: [...walkOps(from.region)] }, sources: undefined };
  });
}

function originOf(body: Body): Origin | undefined {
  const known = origins.get(body);
  if (typeof known !== 'function') return known;
  // Once: what cannot be made again now cannot be later.
  origins.delete(body);
  const found = known();
  if (found !== undefined) origins.set(body, found);
  return found;
}

/** Where `op` came from: the op that the author's program has, in the body that the author's program has. */
export function authored(body: Body, op: Op): { readonly body: Body; readonly op: Op } {
  let at = { body, op };
  for (let back = stepBack(body, op); back !== undefined; back = stepBack(back.body, back.op)) at = back;
  return at;
}
