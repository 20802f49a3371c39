import type { Span } from '../diagnostics/span.ts';

/** Where the front end's own files are; unknown in a CommonJS bundle, where everything is one file. */
const OWN = (import.meta.url as string | undefined)?.replace(/[^/]*$/, '');
const FRAME = /(?:\(|at |@)((?:file:\/\/|https?:\/\/|[A-Za-z]:\\|\/)[^()\n]*?):(\d+):(\d+)\)?$/;

/** A span, or the stack of a call whose text was not made yet: that costs ten times what capturing it does. */
export type Site = Span | Error;

/**
 * The stack down to the author's line, in a microsecond or three. `own`: the most functions of the front end that stand
 * between the author's and this one.
 */
export function captureSite(own: number): Site {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = own + 2;
  const stack = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}

/** The innermost place of the stack outside the front end: the author's line. */
export function spanOf(site: Site): Span | undefined {
  if (!(site instanceof Error)) return site;
  for (const line of (site.stack ?? '').split('\n')) {
    const [, file, row, column] = FRAME.exec(line.trim()) ?? [];
    if (file === undefined || isOwn(file)) continue;
    return { file: file.replace(/^file:\/\//, ''), line: Number(row), column: Number(column) };
  }
  return undefined;
}

/** The author's line, however deep in the front end this is called. Costs tens of microseconds. */
export function captureSpan(): Span | undefined {
  return spanOf(new Error());
}

function isOwn(file: string): boolean {
  return OWN === undefined || file.startsWith(OWN) || `file://${file}`.startsWith(OWN);
}
