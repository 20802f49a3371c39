import { SluiceError } from '../diagnostics/error.ts';
import type { Problem } from '../diagnostics/error.ts';
import type { Code } from '../diagnostics/codes.ts';
import type { Op } from '../ir/program.ts';
import { LIMITS } from './limits.ts';
import { declarationOf, idOf, placesOf } from './path.ts';
import type { Located, Place } from './path.ts';

/** A finding of the verifier: an error of family `program`, with code, message, fix and place. */
export type Diagnostic = SluiceError;

/** A message that names other ops of the body: `name` gives an op's id and place. */
export interface Mention {
  readonly ops: readonly Op[];
  readonly message: (name: (op: Op) => string) => string;
}

/** A problem of an op, or of a body's declaration where `op` is undefined. */
interface Found {
  readonly at: Located;
  readonly op: Op | undefined;
  readonly code: Code;
  readonly message: string | Mention;
  readonly fix: string;
  readonly more: Pick<Problem, 'available' | 'cause'> | undefined;
}

/** Collects problems, up to a limit; finds their places in the end, for all of them at once. */
export class Report {
  readonly #found: Found[] = [];
  readonly #placed: Problem[] = [];
  #count = 0;

  /** Problems so far, unlisted ones included. */
  get count(): number {
    return this.#count;
  }

  /** There are more problems than will be listed: no rule need look further. */
  get full(): boolean {
    return this.#count > LIMITS.problems;
  }

  /** A problem of the op, or of the body's declaration where `op` is undefined. */
  add(at: Located, op: Op | undefined, code: Code, message: string | Mention, fix: string, more?: Pick<Problem, 'available' | 'cause'>): void {
    this.#count++;
    if (!this.full) this.#found.push({ at, op, code, message, fix, more });
  }

  /** A problem whose place is known already; it comes before all others. */
  addPlaced(problem: Problem): void {
    this.#count++;
    if (!this.full) this.#placed.push(problem);
  }

  /** What was found, in program order. */
  finish(): readonly Diagnostic[] {
    const list = [...this.#placed, ...located(this.#found)].map((p) => new SluiceError(p));
    if (this.full) {
      list.push(new SluiceError({ code: 'verify/invalid', message: `there are more problems than the ${LIMITS.problems} listed`, fix: 'mend those listed and verify again' }));
    }
    return list;
  }
}

/** The problems with their places, in program order. */
function located(found: readonly Found[]): readonly Problem[] {
  const wanted = new Map<Located, Set<Op>>();
  for (const { at, op, message } of found) {
    const ops = wanted.get(at) ?? new Set();
    wanted.set(at, ops);
    if (op !== undefined) ops.add(op);
    if (typeof message === 'object') for (const other of message.ops) ops.add(other);
  }
  const places = new Map([...wanted].map(([at, ops]) => [at, placesOf(at, ops)]));
  const placed = found.map((f) => {
    const of = (op: Op | undefined): Place => (op === undefined ? undefined : places.get(f.at)?.get(op)) ?? declarationOf(f.at);
    const message = typeof f.message === 'string' ? f.message : f.message.message((op) => `\`${idOf(f.at, op)}\` (${of(op).words})`);
    const { where, order } = of(f.op);
    return { body: f.at.ordinal, order, problem: { code: f.code, message, fix: f.fix, where, ...f.more } };
  });
  return placed.sort((a, b) => a.body - b.body || a.order - b.order).map((p) => p.problem);
}
