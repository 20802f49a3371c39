import type { Where } from '../diagnostics/error.ts';
import type { Body, Op, Region } from '../ir/program.ts';
import type { Span } from '../diagnostics/span.ts';
import { spanOf } from '../ir/spans.ts';
import type { OpFacts } from './facts.ts';

/** A body and what messages about it need. */
export interface Located {
  readonly body: Body;
  readonly facts: readonly OpFacts[];
  /** Its place among the bodies of the program, for the order of messages. */
  readonly ordinal: number;
  readonly program: string | undefined;
  readonly kernel: string | undefined;
  /** Of the kernel or program, for ops that have none of their own. */
  readonly span: Span | undefined;
}

/** Where an op stands, and its number in program order. */
export interface Place {
  readonly where: Where;
  readonly order: number;
  /** Its path and, where it has one of its own, its span: for a message about another op. */
  readonly words: string;
}

/**
 * The places of `ops`, found by identity in one walk: paths are made only for messages, so nothing keeps them. The
 * first one, where the same op object stands in a body twice. The body must have passed the shape rules.
 */
export function placesOf(at: Located, ops: ReadonlySet<Op>): ReadonlyMap<Op, Place> {
  const places = new Map<Op, Place>();
  const steps: string[] = [];
  let order = 0;
  function visit(region: Region, outer: Span | undefined): void {
    for (let index = 0; index < region.ops.length && places.size < ops.size; index++) {
      const op = region.ops[index] as Op;
      order++;
      if (ops.has(op) && !places.has(op)) places.set(op, place(op, index, outer));
      if (op.regions.length === 0) continue;
      const span = ownSpan(at.body, op) ?? outer;
      for (let r = 0; r < op.regions.length; r++) {
        steps.push(`${idOf(at, op)}[${index}]/${regionName(at, op, r)}`);
        visit(op.regions[r] as Region, span);
        steps.pop();
      }
    }
  }
  function place(op: Op, index: number, outer: Span | undefined): Place {
    const path = [...steps, `${idOf(at, op)}[${index}]`].join('/');
    const own = ownSpan(at.body, op);
    const words = own === undefined ? path : `${path} at ${own.file}:${own.line}:${own.column}`;
    return { where: { program: at.program, kernel: at.kernel, op: idOf(at, op), path, span: own ?? outer }, order, words };
  }
  visit(at.body.region, at.span);
  return places;
}

/** The place of what a body declares, before its first op. */
export function declarationOf(at: Located): Place {
  return { where: { program: at.program, kernel: at.kernel, span: at.span }, order: 0, words: 'its declaration' };
}

/** The op's own span, where it has a proper one. */
function ownSpan(body: Body, op: Op): Span | undefined {
  const span = spanOf(body, op);
  return isSpan(span) ? span : undefined;
}

export function isSpan(x: unknown): x is Span {
  if (typeof x !== 'object' || x === null) return false;
  const { file, line, column } = x as Partial<Span>;
  return typeof file === 'string' && typeof line === 'number' && typeof column === 'number';
}

/** `%name` where the author named it, else `%id`. */
export function valueName(body: Body, value: number): string {
  return `%${body.debug.names.get(value) ?? value}`;
}

/** The id of an op, also where its name is not in the table. */
export function idOf(at: Pick<Located, 'facts'>, op: Op): string {
  return at.facts[op.name]?.id ?? '?';
}

/** The name of an op's region, by its record. */
export function regionName(at: Pick<Located, 'facts'>, op: Op, index: number): string {
  return at.facts[op.name]?.regions[index]?.name ?? `region${index}`;
}
