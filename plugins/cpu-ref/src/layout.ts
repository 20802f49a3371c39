import { scalarCount, scalarOf } from '@sluice/core';
import type { RuntimeValue, Type } from '@sluice/core';
import { elements } from './elements.ts';
import type { Element, References, View } from './elements.ts';

/** How elements of a type lie in memory: scalars of one kind, one after the other. */
export interface Layout {
  readonly scalar: Element;
  /** Scalars of one element. */
  readonly count: number;
  readonly bytes: number;
}

/** The layout of a buffer element, undefined for a type that has none here. */
export function layoutOf(type: Type): Layout | undefined {
  const scalar = elements[scalarOf(type)?.spelling ?? ''];
  const count = scalarCount(type);
  return scalar === undefined || count === undefined ? undefined : { scalar, count, bytes: scalar.bytes * count };
}

/** Zero of a type that a value may have. */
export function zeroOf(type: Type): RuntimeValue {
  switch (type.kind) {
    case 'vector':
      return Object.freeze(new Array<RuntimeValue>(type.size).fill(zeroOf(type.element)));
    case 'array':
      return Object.freeze(new Array<RuntimeValue>(type.length).fill(zeroOf(type.element)));
    case 'scalar':
      return type.class === 'bool' ? false : type.class !== 'float' && type.bits === 64 ? 0n : 0;
    case 'buffer':
    case 'handle':
    case 'opaque':
      throw new RangeError(`${type.spelling} has no zero`);
  }
}

/** An expression that reads an element of type `type` at scalar `at` of the typed array `view`. */
export function readText(type: Type, view: string, at: string, to: References, depth = 0): string {
  if (type.kind === 'vector') return `[${Array.from({ length: type.size }, (_, i) => readText(type.element, view, `${at} + ${i}`, to)).join(', ')}]`;
  if (type.kind !== 'array') return elementOf(type).load(`${view}[${at}]`, to);
  const index = `i${depth}`;
  return `Array.from({ length: ${type.length} }, (_, ${index}) => ${readText(type.element, view, `${at} + ${index} * ${scalarCount(type.element) ?? 1}`, to, depth + 1)})`;
}

/** Statements that write `value`, a name, as an element of type `type` from scalar `at` of the typed array `view` on. */
export function writeText(type: Type, view: string, at: string, value: string, to: References, depth = 0): string {
  if (type.kind === 'vector') return Array.from({ length: type.size }, (_, i) => writeText(type.element, view, `${at} + ${i}`, `${value}[${i}]`, to)).join(' ');
  if (type.kind !== 'array') return `${view}[${at}] = ${elementOf(type).store(value, to)};`;
  const index = `i${depth}`;
  return `for (let ${index} = 0; ${index} < ${type.length}; ${index} += 1) { ${writeText(type.element, view, `${at} + ${index} * ${scalarCount(type.element) ?? 1}`, `${value}[${index}]`, to, depth + 1)} }`;
}

function elementOf(type: Type): Element {
  const element = elements[type.spelling];
  if (element === undefined) throw new RangeError(`${type.spelling} has no layout`);
  return element;
}

/** Copies `count` elements of `scalars` scalars each; what is out of bounds reads as zero and is not written. */
export function copyElements(target: View, targetIndex: number, source: View, sourceIndex: number, count: number, scalars: number): void {
  const to = target as unknown as unknown[];
  const from = source as unknown as unknown[];
  const zero: unknown = target instanceof BigInt64Array || target instanceof BigUint64Array ? 0n : 0;
  const end = Math.min(count, Math.max(0, target.length / scalars - targetIndex)) * scalars;
  for (let i = 0; i < end; i++) to[targetIndex * scalars + i] = from[sourceIndex * scalars + i] ?? zero;
}
