import type { Law } from '../ops/law.ts';
import { WIDE } from './meaning.ts';

/* Laws as rows are written: integer elements are 0, 1, …, and become bigint for the 64-bit types. */

export const commutes = (types: readonly string[]): Law => ({ law: 'commutative', types });
export const associates = (types: readonly string[]): Law => ({ law: 'associative', types });
export const idempotent = (types: readonly string[]): Law => ({ law: 'idempotent', types });
export const involution = (types: readonly string[]): Law => ({ law: 'involution', types });

type Side = 'left' | 'right' | 'both';

export const identity = (element: number | boolean, types: readonly string[], side: Side = 'both'): readonly Law[] =>
  byWidth(element, types).map((e) => ({ law: 'identity', side, ...e }));
export const absorbing = (element: number | boolean, types: readonly string[], side: Side = 'both'): readonly Law[] =>
  byWidth(element, types).map((e) => ({ law: 'absorbing', side, ...e }));
/** f(a, a) = element, of the type of the operands. */
export const same = (element: number | boolean, types: readonly string[]): readonly Law[] => byWidth(element, types).map((e) => ({ law: 'same', ...e }));
/** f(a, a) = element, of type bool. */
export const alike = (element: boolean, types: readonly string[]): Law => ({ law: 'same', element, types });
/** A count of 0 changes nothing. */
export const countOfZero = (types: readonly string[]): Law => ({ law: 'identity', element: 0, side: 'right', types });

function byWidth(element: number | boolean, types: readonly string[]) {
  const isWide = (type: string) => (WIDE as readonly string[]).includes(type);
  const narrow = types.filter((t) => !isWide(t));
  const wide = types.filter(isWide);
  return [
    ...(narrow.length > 0 ? [{ element, types: narrow }] : []),
    ...(wide.length > 0 && typeof element === 'number' ? [{ element: BigInt(element), types: wide }] : []),
  ];
}
