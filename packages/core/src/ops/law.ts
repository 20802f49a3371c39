import type { ScalarValue } from '../ir/attributes.ts';

/**
 * An algebraic law, with the types of its first operand on which it holds: bit for bit, NaNs as one class.
 * `f(a, b)` is the op; `element` has the type of the operand that it stands for.
 *
 * - `commutative`: f(a, b) = f(b, a); `associative`: f(f(a, b), c) = f(a, f(b, c));
 * - `idempotent`: f(a, a) = a, of one operand f(f(a)) = f(a); `involution`, of one operand: f(f(a)) = a;
 * - `identity`: f(a, element) = a (`right`), f(element, a) = a (`left`); `absorbing`: the same, equal to the element;
 * - `same`: f(a, a) = element.
 */
export type Law =
  | { readonly law: 'commutative' | 'associative' | 'idempotent' | 'involution'; readonly types: readonly string[] }
  | { readonly law: 'identity' | 'absorbing'; readonly element: ScalarValue; readonly side: 'left' | 'right' | 'both'; readonly types: readonly string[] }
  | { readonly law: 'same'; readonly element: ScalarValue; readonly types: readonly string[] };
