import type { Span } from '../diagnostics/span.ts';
import type { Body, Op, Program, Region } from '../ir/program.ts';
import { Writer } from './writer.ts';

/** The section of names, spans and origins; undefined where nothing is known. `numbers`: those of the values in the section of the program. */
export function debugSection({ kernels, body, span }: Program, numbers: ReadonlyMap<Body, Int32Array>): Uint8Array | undefined {
  const encoder = new DebugEncoder();
  for (const owner of [...kernels, { body, span }]) {
    encoder.span(owner.span);
    encoder.body(owner.body, numbers.get(owner.body));
  }
  return encoder.finish();
}

class DebugEncoder {
  readonly #out = new Writer(1024);
  readonly #strings = new Map<string, number>();

  span(span: Span | undefined): void {
    if (span === undefined) this.#out.varint(0);
    else this.#place(this.#string(span.file) + 1, span);
  }

  body({ debug, region }: Body, numbers: Int32Array | undefined): void {
    const { names, spans, origins } = debug;
    this.#names(names, numbers);
    const order = spans.size === 0 && origins.size === 0 ? undefined : inOrder(region, []);
    this.#ofOps(spans, order, (span) => this.#place(this.#string(span.file), span));
    this.#ofOps(origins, order, (origin) => this.#out.varint(this.#string(origin)));
  }

  /** Undefined where nothing was written but that there is nothing. */
  finish(): Uint8Array | undefined {
    if (this.#strings.size === 0) return undefined;
    const section = new Writer(this.#out.at + 1024);
    section.varint(this.#strings.size);
    for (const s of this.#strings.keys()) section.string(s);
    section.append(this.#out.written());
    return section.written();
  }

  #names(names: ReadonlyMap<number, string>, numbers: Int32Array | undefined): void {
    const numbered = [...names].map(([id, name]) => [numbers?.[id] ?? -1, name] as const).filter(([id]) => id >= 0).sort(([a], [b]) => a - b);
    this.#out.varint(numbered.length);
    let previous = -1;
    for (const [id, name] of numbered) {
      this.#out.varint(id - previous - 1);
      this.#out.varint(this.#string(name));
      previous = id;
    }
  }

  /** A table by op: ops by how many stand between this one and the one before that has an entry. */
  #ofOps<V>(table: ReadonlyMap<Op, V>, order: readonly Op[] | undefined, write: (value: V) => void): void {
    const entries: (readonly [number, V])[] = [];
    if (table.size > 0) {
      order?.forEach((op, i) => {
        const value = table.get(op);
        if (value !== undefined) entries.push([i, value]);
      });
    }
    this.#out.varint(entries.length);
    let previous = -1;
    for (const [i, value] of entries) {
      this.#out.varint(i - previous - 1);
      write(value);
      previous = i;
    }
  }

  #place(file: number, { line, column }: Span): void {
    this.#out.varint(file);
    this.#out.u32(line, 'the line of a span');
    this.#out.u32(column, 'the column of a span');
  }

  #string(text: string): number {
    let index = this.#strings.get(text);
    if (index === undefined) this.#strings.set(text, (index = this.#strings.size));
    return index;
  }
}

/** The ops of a region, each before those within it. */
function inOrder({ ops }: Region, found: Op[]): Op[] {
  for (const op of ops) {
    found.push(op);
    for (const region of op.regions) inOrder(region, found);
  }
  return found;
}
