import type { Where } from '../diagnostics/error.ts';
import type { ValueId } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import type { Plan } from '../plan/plan.ts';
import type { PreparedKernel } from '../registry/backend.ts';
import type { Registry } from '../registry/registry.ts';
import type { Execution } from './execution.ts';

/** How a region ended: which terminator, and its operands, with a hold on each handle among them. */
export interface Exit {
  readonly id: string;
  readonly values: readonly unknown[];
}

/** Issues one op. An exit leaves the region. */
export type Step = (run: Execution) => void | Exit | Promise<void | Exit>;

/** A region ready to run: `args` become its block arguments, with their holds. */
export type RegionStep = (run: Execution, args: readonly unknown[]) => Exit | Promise<Exit>;

/** What a step is compiled with. */
export interface StepContext {
  readonly plan: Plan;
  readonly registry: Registry;
  readonly kernels: ReadonlyMap<string, PreparedKernel>;
  /** The place of the op; found when it is asked for, which takes a search. */
  readonly where: () => Where;
  typeOf(value: ValueId): Type;
  region(index: number): RegionStep;
  /** Whether the next use of the value, in the same region, is op `id` with the value as its first operand. */
  nextUseIs(value: ValueId, id: string): boolean;
}
