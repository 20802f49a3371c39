import { meant, nearest } from '../diagnostics/nearest.ts';
import type { ValueId } from '../ir/program.ts';
import { LIMITS } from './limits.ts';
import type { Found } from './problems.ts';
import type { Reader } from './reader.ts';
import type { Label } from './scope.ts';

/** What is known of the values of a body at its end. */
export interface Values {
  readonly names: ReadonlyMap<ValueId, string>;
  /** Below 0: nothing can name it. */
  readonly definedAt: readonly number[];
  seen(): Iterable<string>;
}

/** What a body names and does not have. Values are reported at its end, when it is known what else there is. */
export class Missing {
  readonly #reader: Reader;
  readonly #vague: boolean;
  /** The first use of each. */
  readonly #values = new Map<Label, Pick<Found, 'at' | 'where'>>();
  #unclosed = false;

  /** `vague`: values may be missing that are none of the author's mistakes. */
  constructor(reader: Reader, vague: boolean) {
    this.#reader = reader;
    this.#vague = vague;
  }

  value(label: Label, at: number): void {
    if (this.#vague || this.#values.size >= LIMITS.problems || this.#values.has(label)) return;
    this.#values.set(label, { at, where: this.#reader.where() });
  }

  /** `%label` is defined a second time while the first is seen. */
  redefined(label: Label, at: number, first: number): void {
    this.#reader.wrong('text/redefined', at, `\`%${label}\` is defined already, in line ${this.#reader.lineOf(first)}`, 'give it another name');
  }

  /** A word where an op id must stand. */
  opId(word: string): void {
    const { registry, lexer, problems } = this.#reader;
    const ids = [...(registry?.ops.keys() ?? [])];
    const same = ids.filter((id) => id.endsWith(`.${word}`)).slice(0, 3);
    const near = same.length > 0 ? same : nearest(word, ids);
    problems.add({
      code: 'text/syntax', message: `${this.#reader.found()} is not an op id: those have a dot${meant(near)}`, fix: 'write an op as `dialect.name`',
      at: lexer.start, where: this.#reader.where(), available: near,
    });
  }

  /** The brace that closes the body, or a region in it, is missing. Said once. */
  unclosed(): void {
    if (!this.#unclosed && !this.#vague) this.#reader.syntax('an op or `}`', 'close each region, kernel and program with `}`');
    this.#unclosed = true;
  }

  report({ names, definedAt, seen }: Values): void {
    const { registry, problems } = this.#reader;
    if (this.#values.size === 0 || registry === undefined) return;
    const elsewhere = new Map(definedAt.flatMap((at, id) => (at < 0 ? [] : [[names.get(id) ?? String(id), at] as const])));
    let candidates: ReadonlySet<string> | undefined;
    for (const [label, { at, where }] of this.#values) {
      const there = elsewhere.get(String(label));
      if (there !== undefined) {
        const how = there < at ? 'in a region that ended before' : 'later';
        problems.addLate({ code: 'text/unknown-value', message: `\`%${label}\` is not defined here: it is defined in line ${this.#reader.lineOf(there)}, ${how}`, fix: 'use a value that is defined before, in this region or in one around it; hand values out of a region with its terminator', at, where });
        continue;
      }
      candidates ??= candidatesOf(seen(), elsewhere.keys());
      const near = nearest(String(label), candidates).map((n) => `%${n}`);
      problems.addLate({ code: 'text/unknown-value', message: `\`%${label}\` is not defined${meant(near)}`, fix: 'correct the name, or define the value before', at, where, available: near });
    }
  }
}

/** Names among which to look for what was meant: those that are seen first. Numbers are no names. */
function candidatesOf(...lists: readonly Iterable<string>[]): ReadonlySet<string> {
  const candidates = new Set<string>();
  for (const list of lists) {
    for (const name of list) {
      if (candidates.size === MOST_CANDIDATES) return candidates;
      if (!/^\d+$/.test(name)) candidates.add(name);
    }
  }
  return candidates;
}

const MOST_CANDIDATES = 4096;
