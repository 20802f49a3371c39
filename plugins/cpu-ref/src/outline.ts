import { scratchArrays } from './elements.ts';
import type { Local } from './elements.ts';

/*
 * V8 compiles no function whose bytecode is over 60 KB to machine code: a kernel of 3,000 ops in one function runs
 * forty times slower than one of 1,000. So long stretches move into functions of their own. What is alive across the
 * border travels through typed arrays, where arguments and results would be boxed.
 */

/** Characters of generated code in one function, about 1,000 ops; far enough below the limit for any op. */
export const FUNCTION_TEXT = 32_000;
/** Less is not worth a call. */
const LEAST = 4_000;

export interface Outliner {
  /** What is known of the type of a local; undefined for what is no local. */
  localOf(name: string): Local | undefined;
  fresh(hint: string): string;
  /** Adds a function beside the one that is generated. */
  declare(text: string): void;
  /** What each function gets as arguments, and is declared with. */
  readonly parameters: string;
}

/** The text of one op, with that of the ops in its regions. */
export interface Item {
  readonly text: string;
  /** It stays where it is: it holds text of another package, of which nothing is known, or names what such text declares. */
  readonly stays: boolean;
}

/**
 * The text of consecutive ops, with stretches replaced by calls where they are long. `live` names the locals that
 * text behind the last item uses. An item moves if it may and control cannot leave it sideways: no `yield`, no jump to
 * a label outside, no assignment to a variable that stands outside. Relies on how the machine writes an item that may
 * move: locals are called v<number>, declared by `const` or `let` one at a time, and all names and labels are unique.
 */
export function outline(all: readonly Item[], to: Outliner, live: readonly string[] = []): readonly string[] {
  const items = all.map((item) => item.text);
  if (items.reduce((sum, text) => sum + text.length, 0) <= FUNCTION_TEXT) return items;
  const read = all.map(scan);
  const lastUse = new Map<string, number>();
  read.forEach((item, i) => item.names.forEach((name) => lastUse.set(name, i)));
  live.forEach((name) => lastUse.set(name, items.length));
  const out: string[] = [];
  for (let start = 0; start < items.length; ) {
    let end = start;
    let size = 0;
    while (end < items.length && read[end]?.closed === true && (size === 0 || size + (items[end]?.length ?? 0) <= FUNCTION_TEXT)) size += items[end++]?.length ?? 0;
    const group = read.slice(start, end);
    const declared = new Set(group.flatMap((item) => item.declared));
    const into = [...new Set(group.flatMap((item) => item.names))].filter((name) => !declared.has(name));
    const from = [...declared].filter((name) => (lastUse.get(name) ?? 0) >= end);
    const carried = [...into, ...from].every((name) => to.localOf(name) !== undefined);
    if (size >= LEAST && carried) out.push(call(items.slice(start, end), into, from, to));
    else out.push(...items.slice(start, Math.max(end, start + 1)));
    start = Math.max(end, start + 1);
  }
  return out;
}

function call(items: readonly string[], into: readonly string[], from: readonly string[], to: Outliner): string {
  const name = to.fresh('c');
  const store = (v: string, i: number) => `${slot(v, i, to)} = ${local(v, to).pack(v)};`;
  const load = (v: string, i: number) => `let ${v} = ${local(v, to).unpack(slot(v, i, to))};`;
  to.declare([`function ${name}(${to.parameters}) {`, ...into.map(load), ...items, ...from.map(store), '}'].join('\n'));
  return [...into.map(store), `${name}(${to.parameters});`, ...from.map(load)].join('\n');
}

function local(name: string, to: Outliner): Local {
  const found = to.localOf(name);
  if (found === undefined) throw new RangeError(`${name} has no type`);
  return found;
}

function slot(name: string, index: number, to: Outliner): string {
  return `${local(name, to).scratch}[${index}]`;
}

interface Scanned {
  readonly closed: boolean;
  readonly names: readonly string[];
  readonly declared: readonly string[];
}

/** A local, declared, assigned or used; a jump; a label; a `yield`. */
const WORDS = /(?:\b(const|let) )?\b(v\d+)\b( = )?|\b(?:break|continue) (\w+)|\b(\w+): (?:for|while|\{)|\byield\b/g;

function scan({ text, stays }: Item): Scanned {
  const names: string[] = [];
  const declared: string[] = [];
  const assigned: string[] = [];
  const labels: string[] = [];
  const jumps: string[] = [];
  let yields = false;
  for (const [, keyword, name, assigns, jump, label] of text.matchAll(WORDS)) {
    if (name !== undefined) {
      names.push(name);
      if (keyword !== undefined) declared.push(name);
      else if (assigns !== undefined) assigned.push(name);
    } else if (jump !== undefined) jumps.push(jump);
    else if (label !== undefined) labels.push(label);
    else yields = true;
  }
  const closed = !stays && !yields && jumps.every((j) => labels.includes(j)) && assigned.every((a) => declared.includes(a));
  return { closed, names, declared };
}

/** The scratch arrays that `text` uses, declared. */
export function scratchFor(text: string): readonly string[] {
  return Object.entries(scratchArrays).flatMap(([name, view]) => {
    const used = [...text.matchAll(new RegExp(`\\b${name}\\[(\\d+)\\]`, 'g'))].map((m) => Number(m[1]));
    return used.length === 0 ? [] : [`var ${name} = new ${view}(${Math.max(...used) + 1});`];
  });
}
