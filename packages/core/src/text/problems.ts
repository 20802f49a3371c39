import type { Code } from '../diagnostics/codes.ts';
import { SluiceError, combine } from '../diagnostics/error.ts';
import type { Where } from '../diagnostics/error.ts';
import type { Span } from '../diagnostics/span.ts';
import { LIMITS } from './limits.ts';

/** A problem of a text before it has a line and a column. */
export interface Found {
  readonly code: Code;
  readonly message: string;
  readonly fix: string;
  /** Where it is, in characters. */
  readonly at: number;
  readonly where: Where;
  readonly available?: readonly string[];
}

/** The problems of a text, up to a limit. */
export class Problems {
  /** What the problems are of: a file, or `<text>`. */
  readonly file: string;
  readonly #lines: readonly number[];
  readonly #found: Found[] = [];
  #over = false;

  /** `lines`: where each line starts; complete up to where problems are, when they are listed. */
  constructor(lines: readonly number[], file: string) {
    this.#lines = lines;
    this.file = file;
  }

  /** There are more than will be listed, or one that ends the reading: nothing more need be looked at. */
  get full(): boolean {
    return this.#over;
  }

  get none(): boolean {
    return this.#found.length === 0;
  }

  /** Problems so far, of those that will be listed. */
  get count(): number {
    return this.#found.length;
  }

  add(found: Found): void {
    if (this.#over) return;
    if (this.#found.length === LIMITS.problems) this.#over = true;
    else this.#found.push(found);
  }

  /** A problem that is found only after what follows it was read. There are at most as many of them as are listed. */
  addLate(found: Found): void {
    this.#found.push(found);
  }

  /** A problem after which the rest of the text is not read. */
  fatal(found: Found): void {
    this.add(found);
    this.#over = true;
  }

  /** All of them, in the order of the text. */
  list(): readonly SluiceError[] {
    const spanAt = spansOf(this.#lines, this.file);
    const first = [...this.#found].sort((a, b) => a.at - b.at).slice(0, LIMITS.problems);
    const list = first.map(({ at, where, ...problem }) => new SluiceError({ ...problem, where: { ...where, span: spanAt(at) } }));
    if (this.#found.length > LIMITS.problems || (this.#over && list.length === LIMITS.problems)) {
      list.push(new SluiceError({ code: 'text/invalid', message: `there are more problems than the ${LIMITS.problems} listed`, fix: 'mend those listed and read the text again', where: list.at(-1)?.where }));
    }
    return list;
  }

  /** Throws `text/invalid` with the problems in it, if there are any. */
  throwAny(): void {
    if (this.#found.length === 0) return;
    const problems = this.list();
    const lines = problems.map((p) => `${p.code}: ${p.message}`);
    throw combine('text/invalid', `\`${this.file}\` is not a program: ${lines.length === 1 ? lines[0] : `${lines.length} problems:\n  ${lines.join('\n  ')}`}`, problems);
  }
}

/** Gives the span of an offset of a text whose lines start at `starts`. */
export function spansOf(starts: readonly number[], file: string): (at: number) => Span {
  return (at) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: at - (starts[low] ?? 0) + 1 };
  };
}
