import type { Span } from '../diagnostics/span.ts';
import type { Body, Debug, Kernel, Op, Program, Region, ValueId } from '../ir/program.ts';
import type { Decoded } from './decode-program.ts';
import type { Reader } from './reader.ts';

/** The program with the names, spans and origins that the section holds. */
export function decodeDebug(section: Reader, { program, opCounts }: Decoded): Program {
  const decoder = new DebugDecoder(section);
  const withDebug = <T extends Kernel | Program>(owner: T): T => {
    const span = decoder.optionalSpan();
    return { ...owner, span, body: { ...owner.body, debug: decoder.debug(owner.body, opCounts.get(owner.body) ?? 0) } };
  };
  const kernels = program.kernels.map(withDebug);
  const made = withDebug({ ...program, kernels });
  section.finish('the section of names and spans');
  return made;
}

/** An op by its place in the order of the text, and what is known about it. */
type Entry<V> = readonly [place: number, value: V];

class DebugDecoder {
  readonly #r: Reader;
  readonly #strings: readonly string[];

  constructor(r: Reader) {
    this.#r = r;
    this.#strings = r.strings('strings');
  }

  optionalSpan(): Span | undefined {
    const start = this.#r.at;
    const file = this.#r.varint('the file of a span');
    if (file === 0) return undefined;
    const name = this.#strings[file - 1];
    if (name === undefined) throw this.#r.malformed(`the file of a span is string ${file - 1} of ${this.#strings.length}`, start);
    return this.#place(name);
  }

  debug({ region, valueTypes }: Body, ops: number): Debug {
    const names = this.#entries('names of values', 2, valueTypes.length, () => this.#string());
    const spans = this.#entries('spans', 4, ops, () => this.#place(this.#string()));
    const origins = this.#entries('origins', 2, ops, () => this.#string());
    return lazyDebug(new Map<ValueId, string>(names), region, spans, origins);
  }

  /** Entries in ascending order of what they are for, which is one of `size`. */
  #entries<V>(what: string, each: number, size: number, read: () => V): readonly Entry<V>[] {
    const r = this.#r;
    const entries: Entry<V>[] = [];
    let previous = -1;
    for (let n = r.count(what, { each }); n > 0; n--) {
      const start = r.at;
      const place = previous + 1 + r.varint(what);
      if (place >= size) throw r.malformed(`${what}: number ${place} of ${size}`, start);
      entries.push([place, read()]);
      previous = place;
    }
    return entries;
  }

  #string(): string {
    return this.#strings[this.#r.index(this.#strings.length, 'a name')] as string;
  }

  #place(file: string): Span {
    const line = this.#r.varint('the line of a span');
    return { file, line, column: this.#r.varint('the column of a span') };
  }
}

/** The tables by op are made when they are first read: few that decode a program look at them. */
function lazyDebug(names: ReadonlyMap<ValueId, string>, region: Region, spans: readonly Entry<Span>[], origins: readonly Entry<string>[]): Debug {
  let bySpan: ReadonlyMap<Op, Span> | undefined;
  let byOrigin: ReadonlyMap<Op, string> | undefined;
  return {
    names,
    get spans() {
      return (bySpan ??= byOp(region, spans));
    },
    get origins() {
      return (byOrigin ??= byOp(region, origins));
    },
  };
}

function byOp<V>(region: Region, entries: readonly Entry<V>[]): ReadonlyMap<Op, V> {
  const table = new Map<Op, V>();
  let place = 0;
  let next = 0;
  const walk = ({ ops }: Region): void => {
    for (const op of ops) {
      const entry = entries[next];
      if (entry === undefined) return;
      if (entry[0] === place++) {
        table.set(op, entry[1]);
        next++;
      }
      for (const inner of op.regions) walk(inner);
    }
  };
  walk(region);
  return table;
}
