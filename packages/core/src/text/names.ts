import type { Body, Param, ValueId } from '../ir/program.ts';
import { quoted } from './quote.ts';
import { isWord } from './lexer.ts';

/** How the values of one body are written, with their `%`: by their own names where they have one, else by number. */
export interface Names {
  /** By value id; undefined for a value that is not seen where the printer stands. */
  readonly written: readonly (string | undefined)[];
  /** Something is used where it is not defined, or defined twice: these names would not say what it is. */
  astray: boolean;
  /** Values get what they are written as when they are defined, in the order of the text. */
  define(ids: readonly ValueId[]): void;
  /** Opens a region; what it gives is for `close`, which makes its names free again. */
  open(): number;
  close(mark: number): void;
}

/**
 * Names of a body whose values are defined once and used where they are seen. Numbers count definitions, so that programs
 * that are equal print alike; a name is unique among those that are seen with it: a later one gets a number behind it.
 * Parameters keep theirs.
 */
export class ScopedNames implements Names {
  readonly written: (string | undefined)[];
  astray = false;
  readonly #own: ReadonlyMap<ValueId, string>;
  readonly #defined: Uint8Array;
  readonly #taken = new Set<string>();
  /** The next number to try behind a name. */
  readonly #next = new Map<string, number>();
  readonly #trail: ValueId[] = [];

  constructor(body: Body, params: readonly Param[]) {
    const { args } = body.region;
    this.#own = body.debug.names;
    this.#defined = new Uint8Array(body.valueTypes.length);
    this.written = new Array<string | undefined>(body.valueTypes.length).fill(undefined);
    this.astray = args.length !== params.length;
    for (let i = 0; i < args.length; i++) this.#give(args[i] as ValueId, nameText(params[i]?.name ?? ''));
  }

  define(ids: readonly ValueId[]): void {
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as ValueId;
      const own = this.#own.size === 0 ? undefined : this.#own.get(id);
      this.#give(id, own === undefined || isNumber(own) ? undefined : uniqueName(own, this.#taken, this.#next));
    }
  }

  open(): number {
    return this.#trail.length;
  }

  close(mark: number): void {
    const trail = this.#trail;
    for (let i = mark; i < trail.length; i++) {
      const id = trail[i] as ValueId;
      if (this.#taken.size > 0) this.#taken.delete(this.written[id] as string);
      this.written[id] = undefined;
    }
    trail.length = mark;
  }

  #count = 0;

  /** Undefined: its number. */
  #give(id: ValueId, text: string | undefined): void {
    if (this.#defined[id] !== 0) this.astray = true; // also where it is out of range
    this.#defined[id] = 1;
    if (text !== undefined) this.#taken.add(text);
    this.written[id] = text ?? `%${this.#count}`;
    this.#count++;
    this.#trail.push(id);
  }
}

/** Names of any other body, for people who look for the fault: the ids of the IR, and names that are unique in all of it. */
export class PlainNames implements Names {
  readonly written: (string | undefined)[];
  astray = false;

  constructor(body: Body, params: readonly Param[]) {
    const taken = new Set<string>();
    const next = new Map<string, number>();
    const names = new Map(body.debug.names);
    for (const [i, id] of body.region.args.entries()) {
      const param = params[i];
      if (param !== undefined) names.set(id, param.name);
    }
    this.written = body.valueTypes.map((_, id) => {
      const own = names.get(id);
      if (own === undefined || isNumber(own)) return `%${id}`;
      const text = uniqueName(own, taken, next);
      taken.add(text);
      return text;
    });
  }

  define(): void {}
  open(): number {
    return 0;
  }
  close(): void {}
}

/** Only digits: the form of a value without a name. */
function isNumber(name: string): boolean {
  const c = name.charCodeAt(0);
  return c >= 48 && c <= 57 && /^\d+$/.test(name);
}

function uniqueName(name: string, taken: ReadonlySet<string>, next: Map<string, number>): string {
  const text = nameText(name);
  if (!taken.has(text)) return text;
  let number = next.get(name) ?? 1;
  let candidate = nameText(`${name}_${number}`);
  while (taken.has(candidate)) candidate = nameText(`${name}_${++number}`);
  next.set(name, number + 1);
  return candidate;
}

/** `%name`, with quotes where it is no word. */
export function nameText(name: string): string {
  return isWord(name) ? `%${name}` : `%${quoted(name)}`;
}
