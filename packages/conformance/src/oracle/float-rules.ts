import type { ErrorBound, Interval as Where } from '@sluice/core';
import { ANYTHING, Interval, ONLY_NAN } from './interval.ts';

export type FloatName = 'f16' | 'f32';

/** What a backend says of its floats, beside the accuracy of each op. */
export interface FloatRules {
  /** Unless they are kept, a subnormal operand or result may be zero. */
  readonly subnormals: 'kept' | 'flushed' | 'unspecified';
  /** Unless `ieee`, nothing is known of what is infinite or NaN. */
  readonly nonFinite: 'ieee' | 'unspecified';
  /** It may keep an operation's exact result for the next one, as a fused multiply-add does. */
  readonly contracts: boolean;
}

const FORMATS: Readonly<Record<FloatName, { readonly digits: number; readonly least: number; readonly most: number }>> = {
  f16: { digits: 11, least: -14, most: 15 },
  f32: { digits: 24, least: -126, most: 127 },
};

export function greatest(name: FloatName): number {
  const { digits, most } = FORMATS[name];
  return 2 ** most * (2 - 2 ** (1 - digits));
}

export function leastNormal(name: FloatName): number {
  return 2 ** FORMATS[name].least;
}

/** One unit in the last place of a finite number of the type. */
export function ulp(name: FloatName, x: number): number {
  const { digits, least } = FORMATS[name];
  const magnitude = Math.abs(x);
  let exponent = Math.max(least, Math.floor(Math.log2(magnitude || 1e-300)));
  if (2 ** exponent > magnitude) exponent = Math.max(least, exponent - 1); // log2 rounds up just below a power of two
  return 2 ** (exponent - digits + 1);
}

/** The smallest interval around all. */
export function hull(all: readonly Interval[]): Interval {
  return new Interval(Math.min(...all.map((i) => i.lo)), Math.max(...all.map((i) => i.hi)), all.some((i) => i.nan));
}

/** What a bound allows around `r`, the reference's result on these operands; `inherit` says what an expression allows. */
export function allowed(bound: ErrorBound, name: FloatName, r: number, operands: ReadonlyMap<string, number>, rules: FloatRules, inherit: (bound: { readonly inherited: unknown }) => Interval): Interval {
  if (r !== r) return rules.nonFinite === 'ieee' ? ONLY_NAN : ANYTHING;
  if (rules.nonFinite !== 'ieee' && (!Number.isFinite(r) || [...operands.values()].some((x) => !Number.isFinite(x)))) return ANYTHING;
  if (bound === 'exact') return rules.contracts && Number.isFinite(r) ? around(name, r, ulp(name, r) / 2, rules) : around(name, r, 0, rules);
  if (bound === 'reordered') return ANYTHING; // the op's own rule says: see bounds.ts
  if ('inherited' in bound) return inherit(bound);
  if ('anyOf' in bound) return hull(bound.anyOf.map((b) => allowed(b, name, r, operands, rules, inherit)));
  if ('firstOf' in bound) {
    const found = bound.firstOf.find((b) => typeof b === 'string' || !('where' in b) || holds(b.where, operands));
    return found === undefined ? ANYTHING : allowed(found, name, r, operands, rules, inherit);
  }
  if (!holds(bound.where, operands)) return ANYTHING;
  if (!Number.isFinite(r)) return new Interval(r < 0 ? -Infinity : greatest(name) / 2, r < 0 ? -greatest(name) / 2 : Infinity);
  // The reference is itself rounded: half a unit more.
  const [first = 0] = operands.values();
  const by = 'ulp' in bound ? (bound.ulp + (bound.ulpPerMagnitude === undefined ? 0 : bound.ulpPerMagnitude * Math.abs(first)) + 0.5) * ulp(name, r) : bound.absolute + ulp(name, r) / 2;
  return around(name, r, by, rules);
}

function holds(where: readonly Where[] | undefined, operands: ReadonlyMap<string, number>): boolean {
  return (where ?? []).every(({ operand, of, from, to }) => {
    const x = operands.get(operand) ?? NaN;
    const y = of === 'magnitude' ? Math.abs(x) : x;
    return y >= from && y <= to;
  });
}

function around(name: FloatName, r: number, by: number, rules: FloatRules): Interval {
  return settled(name, new Interval(r - by, r + by), rules);
}

/** The interval with what flushing and overflow may make of it. */
export function settled(name: FloatName, { lo, hi, nan }: Interval, rules: FloatRules): Interval {
  const most = greatest(name);
  const over = lo < -most || hi > most;
  if (over && rules.nonFinite !== 'ieee') return ANYTHING;
  const least = leastNormal(name);
  // The least normal number too: a device that flushes may look before it rounds.
  const flushes = rules.subnormals !== 'kept' && lo <= least && hi >= -least;
  const [low, high] = [lo < -most ? -Infinity : lo, hi > most ? Infinity : hi];
  return new Interval(flushes ? Math.min(low, 0) : low, flushes ? Math.max(high, 0) : high, nan);
}
