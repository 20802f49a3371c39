import { fromBits, toBits } from '@sluice/core';
import type { RuntimeValue, ScalarName, ScalarType, ScalarValue, Type } from '@sluice/core';

/**
 * Values of `type` at which ops change their ways, derived from its width and class: ends of ranges, neighbours of
 * powers of two, shift counts; for floats zeros, ties, ends of the normal and subnormal ranges, infinities, NaN, and
 * where integers begin to saturate. Vectors and arrays hold them in turn. Empty for types that no register has.
 */
export function edgesOf(type: Type): readonly RuntimeValue[] {
  let found = known.get(type);
  if (found === undefined) known.set(type, (found = compute(type)));
  return found;
}

const known = new Map<Type, readonly RuntimeValue[]>();

function compute(type: Type): readonly RuntimeValue[] {
  switch (type.kind) {
    case 'scalar':
      return type.computed ? scalarEdges(type) : [];
    case 'vector':
      return inTurn(edgesOf(type.element), type.size);
    case 'array':
      return inTurn(edgesOf(type.element), type.length);
    case 'buffer':
    case 'handle':
    case 'opaque':
      return [];
  }
}

/** Arrays of `length`: the k-th starts at the k-th edge and goes on in strides, so that components differ. */
function inTurn(edges: readonly RuntimeValue[], length: number): readonly RuntimeValue[] {
  if (edges.length === 0) return [];
  return edges.map((_, k) => Object.freeze(Array.from({ length }, (_, i) => edges[(k + i * 3) % edges.length] as RuntimeValue)));
}

function scalarEdges(type: ScalarType): readonly ScalarValue[] {
  if (type.class === 'bool') return [false, true];
  return type.class === 'float' ? floatEdges(type.name) : integerEdges(type);
}

function integerEdges({ name, bits }: ScalarType): readonly ScalarValue[] {
  const width = BigInt(bits);
  const top = 1n << (width - 1n);
  const near = [0n, 1n, 2n, 3n, 7n, 255n, 65536n, width - 1n, width, width + 1n, 0x12345678n];
  const all = [...near, ...near.map((x) => -x), top, top - 1n, top + 1n, top >> 1n, 0xaaaaaaaaaaaaaaaan, (1n << (width / 2n)) - 1n];
  return [...new Set(all.map((x) => fromBits(name, BigInt.asUintN(bits, x))))];
}

/** Significant bits, and the exponents of the least and greatest normal number. */
const FORMATS: Partial<Readonly<Record<ScalarName, readonly [digits: number, least: number, most: number]>>> = { f16: [11, -14, 15], f32: [24, -126, 127] };

function floatEdges(name: ScalarName): readonly ScalarValue[] {
  const [digits, least, most] = FORMATS[name] ?? [24, -126, 127];
  const unit = 2 ** (1 - digits);
  const positive = [
    0, 1, 0.5, 1.5, 2.5, 3, 0.1, 1 / 3, Math.PI, 10, 100, 1 + unit, 1 - unit / 2, 2 ** digits, 2 ** digits + 2, 2 ** (digits - 1) + 0.5,
    2 ** least, 2 ** least * unit, 2 ** least * (1 - unit), 2 ** most * (2 - unit), 2 ** most, Infinity,
    ...[31, 32, 63, 64].flatMap((n) => [2 ** n, 2 ** n * (1 - unit / 2)]),
  ];
  const rounded = [...positive, ...positive.map((x) => -x), NaN].map((x) => fromBits(name, toBits(name, x)) as number);
  return rounded.filter((x, i) => rounded.findIndex((y) => Object.is(x, y)) === i);
}
