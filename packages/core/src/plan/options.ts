import type { Registry } from '../registry/registry.ts';
import type { Candidate } from './candidates.ts';

export interface PlanOptions {
  readonly registry: Registry;
  /** Best first. */
  readonly candidates: readonly Candidate[];
  /** Refuse copies by the CPU. */
  readonly strict: boolean;
}
