/**
 * A float that is known to lie in [lo, hi], or, where `nan` is set, to be NaN: what a backend may give where an op on the
 * way is not exact.
 */
export class Interval {
  readonly lo: number;
  readonly hi: number;
  readonly nan: boolean;

  constructor(lo: number, hi: number, nan = false) {
    this.lo = lo;
    this.hi = hi;
    this.nan = nan;
  }

  holds(x: number): boolean {
    return x !== x ? this.nan : x >= this.lo && x <= this.hi;
  }

  toString(): string {
    return `[${this.lo}, ${this.hi}]${this.nan ? ' or NaN' : ''}`;
  }
}

/** Nothing is known. */
export const ANYTHING = new Interval(-Infinity, Infinity, true);
/** Any NaN: their bits are one class. */
export const ONLY_NAN = new Interval(Infinity, -Infinity, true);
