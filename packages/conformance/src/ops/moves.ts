import type { Type, Use } from '@sluice/core';
import { edgesOf } from './edges.ts';
import { isFloat } from './uses.ts';

/**
 * Whether a use puts its operands in place and computes nothing on floats: its meaning works on anything at all. One that
 * computes throws when it is given a symbol for a number. `lanes`: the meaning is that of an op of a subgroup.
 */
export function movesOnly(use: Use, meaning: unknown, lanes = false): boolean {
  try {
    // The meaning of an op of a subgroup is over lanes: as many as there may be, so that each that it asks for is there.
    const values = use.operands.map(opaque).map((v) => (lanes ? Array.from({ length: MOST_LANES }, () => v) : v));
    const given = (meaning as (...v: readonly unknown[]) => unknown)(...values);
    const parts: readonly unknown[] = Array.isArray(given) ? given.flat(3) : [given];
    return parts.some((v) => typeof v === 'symbol') && parts.every((v) => typeof v === 'symbol' || v === 0);
  } catch {
    return false;
  }
}

/** A ballot has a bit for so many. */
const MOST_LANES = 128;

function opaque(type: Type): unknown {
  if (type.kind === 'vector' || type.kind === 'array') return Array.from({ length: type.kind === 'vector' ? type.size : type.length }, () => opaque(type.element));
  return isFloat(type) ? Symbol('float') : edgesOf(type)[1];
}
