import type { Registry } from '../registry/registry.ts';
import type { Candidate } from './candidates.ts';

export interface PlanOptions {
  readonly registry: Registry;
  /** Best first. */
  readonly candidates: readonly Candidate[];
  /** Where device buffers of programs without kernels live; absent: where storage reaches them. */
  readonly space?: string | undefined;
  /** Refuse copies by the CPU. */
  readonly strict: boolean;
}
