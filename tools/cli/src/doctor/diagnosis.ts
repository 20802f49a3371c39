import { Registry, isSluiceError } from '@sluice/core';
import type { Backend, Plugin, Probe } from '@sluice/core';
import { cliError } from '../codes.ts';
import { absence } from '../plugins.ts';
import type { Linked } from '../plugins.ts';
import { trial } from './trial.ts';

/** What is known about one plugin on this machine. */
export interface Diagnosis {
  readonly name: string;
  /** Of the package, or of the plugin where it is no package; null where it is not installed. */
  readonly version: string | null;
  /** Imported, registered, and with a backend that can run here, or with no backend at all. */
  readonly available: boolean;
  /** Why it is available or not, in words. */
  readonly reason: string;
  /** What to do; null where nothing is to be done. */
  readonly fix: string | null;
  /** A program ran on each of its backends that can run here, and gave the right bytes. */
  readonly verified: boolean;
  /** It came with the command line: the project in the current folder does not have it. */
  readonly own: boolean;
  /** What is wrong with it, where something is: not that it is missing or cannot run here, but that it fails. */
  readonly error: unknown;
  /** It could not be tried, and `error` says why: nothing is known to be wrong with it. */
  readonly untried: boolean;
  readonly backends: readonly BackendDiagnosis[];
}

export interface BackendDiagnosis {
  readonly id: string;
  readonly role: Backend['role'];
  readonly probe: Probe;
  /** What the trial did, where it went well. */
  readonly proof: string | undefined;
  readonly error: unknown;
}

/** Milliseconds after which a trial counts as hung. */
const PATIENCE = 60_000;

/** Probes every backend of the plugins and runs a program on each that can run. */
export async function diagnose(linked: readonly Linked[], registry: Registry): Promise<readonly Diagnosis[]> {
  const known = linked.map((l) => l.name);
  const further = [...registry.plugins, ...registry.rejected.map((r) => r.plugin)].filter((p) => !known.includes(p.name));
  // A session refuses a registry with rejected plugins: the trials run on what was accepted.
  const sound = registry.rejected.length === 0 ? registry : registry.plugins.reduce((r, p) => r.with(p), new Registry());
  const found: Diagnosis[] = [];
  for (const l of [...linked, ...further.map((p): Linked => ({ name: p.name, version: p.version, state: 'imported', own: false }))]) found.push(await diagnosePlugin(l, registry, sound));
  return found;
}

async function diagnosePlugin(linked: Linked, registry: Registry, sound: Registry): Promise<Diagnosis> {
  const base = { name: linked.name, version: linked.version ?? null, available: false, verified: false, fix: null, own: false, error: undefined, untried: false, backends: [] };
  if (linked.state === 'missing') return { ...base, ...absence(linked.name) };
  if (linked.state === 'failed') return { ...base, ...failure('cannot be imported', linked.error) };
  const rejected = registry.rejected.find((r) => r.plugin.name === linked.name);
  if (rejected !== undefined) return { ...base, ...failure('was rejected', rejected.error) };
  const plugin = registry.plugins.find((p) => p.name === linked.name);
  if (plugin === undefined) return { ...base, ...failure('cannot be used', cliError('cli/no-plugin', 'importing it registered no plugin of that name', 'check that its main entry calls registerPlugin')) };
  return { ...base, version: plugin.version, own: linked.own, ...(await diagnoseBackends(plugin, sound)) };
}

async function diagnoseBackends(plugin: Plugin, registry: Registry): Promise<Pick<Diagnosis, 'available' | 'reason' | 'fix' | 'verified' | 'error' | 'untried' | 'backends'>> {
  const backends: BackendDiagnosis[] = [];
  for (const backend of backendsOf(plugin)) backends.push(await diagnoseBackend(backend, registry));
  const able = backends.filter((b) => b.probe.available);
  const failed = able.find((b) => b.error !== undefined);
  const unable = backends.flatMap((b) => (b.probe.available ? [] : [b.probe]));
  return {
    available: able.length > 0 || backends.length === 0,
    reason: backends.length === 0 ? 'it has no backend of its own' : backends.map(reasonOf).join('; '),
    fix: failed === undefined ? (unable.map((p) => p.fix).join('; ') || null) : fixOf(failed.error),
    verified: able.length > 0 && failed === undefined,
    error: failed?.error,
    untried: able.some((b) => isUntried(b.error)) && able.every((b) => b.error === undefined || isUntried(b.error)),
    backends,
  };
}

/** What a plugin registers by itself: the registry does not keep whose a backend is. */
function backendsOf(plugin: Plugin): readonly Backend[] {
  return [...new Registry().with(plugin).backends.values()];
}

async function diagnoseBackend(backend: Backend, registry: Registry): Promise<BackendDiagnosis> {
  const { id, role } = backend;
  const probe = await probed(backend);
  if (!probe.available) return { id, role, probe, proof: undefined, error: undefined };
  try {
    return { id, role, probe, proof: await patiently(id, (signal) => trial(backend, registry, signal)), error: undefined };
  } catch (error) {
    return { id, role, probe, proof: undefined, error };
  }
}

/** A probe must not throw; one that does is a fault that doctor is there to show. */
async function probed(backend: Backend): Promise<Probe> {
  try {
    return await backend.probe();
  } catch (error) {
    return { available: false, reason: `its probe threw: ${error instanceof Error ? error.message : String(error)}`, fix: 'report it to the author of the backend' };
  }
}

/** Ends even where the backend does not heed its signal. */
async function patiently<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = cliError('cli/timeout', `backend \`${id}\` did not finish the test program within ${PATIENCE / 1000} s`, 'do not use this backend here: update its package and its driver, and report it to its author');
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort(late);
      reject(late);
    }, PATIENCE);
  });
  try {
    return await Promise.race([work(controller.signal), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** What became of one backend, in words. */
export function reasonOf({ id, probe, proof, error }: BackendDiagnosis): string {
  if (!probe.available) return `${id}: ${probe.reason}`;
  return error === undefined ? `${id}: ${probe.description}; ${proof ?? ''}` : `${id}: ${isUntried(error) ? 'not tried: ' : ''}${messageOf(error)}`;
}

function isUntried(error: unknown): boolean {
  return isSluiceError(error) && error.code === 'cli/no-temporary-folder';
}

function failure(what: string, error: unknown): Pick<Diagnosis, 'reason' | 'fix' | 'error'> {
  return { reason: `${what}: ${messageOf(error)}`, fix: fixOf(error), error };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fixOf(error: unknown): string {
  return isSluiceError(error) ? error.fix : 'report it to the author of the backend';
}
