import type { ScalarValue } from '../ir/attributes.ts';
import { componentUse } from '../ops/elementwise.ts';
import type { Meaning } from '../ops/op.ts';
import { scalar } from '../ir/types.ts';
import type { ScalarType, Type } from '../ir/types.ts';
import { arith } from './arith.ts';
import { INTS, NUMBERS } from './meaning.ts';

/** How a reduction or scan makes one value of two: ops of `arith`. */
export const COMBINES = ['add', 'mul', 'min', 'max', 'and', 'or', 'xor'] as const;
export type Combine = (typeof COMBINES)[number];

const BITWISE: readonly string[] = ['and', 'or', 'xor'];

/** The types that each way of combining is defined on. */
export function combinedTypes(combine: Combine): readonly string[] {
  return BITWISE.includes(combine) ? [...INTS, 'bool'] : NUMBERS;
}

/** How two values of `type` combine, a closed function; undefined where they do not. */
export function combination(combine: string, type: Type | undefined): Meaning | undefined {
  const cpuRef = arith.ops.find((o) => o.id === `arith.${combine}`)?.cpuRef;
  if (type?.kind !== 'scalar' || typeof cpuRef !== 'function' || !isCombine(combine) || !combinedTypes(combine).includes(type.name)) return undefined;
  return cpuRef(componentUse({ operands: [type, type], results: [type], attrs: {} }));
}

/** What changes nothing when it is combined with: what an exclusive scan starts from. */
export function neutral(combine: string, type: ScalarType): ScalarValue {
  const { class: kind, bits, name } = type;
  const of = (value: number): ScalarValue => (kind === 'bool' ? value !== 0 : kind !== 'float' && bits === 64 ? BigInt(value) : value);
  const [least, most] = kind === 'float' ? [-Infinity, Infinity] : rangeOf(name);
  switch (combine as Combine) {
    case 'add':
    case 'or':
    case 'xor':
      return of(0);
    case 'mul':
      return of(1);
    case 'and':
      return kind === 'bool' ? true : kind === 'signed' ? of(-1) : most;
    case 'min':
      return most;
    case 'max':
      return least;
  }
}

function rangeOf(name: ScalarType['name']): readonly [ScalarValue, ScalarValue] {
  const { class: kind, bits } = scalar(name);
  const width = BigInt(bits);
  const [least, most] = kind === 'signed' ? [-(1n << (width - 1n)), (1n << (width - 1n)) - 1n] : [0n, (1n << width) - 1n];
  return bits === 64 ? [least, most] : [Number(least), Number(most)];
}

function isCombine(combine: string): combine is Combine {
  return (COMBINES as readonly string[]).includes(combine);
}
