import type { OpId } from './op.ts';

/**
 * How far a floating point result of a backend may be from the exact one: for each type, or for all alike. Results that
 * are no floats are exact, unless the accuracy is inherited. Where the reference's result is infinite or NaN nothing is
 * promised that the capability `floats.nonFinite` does not promise. After the accuracy table of the WGSL specification.
 */
export type Accuracy = ErrorBound | { readonly f16: ErrorBound; readonly f32: ErrorBound };

export type ErrorBound =
  /** Correctly rounded: the reference's result. */
  | 'exact'
  /** As far as combining the same values in another order may be. */
  | 'reordered'
  /** So many units in the last place, and so many more for each unit of the first operand's magnitude. */
  | { readonly ulp: number; readonly ulpPerMagnitude?: number; readonly where?: readonly Interval[] }
  | { readonly absolute: number; readonly where?: readonly Interval[] }
  /** As far as this expression may be, each op of it within its own accuracy. */
  | { readonly inherited: Expression }
  /** Whatever one of these allows. */
  | { readonly anyOf: readonly ErrorBound[] }
  /** The first of these whose `where` holds. */
  | { readonly firstOf: readonly ErrorBound[] };

/** The bound holds where the operand, or its magnitude, lies in [from, to]; elsewhere nothing is promised. */
export interface Interval {
  readonly operand: string;
  readonly of?: 'magnitude';
  readonly from: number;
  readonly to: number;
}

/** An operand by name, a literal, or an op on these. */
export type Expression = string | number | readonly [op: OpId, ...operands: Expression[]];
