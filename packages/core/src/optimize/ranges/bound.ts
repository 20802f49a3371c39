import type { Launch } from '../../registry/backend.ts';

/**
 * The greatest value that a u32 may have, as far as the kernel says: computed from what a launch gives. An intermediate
 * value that would wrap makes it unknown.
 */
export type Bound =
  | number
  /** Workgroups of the launch along an axis. */
  | readonly ['groups', axis: 0 | 1 | 2]
  /** A scalar parameter of the kernel, by index. */
  | readonly ['param', index: number]
  /** Elements of a buffer parameter, by index. */
  | readonly ['length', index: number]
  | readonly ['add' | 'mul' | 'min', Bound, Bound]
  /** One less; 0 of 0. */
  | readonly ['below', Bound];

export const MOST = 0xffffffff;
/** Terms of a bound: what is longer is not worth computing at a launch. */
const LONGEST = 16;

/** `a` and `b` combined, or undefined where that is too long to be of use. */
export function combine(op: 'add' | 'mul' | 'min', a: Bound | undefined, b: Bound | undefined): Bound | undefined {
  if (op === 'min' && (a === undefined || b === undefined)) return a ?? b;
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return known(op === 'add' ? a + b : op === 'mul' ? a * b : Math.min(a, b));
  return length(a) + length(b) > LONGEST ? (op === 'min' ? a : undefined) : [op, a, b];
}

export function below(a: Bound | undefined): Bound | undefined {
  return a === undefined ? undefined : typeof a === 'number' ? Math.max(0, a - 1) : ['below', a];
}

function known(value: number): number | undefined {
  return value <= MOST ? value : undefined;
}

function length(bound: Bound): number {
  if (typeof bound === 'number') return 1;
  let sum = 1;
  for (const part of bound.slice(1)) sum += typeof part === 'object' ? length(part) : 0;
  return sum;
}

/** The value of a bound for one launch; undefined where it is over what a u32 holds. */
export function valueAt(bound: Bound, launch: Launch): number | undefined {
  if (typeof bound === 'number') return known(bound);
  switch (bound[0]) {
    case 'groups':
      return launch.groups[bound[1]];
    case 'param': {
      const arg = launch.args[bound[1]];
      return arg?.kind === 'scalar' && typeof arg.value === 'number' ? arg.value : undefined;
    }
    case 'length': {
      const arg = launch.args[bound[1]];
      return arg?.kind === 'buffer' ? arg.count : undefined;
    }
    case 'below': {
      const value = valueAt(bound[1], launch);
      return value === undefined ? undefined : Math.max(0, value - 1);
    }
    case 'add':
    case 'mul':
    case 'min': {
      const [a, b] = [valueAt(bound[1], launch), valueAt(bound[2], launch)];
      if (bound[0] === 'min') return a === undefined ? b : b === undefined ? a : Math.min(a, b);
      if (a === undefined || b === undefined) return undefined;
      return known(bound[0] === 'add' ? a + b : a * b);
    }
  }
}
