import { scalarCount } from '@sluice/core';
import type { Emitter, Type } from '@sluice/core';
import { integerOf } from './literals.ts';
import type { Memory, Module } from './module.ts';
import { typeText } from './types.ts';

/* How elements are read from and written to memory: where their words are, and what is made of them. */

/** The word at which element `index` starts. */
export function wordOf({ offset, layout: { words } }: Memory, index: string): string {
  const known = integerOf(index);
  const scaled = words === 1 ? index : known === undefined ? `${index} * ${words}u` : `${Math.imul(known, words) >>> 0}u`;
  return offset === undefined ? scaled : `${offset} + ${scaled}`;
}

function read({ name, atomic }: Memory, word: string): string {
  return atomic ? `atomicLoad(&${name}[${word}])` : `${name}[${word}]`;
}

function write({ name, atomic }: Memory, word: string, value: string): string {
  return atomic ? `atomicStore(&${name}[${word}], ${value});` : `${name}[${word}] = ${value};`;
}

/** Elements of more scalars are read and written in loops. */
const MOST_AT_ONCE = 16;

/** Whether an element is read by one expression, once its first word has a name. */
function isPlain({ layout: { element, words } }: Memory): boolean {
  return words === 1 || (words <= MOST_AT_ONCE && element.kind === 'vector');
}

/** Element `index`, which is in bounds, as an expression; emits what comes before it. */
export function readElement(memory: Memory, index: string, hint: string, ctx: Emitter<string>, module: Module): string {
  const { layout: { element, words } } = memory;
  if (words === 1) return read(memory, wordOf(memory, index));
  const first = module.named('word', wordOf(memory, index));
  if (isPlain(memory)) return composed(memory, element, first, 0, ctx);
  const name = module.variable(module.fresh(hint), element, ctx);
  fill(memory, element, name, first, ctx, module);
  return name;
}

/** `base + by`, where `by` is known. */
function plus(base: string, by: number): string {
  return by === 0 ? base : `${base} + ${by}u`;
}

function composed(memory: Memory, type: Type, first: string, at: number, ctx: Emitter<string>): string {
  if (type.kind === 'scalar') return read(memory, plus(first, at));
  const [element, length] = type.kind === 'vector' ? [type.element, type.size] : type.kind === 'array' ? [type.element, type.length] : [type, 0];
  const size = scalarCount(element) ?? 1;
  return `${typeText(type, ctx)}(${Array.from({ length }, (_, i) => composed(memory, element, first, at + i * size, ctx)).join(', ')})`;
}

/** Assigns the element that starts at word `first` to `target`. */
function fill(memory: Memory, type: Type, target: string, first: string, ctx: Emitter<string>, module: Module): void {
  if ((scalarCount(type) ?? 1) <= MOST_AT_ONCE || type.kind !== 'array') return module.emit(`${target} = ${composed(memory, type, first, 0, ctx)};`);
  overElements(type, first, module, (i, word) => fill(memory, type.element, `${target}[${i}]`, word, ctx, module));
}

/** Writes a value, a name or a literal, as element `index`, which is in bounds. */
export function writeElement(memory: Memory, index: string, value: string, module: Module): void {
  const { layout: { element, words } } = memory;
  if (words === 1) return module.emit(write(memory, wordOf(memory, index), value));
  spread(memory, element, value, module.named('word', wordOf(memory, index)), 0, module);
}

function spread(memory: Memory, type: Type, value: string, first: string, at: number, module: Module): void {
  if (type.kind === 'vector') return Array.from('xyzw'.slice(0, type.size)).forEach((letter, i) => module.emit(write(memory, plus(first, at + i), `${value}.${letter}`)));
  if (type.kind !== 'array') return module.emit(write(memory, plus(first, at), value));
  if ((scalarCount(type) ?? 1) > MOST_AT_ONCE) return overElements(type, plus(first, at), module, (i, word) => spread(memory, type.element, `${value}[${i}]`, word, 0, module));
  const size = scalarCount(type.element) ?? 1;
  for (let i = 0; i < type.length; i++) spread(memory, type.element, `${value}[${i}u]`, first, at + i * size, module);
}

/** A loop over the elements of an array, with the index and the first word of each. */
function overElements(type: Type & { readonly kind: 'array' }, first: string, module: Module, body: (index: string, word: string) => void): void {
  const index = module.fresh('i');
  module.block(`for (var ${index} = 0u; ${index} < ${type.length}u; ${index}++) {`, () => body(index, module.named('word', `${first} + ${index} * ${scalarCount(type.element) ?? 1}u`)));
}

/** Element `index`, zero where `inside` does not hold, as a name or an expression. `safe`: it is known to be in bounds. */
export function loadElement(memory: Memory, index: string, safe: boolean, hint: string, ctx: Emitter<string>, module: Module, inside = `${index} < ${memory.count}`): string {
  const { layout: { element } } = memory;
  const zero = module.zero(element, ctx);
  if (isOutside(memory, index)) return zero;
  if (safe) return readElement(memory, index, hint, ctx, module);
  // What is read beyond the end is some element, and not used.
  if (isPlain(memory) && !memory.atomic) return `select(${zero}, ${readElement(memory, index, hint, ctx, module)}, ${inside})`;
  const name = module.variable(module.fresh(hint), element, ctx);
  module.block(`if (${inside}) {`, () => {
    if (isPlain(memory)) return module.emit(`${name} = ${readElement(memory, index, hint, ctx, module)};`);
    fill(memory, element, name, module.named('word', wordOf(memory, index)), ctx, module);
  });
  return name;
}

/** Stores a value at element `index`, where that is in bounds. */
export function storeElement(memory: Memory, index: string, value: string, safe: boolean, module: Module): void {
  if (isOutside(memory, index)) return;
  guarded(memory, index, safe, module, () => writeElement(memory, index, value, module));
}

/** What `body` emits, done where element `index` is in bounds. */
export function guarded(memory: Memory, index: string, safe: boolean, module: Module, body: () => void): void {
  if (safe) return body();
  module.block(`if (${index} < ${memory.count}) {`, body);
}

/** Whether WGSL itself would see that the index is out of bounds, and refuse it. */
export function isOutside({ length }: Memory, index: string): boolean {
  const known = integerOf(index);
  return known !== undefined && length !== undefined && known >= length;
}
