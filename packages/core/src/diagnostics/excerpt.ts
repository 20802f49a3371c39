import type { Span } from './span.ts';

/** A source line with a mark under the token at the span. */
export interface Excerpt {
  readonly line: string;
  /** What stands before the carets: as wide as the line up to them. */
  readonly padding: string;
  readonly carets: string;
}

/** Characters of a source line that are shown at most, so that a bundled file does not fill the screen. */
const WIDTH = 120;
const ELLIPSIS = '…';

/** The line of `text` that `span` is in, undefined where the text has no such place. */
export function sourceExcerpt(text: string, span: Span): Excerpt | undefined {
  const line = text.split(/\r\n|\n|\r/)[span.line - 1];
  const at = span.column - 1;
  if (line === undefined || at < 0 || at >= line.length) return undefined;
  const token = /^[\w$%.]+/.exec(line.slice(at))?.[0].length ?? 1;
  const from = line.length <= WIDTH ? 0 : Math.max(0, Math.min(at - WIDTH / 3, line.length - WIDTH));
  const start = Math.floor(from);
  const end = Math.min(line.length, start + WIDTH);
  const shown = `${start > 0 ? ELLIPSIS : ''}${line.slice(start, end)}${end < line.length ? ELLIPSIS : ''}`;
  const before = `${start > 0 ? ELLIPSIS : ''}${line.slice(start, at)}`;
  return { line: shown.trimEnd(), padding: before.replace(/[^\t]/g, ' '), carets: '^'.repeat(Math.max(1, Math.min(token, end - at))) };
}
