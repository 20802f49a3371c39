import { scalarCount, scalarOf, SluiceError } from '@sluice/core';
import type { Cell, ScalarType, Type, Where } from '@sluice/core';
import type { Features } from './lowered.ts';

/** What may ask for the type of something: an Emitter does. */
interface Place {
  readonly where: Where;
}

const SCALARS: Readonly<Record<string, { readonly zero: string; readonly bytes: number }>> = {
  bool: { zero: 'false', bytes: 4 }, i32: { zero: '0i', bytes: 4 }, u32: { zero: '0u', bytes: 4 }, f32: { zero: '0.0f', bytes: 4 }, f16: { zero: '0.0h', bytes: 2 },
};

/** Types that core takes out of kernels before they are lowered. */
const LACKING = ['i64', 'u64', 'i8', 'u8', 'i16', 'u16', 'bf16'];

/** What a device with these features cannot do, by type. */
export function typeCells({ f16 }: Pick<Features, 'f16'>): Readonly<Record<string, Cell>> {
  const unavailable = (type: string, reason: string): [string, Cell] => [type, { how: 'unavailable', reason }];
  return Object.fromEntries([...LACKING.map((type) => unavailable(type, `WGSL has no ${type}`)), ...(f16 ? [] : [unavailable('f16', 'the adapter has no shader-f16')])]);
}

/** The type as WGSL spells it. @throws SluiceError `plan/type` */
export function typeText(type: Type, at: Place): string {
  const name = scalarOf(type)?.name ?? '';
  if (SCALARS[name] === undefined) {
    throw new SluiceError({ code: 'plan/type', message: `wgsl has no ${type.spelling}`, fix: 'use one of the types that it has, or make the kernel legal for it first', where: at.where, available: Object.keys(SCALARS) });
  }
  return type.spelling;
}

/** Zero of a type. */
export function zeroOf(type: Type, at: Place): string {
  return (type.kind === 'scalar' ? SCALARS[type.name]?.zero : undefined) ?? `${typeText(type, at)}()`;
}

/** The types of one shape: a scalar, or a vector with so many components; templates of functions are made of these. */
export interface Shape {
  /** The type itself. */
  readonly T: string;
  /** As many u32, i32, f32, bool. */
  readonly U: string;
  readonly I: string;
  readonly F: string;
  readonly B: string;
  /** What stands behind the name of a function for this type. */
  readonly suffix: string;
}

export function shapeOf(type: Type, at: Place): Shape {
  const T = typeText(type, at);
  const of = (scalar: string) => (type.kind === 'vector' ? `vec${type.size}<${scalar}>` : scalar);
  return { T, U: of('u32'), I: of('i32'), F: of('f32'), B: of('bool'), suffix: type.kind === 'vector' ? `${type.element.name}x${type.size}` : T };
}

/** The scalar of a scalar or vector. */
export function elementOf(type: Type): ScalarType | undefined {
  return type.kind === 'scalar' ? type : type.kind === 'vector' ? type.element : undefined;
}

/** How elements lie in a buffer's array: one word each where WGSL has such an array without gaps, else scalars. */
export interface Layout {
  readonly element: Type;
  /** The type of a word. */
  readonly word: string;
  readonly wordBytes: number;
  /** Words of an element. */
  readonly words: number;
}

export function layoutOf(element: Type, at: Place): Layout {
  const scalar = scalarOf(element);
  const text = typeText(element, at);
  const bytes = SCALARS[scalar?.name ?? '']?.bytes ?? 4;
  const whole = element.kind === 'scalar' || (element.kind === 'vector' && element.size !== 3);
  const count = scalarCount(element) ?? 1;
  return whole ? { element, word: text, wordBytes: bytes * count, words: 1 } : { element, word: scalar?.name ?? text, wordBytes: bytes, words: count };
}
