import type { Program } from '../ir/program.ts';
import type { Candidate } from '../plan/candidates.ts';
import { plan } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { PreparedKernel } from '../registry/backend.ts';
import type { Registry } from '../registry/registry.ts';
import { verified } from '../verify/verify.ts';
import { WatchedCache } from './compile-cache.ts';
import type { CacheUse, CompileCache } from './compile-cache.ts';
import { prepareKernel } from './contract.ts';
import { opensWithout } from './devices.ts';
import type { Devices } from './devices.ts';
import { compileHost } from './host-program.ts';
import { unlessAborted } from './on-abort.ts';
import { optimized } from './optimized.ts';
import type { RegionStep } from './step.ts';

/** What a session compiles with. */
export interface CompileOptions {
  readonly registry: Registry;
  readonly candidates: readonly Candidate[];
  readonly devices: Devices;
  readonly space: string | undefined;
  readonly strict: boolean;
  readonly passes: readonly string[];
  readonly cache: CompileCache | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface Compiled {
  readonly plan: Plan;
  readonly body: RegionStep;
  /** Undefined without a cache. */
  readonly cache: CacheUse | undefined;
}

/**
 * Verifies, runs the passes, places, opens the devices and prepares the kernels.
 * @throws SluiceError `verify/invalid`, `plan/not-runnable`, `plan/bad-lowering`, and what opening and preparing throw
 */
export async function compileProgram(source: Program, { registry, candidates, devices, space, strict, passes, cache, signal }: CompileOptions): Promise<Compiled> {
  const watched = cache === undefined ? undefined : new WatchedCache(cache);
  const { program, recalled, keep } = await optimized(source, { registry, candidates, space, strict, passes }, watched);
  const placed = plan(program, { registry, candidates, space, strict });
  // What passes made, and what composites were made of, is checked as the author's own ops were.
  if (placed.program !== source && !recalled) verified(placed.program, registry);
  const storage = [...placed.storage.values()].map((s) => s.candidate);
  // Without kernels nobody else opens what supplies the memory that was asked for.
  const home = placed.compute === undefined && space !== undefined ? candidates.find((c) => c.backend.role === 'compute' && c.capabilities?.spaces.includes(space) === true) : undefined;
  const used = new Set([placed.compute ?? home, ...storage]);
  await Promise.all([...used].map((c) => (c === undefined ? undefined : devices.open(c))));
  for (const { backend } of storage) if (devices.get(backend.id)?.storage === undefined) throw opensWithout('storage', backend.id);
  devices.allocator(placed.space); // throws where there is none
  const kernels = await unlessAborted(prepareAll(placed, devices, { registry, signal, cache: watched }), signal);
  await keep();
  return { plan: placed, body: compileHost(placed, kernels, registry), cache: watched?.use() };
}

interface Preparing {
  readonly registry: Registry;
  readonly signal: AbortSignal | undefined;
  readonly cache: WatchedCache | undefined;
}

async function prepareAll({ compute, program }: Plan, devices: Devices, { registry, signal, cache }: Preparing): Promise<ReadonlyMap<string, PreparedKernel>> {
  if (compute === undefined) return new Map();
  const { backend, compute: facet } = await devices.open(compute);
  if (facet === undefined) throw opensWithout('compute', backend);
  const options = { registry, signal, cache: cache?.of(backend, registry) };
  return new Map(await Promise.all(program.kernels.map(async (k) => [k.name, await prepareKernel(backend, facet, k, options)] as const)));
}
