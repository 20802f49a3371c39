import { SluiceError } from '../diagnostics/error.ts';
import type { Backend, Probe } from '../registry/backend.ts';
import { masked } from '../registry/capabilities.ts';
import type { Capabilities, Mask } from '../registry/capabilities.ts';
import type { Registry } from '../registry/registry.ts';
import { probed } from './probe.ts';

/** A backend that the application allows, with what it can do here. */
export interface Candidate {
  readonly backend: Backend;
  readonly probe: Probe;
  /** Detected and allowed; undefined where the probe failed. */
  readonly capabilities: Capabilities | undefined;
}

/**
 * The backends that may serve, best first: the application's list in its order, or all that are imported by rank,
 * without those that are used only by name.
 * @throws SluiceError `plan/unknown-backend`
 */
export async function candidates(registry: Registry, allowed: readonly string[] | undefined, masks: Readonly<Record<string, Mask>>): Promise<readonly Candidate[]> {
  const backends = allowed === undefined ? byRank(registry) : allowed.map((id) => named(registry, id));
  return Promise.all(
    backends.map(async (backend) => {
      const probe = await probed(backend);
      const mask = masks[backend.id];
      const capabilities = probe.available ? (mask === undefined ? probe.capabilities : masked(probe.capabilities, mask)) : undefined;
      return { backend, probe, capabilities };
    }),
  );
}

function byRank(registry: Registry): readonly Backend[] {
  return [...registry.backends.values()].filter((b) => b.onlyByName !== true).sort((a, b) => b.rank - a.rank || (a.id < b.id ? -1 : 1));
}

/** Backends whose packages have their names: no other package is ours to recommend. */
const OURS: readonly string[] = ['cpu-ref', 'fs', 'io-uring', 'wgsl', 'cuda', 'gds'];

function named(registry: Registry, id: string): Backend {
  const found = registry.backends.get(id);
  if (found !== undefined) return found;
  const available = [...registry.backends.keys()];
  throw new SluiceError({
    code: 'plan/unknown-backend',
    message: `backend \`${id}\` is not registered`,
    fix: `${OURS.includes(id) ? `import '@sluice/${id}'` : 'import the plugin that has it'}, or take it off the list`,
    available,
  });
}
