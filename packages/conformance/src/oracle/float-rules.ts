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

/**
 * What a bound allows around the reference's results on these operands, which lie in `r`. Operands are intervals, too: how
 * far a bound reaches changes from point to point, so it is taken at its widest over all of them. `inherit` says what an
 * expression allows.
 */
export function allowed(bound: ErrorBound, name: FloatName, r: Interval, operands: ReadonlyMap<string, Interval>, rules: FloatRules, inherit: (bound: { readonly inherited: unknown }) => Interval): Interval {
  if (r.nan) return r.lo > r.hi && rules.nonFinite === 'ieee' ? ONLY_NAN : ANYTHING;
  if (rules.nonFinite !== 'ieee' && !(finite(r) && [...operands.values()].every(finite))) return ANYTHING;
  if (bound === 'exact') return rules.contracts && finite(r) ? around(name, r, ulp(name, magnitude(r)) / 2, rules) : around(name, r, 0, rules);
  if (bound === 'reordered') return ANYTHING; // the op's own rule says: see bounds.ts
  if ('inherited' in bound) return inherit(bound);
  if ('anyOf' in bound) return hull(bound.anyOf.map((b) => allowed(b, name, r, operands, rules, inherit)));
  if ('firstOf' in bound) {
    // Where a `where` holds for some of the operands only, the rest of them are under the next bound.
    const reached: Interval[] = [];
    for (const b of bound.firstOf) {
      const held = typeof b === 'object' && 'where' in b ? holds(b.where, operands) : 'all';
      if (held !== 'none') reached.push(typeof b === 'object' && 'where' in b ? reach(b, name, r, operands, rules) : allowed(b, name, r, operands, rules, inherit));
      if (held === 'all') return hull(reached);
    }
    return ANYTHING;
  }
  return holds(bound.where, operands) === 'all' ? reach(bound, name, r, operands, rules) : ANYTHING;
}

type Width = Extract<ErrorBound, { readonly ulp: number } | { readonly absolute: number }>;

/** What a bound of so many units, or so much, allows where it holds. */
function reach(bound: Width, name: FloatName, r: Interval, operands: ReadonlyMap<string, Interval>, rules: FloatRules): Interval {
  if (!finite(r)) {
    if (r.lo !== r.hi) return ANYTHING;
    return new Interval(r.lo < 0 ? -Infinity : greatest(name) / 2, r.lo < 0 ? -greatest(name) / 2 : Infinity);
  }
  // The reference is itself rounded: half a unit more.
  const unit = ulp(name, magnitude(r));
  const [first] = operands.values();
  const more = 'absolute' in bound || bound.ulpPerMagnitude === undefined || first === undefined ? 0 : bound.ulpPerMagnitude * magnitude(first);
  return around(name, r, 'ulp' in bound ? (bound.ulp + more + 0.5) * unit : bound.absolute + unit / 2, rules);
}

function holds(where: readonly Where[] | undefined, operands: ReadonlyMap<string, Interval>): 'all' | 'some' | 'none' {
  let all = true;
  for (const { operand, of, from, to } of where ?? []) {
    const x = operands.get(operand);
    if (x === undefined) return 'none';
    const y = of === 'magnitude' ? new Interval(x.lo <= 0 && x.hi >= 0 ? 0 : Math.min(Math.abs(x.lo), Math.abs(x.hi)), magnitude(x)) : x;
    if (y.nan || y.hi < from || y.lo > to) return 'none';
    all &&= y.lo >= from && y.hi <= to;
  }
  return all ? 'all' : 'some';
}

function finite({ lo, hi, nan }: Interval): boolean {
  return !nan && Number.isFinite(lo) && Number.isFinite(hi);
}

function magnitude({ lo, hi }: Interval): number {
  return Math.max(Math.abs(lo), Math.abs(hi));
}

function around(name: FloatName, { lo, hi }: Interval, by: number, rules: FloatRules): Interval {
  return settled(name, new Interval(lo - by, hi + by), rules);
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
