import type { Span } from '../diagnostics/span.ts';
import type { Body, Op } from './program.ts';
import { authored } from './provenance.ts';

type Spans = ReadonlyMap<Op, Span>;

/**
 * Gives the spans of all ops of a body, by work that is done for a diagnostic alone. Beside the data, as what a pass made
 * a body of: what it needs lives as long as the body, and no longer than until it was asked.
 */
const found = new WeakMap<Body, Spans | (() => Spans)>();

/** Notes how to find the spans of those ops that `body.debug` has none of. `find` is called once, if at all. */
export function noteSpans(body: Body, find: () => Spans): void {
  found.set(body, find);
}

/**
 * The author's line of `op`, whatever passes did to it: for a diagnostic, because a body that was traced without the line
 * of each op is traced again here. Undefined where it is not known.
 */
export function spanOf(body: Body, op: Op): Span | undefined {
  const source = authored(body, op);
  return source.body.debug.spans.get(source.op) ?? allSpans(source.body)?.get(source.op);
}

function allSpans(body: Body): Spans | undefined {
  const known = found.get(body);
  if (typeof known !== 'function') return known;
  const spans = known();
  found.set(body, spans);
  return spans;
}
