import type { Span } from './span.ts';
import { isSluiceError } from './error.ts';
import type { SluiceError, Where } from './error.ts';
import { sourceExcerpt } from './excerpt.ts';

export interface RenderOptions {
  /** ANSI colours; none if absent. */
  readonly color?: boolean;
  /** The text of a source file, undefined where it cannot be had. Absent: no source lines are shown. */
  readonly readSource?: (file: string) => string | undefined;
  /** How the name of a source file is shown, for example relative to a folder; as it is if absent. */
  readonly showFile?: (file: string) => string;
}

/**
 * `error` as people read it: code and message, the place with its source line, the backends that were tried, what could
 * be used instead, the fix, then each single problem and the cause. No newline at the end. Anything that was thrown is
 * accepted: an error of another class shows its stack. Control characters in it are escaped.
 */
export function renderError(error: unknown, options: RenderOptions = {}): string {
  const page: Page = { options, paint: options.color === true ? ansi : plain, seen: new Set() };
  return render(error, page).join('\n');
}

type Ink = 'error' | 'place' | 'label' | 'faint';
type Paint = (ink: Ink, text: string) => string;
const SGR: Readonly<Record<Ink, string>> = { error: '1;31', place: '34', label: '1', faint: '2' };
const ansi: Paint = (ink, text) => `\u001b[${SGR[ink]}m${text}\u001b[0m`;
const plain: Paint = (_ink, text) => text;

interface Page {
  readonly options: RenderOptions;
  readonly paint: Paint;
  /** Errors on the way from the outermost one: a cause may lead back to itself. */
  readonly seen: Set<unknown>;
}

const INDENT = '  ';
const indented = (lines: readonly string[]) => lines.map((line) => (line === '' ? '' : INDENT + line));

function render(error: unknown, page: Page): readonly string[] {
  if (page.seen.has(error)) return [];
  page.seen.add(error);
  return isSluiceError(error) ? renderSluice(error, page) : renderOther(error, page);
}

function renderSluice(error: SluiceError, page: Page): readonly string[] {
  const { paint } = page;
  const [first, ...rest] = clean(summary(error)).split('\n');
  // An error that lists problems repeats the place and fix of the first: those are shown with the problem.
  const own = error.problems.length === 0;
  const instead = own ? error.available.filter((a) => !error.fix.includes(`'${a}'`)) : [];
  const fix = own || !error.problems.some((p) => p.fix === error.fix) ? clean(error.fix).trim() : '';
  return [
    `${paint('error', error.code)}: ${first ?? ''}`,
    ...indented([
      ...rest,
      ...(own && error.where !== undefined ? place(error.where, page) : []),
      ...tried(error, page),
      ...(instead.length > 0 ? labelled('available', instead.map(clean).join(', '), page) : []),
      ...(fix === '' ? [] : labelled('fix', fix, page)),
      ...causes(error, page),
    ]),
    ...error.problems.flatMap((problem) => ['', ...indented(render(problem, page))]),
  ];
}

/** The message; of an error that lists problems without what it quotes of them, since they follow. */
function summary({ message, problems }: SluiceError): string {
  const [first] = problems;
  const at = first === undefined ? -1 : message.indexOf(first.message);
  if (first === undefined || at === -1) return message;
  const own = message.slice(0, at).trimEnd();
  const head = own.endsWith(`${first.code}:`) ? own.slice(0, -first.code.length - 1).trimEnd() : own;
  return head === '' ? `${problems.length} problem${problems.length === 1 ? '' : 's'}` : head;
}

/** An error of another class: its stack says where; its message alone says too little. */
function renderOther(error: unknown, page: Page): readonly string[] {
  if (!(error instanceof Error)) return [`${page.paint('error', 'thrown')}: ${clean(String(error))}`];
  const head = `${error.name}: ${error.message}`;
  const [first, ...rest] = clean(head).split('\n');
  const frames = clean(error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).map((line) => page.paint('faint', line.trim()));
  const inner = error instanceof AggregateError ? error.errors : [];
  return [
    page.paint('error', first ?? ''),
    ...indented([...rest, ...frames, ...causes(error, page)]),
    ...inner.flatMap((e: unknown) => ['', ...indented(render(e, page))]),
  ];
}

function labelled(label: string, text: string, { paint }: Page): readonly string[] {
  const [first, ...rest] = text.split('\n');
  return [`${paint('label', `${label}:`)} ${first ?? ''}`, ...indented(rest)];
}

function place(where: Where, page: Page): readonly string[] {
  const { paint } = page;
  const owner = where.kernel !== undefined ? `kernel ${where.kernel}` : where.program !== undefined ? `program ${where.program}` : '';
  const path = clean([owner, where.path ?? where.op ?? ''].filter((s) => s !== '').join(', '));
  if (where.span === undefined) return path === '' ? [] : [`${paint('place', '-->')} ${path}`];
  // The span may be that of a kernel or loop around the op: the path says which op it is.
  const inner = (where.path ?? where.op) === undefined ? [] : [`in ${path}`];
  return [`${paint('place', '-->')} ${spelled(where.span, page)}`, ...excerpt(where.span, page), ...inner];
}

function spelled({ file, line, column }: Span, { options }: Page): string {
  return clean(`${options.showFile?.(file) ?? file}:${line}:${column}`);
}

function excerpt(span: Span, { options, paint }: Page): readonly string[] {
  const text = options.readSource?.(span.file);
  const found = text === undefined ? undefined : sourceExcerpt(text, span);
  if (found === undefined) return [];
  const number = String(span.line);
  const gutter = (s: string) => paint('place', ` ${s} |`);
  return [`${gutter(number)} ${clean(found.line)}`, `${gutter(' '.repeat(number.length))} ${found.padding}${paint('error', found.carets)}`];
}

/** `details.tried`, as planning gives it: the linked backends and why each fell out. */
function tried(error: SluiceError, page: Page): readonly string[] {
  const list = error.details['tried'];
  if (!Array.isArray(list)) return [];
  const entries = list.map((t: { readonly backend?: unknown; readonly reason?: unknown }) => clean(`${String(t.backend)} (${String(t.reason)})`));
  return labelled('linked backends', entries.length === 0 ? 'none' : entries.join(', '), page);
}

function causes(error: Error, page: Page): readonly string[] {
  const { cause } = error;
  if (cause === undefined || page.seen.has(cause)) return [];
  if (isSluiceError(cause)) return [page.paint('label', 'caused by:'), ...indented(render(cause, page))];
  page.seen.add(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  const further = cause instanceof Error ? causes(cause, page) : [];
  // Most messages quote their cause: the operating system's words are not said twice.
  return error.message.includes(message) ? further : [...labelled('caused by', clean(message), page), ...further];
}

/** Text that a terminal may be given: no control characters but newline and tab, nothing that reorders what follows. */
function clean(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
