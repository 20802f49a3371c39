import type { Span } from '../diagnostics/span.ts';
import { sameBody } from '../ir/canonical.ts';
import type { Body, Op } from '../ir/program.ts';
import { walkOps } from '../ir/program.ts';
import { noteSpans } from '../ir/spans.ts';

/** Ops of a body that is traced again: the stack of each is kept for a while, a kilobyte or so. */
const MOST_OPS = 2 ** 16;

/**
 * Has `body` traced once more, by `again` and with the author's line of each op, when a diagnostic asks for one. What comes
 * out is used if it is the same body; one that its function does not make twice keeps the spans that it has.
 */
export function retraceForSpans(body: Body, again: () => Body): void {
  noteSpans(body, () => {
    const ops = [...walkOps(body.region)];
    const made = ops.length > MOST_OPS ? undefined : tracedAgain(again);
    if (made === undefined || !sameBody(body, made)) return new Map();
    const spans = new Map<Op, Span>();
    let at = 0;
    for (const op of walkOps(made.region)) {
      const [of, span] = [ops[at++], made.debug.spans.get(op)];
      if (of !== undefined && span !== undefined) spans.set(of, span);
    }
    return spans;
  });
}

/** A function that throws when it is called once more, where it did not before, is its author's; the diagnostic is another. */
function tracedAgain(again: () => Body): Body | undefined {
  try {
    return again();
  } catch {
    return undefined;
  }
}
