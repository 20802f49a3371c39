import type { CpuRef, Meaning } from '../ops/op.ts';

export const UNSIGNED = ['u32', 'u64'] as const;
export const INTS = ['i32', 'u32', 'i64', 'u64'] as const;
/** Types whose values are bigint. */
export const WIDE = ['i64', 'u64'] as const;
export const FLOATS = ['f16', 'f32'] as const;
export const NUMBERS = [...INTS, ...FLOATS] as const;
export const COMPUTED = [...NUMBERS, 'bool'] as const;

/** A meaning for each type of the first operand. */
export function byType(table: Readonly<Record<string, Meaning>>): CpuRef {
  return ({ operands }) => table[operands[0]?.spelling ?? ''];
}
