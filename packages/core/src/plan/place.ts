import type { Program } from '../ir/program.ts';
import { Registry } from '../registry/registry.ts';
import type { Mask } from '../registry/capabilities.ts';
import { candidates } from './candidates.ts';
import { plan } from './plan.ts';
import type { Placement } from './placement.ts';

export interface PlaceOptions {
  /** Absent: the process default. */
  readonly registry?: Registry;
  /** The allow-list, in order of preference; absent: all imported backends but the reference. */
  readonly backends?: readonly string[];
  readonly strict?: boolean;
  readonly masks?: Readonly<Record<string, Mask>>;
}

/**
 * Where a verified program would run: probes the backends and plans, opens nothing and moves nothing.
 * @throws SluiceError `plan/not-runnable` with every gap, `plan/unknown-backend`
 */
export async function place(program: Program, options: PlaceOptions = {}): Promise<Placement> {
  const registry = options.registry ?? Registry.default;
  return plan(program, { registry, candidates: await candidates(registry, options.backends, options.masks ?? {}), strict: options.strict === true }).placement;
}
