import type { Body, Kernel, Program } from '../ir/program.ts';
import { noteEqual } from '../ir/provenance.ts';
import { optimize } from '../optimize/passes.ts';
import type { Candidate } from '../plan/candidates.ts';
import type { Registry } from '../registry/registry.ts';
import { verified } from '../verify/verify.ts';
import { decode } from '../wire/decode.ts';
import { encode } from '../wire/encode.ts';
import { hashOf } from '../wire/hash.ts';
import { keyOf, versionsOf } from './cache-key.ts';
import type { WatchedCache } from './compile-cache.ts';

/** Changes when what is kept under a key does. */
const FORM = 'sluice optimized 1';
/** What is kept was a program of this process' own, however large. */
const ANY_SIZE = { bytes: Infinity, ops: Infinity, values: Infinity, kernels: Infinity, params: Infinity, opNames: Infinity, types: Infinity, attributeBytes: Infinity };

export interface Circumstances {
  readonly registry: Registry;
  readonly passes: readonly string[];
  readonly candidates: readonly Candidate[];
  readonly space: string | undefined;
  readonly strict: boolean;
}

/** A program after the passes. */
export interface Optimized {
  readonly program: Program;
  /** It came from the cache: what planning made of it under the same circumstances has been verified too. */
  readonly recalled: boolean;
  /** Keeps it for the next time. To be called when what planning made of it has been verified. */
  keep(): Promise<void>;
}

/**
 * Verifies a program and runs the passes on it, or takes what came of that before.
 * @throws SluiceError `verify/invalid`, and what passes throw
 */
export async function optimized(source: Program, circumstances: Circumstances, cache: WatchedCache | undefined): Promise<Optimized> {
  const { registry, passes } = circumstances;
  const make = () => optimize(verified(source, registry), { registry, passes });
  const key = cache === undefined ? undefined : keyOfProgram(source, circumstances);
  if (cache === undefined || key === undefined) return { program: make(), recalled: false, keep: () => Promise.resolve() };
  const recalled = await cache.recall(key, (bytes) => recall(bytes, source, make));
  if (recalled !== undefined) return { program: recalled, recalled: true, keep: () => Promise.resolve() };
  const program = make();
  return { program, recalled: false, keep: async () => cache.put(key, encode(withoutSpans(program))) };
}

/**
 * All that the outcome depends on: the program with the names of its values, core, the plugins, the passes, and what the
 * backends can do on the devices and drivers that are there. Undefined for what is no program: verifying says why.
 */
function keyOfProgram(source: Program, { registry, passes, candidates, space, strict }: Circumstances): string | undefined {
  try {
    const names = [...source.kernels, source].map(({ body }) => [...body.debug.names]);
    const backends = candidates.map(({ backend, probe, capabilities }) => [backend.id, capabilities ?? null, probe.available ? probe.description : null]);
    return keyOf([FORM, versionsOf(registry), passes, space ?? null, strict, backends, hashOf(source), names]);
  } catch {
    return undefined;
  }
}

/** Where an op stands for its author is found by running the passes again, when a diagnostic asks. */
function recall(bytes: Uint8Array, source: Program, make: () => Program): Program {
  const kept = decode(bytes, { limits: ANY_SIZE });
  let again: Program | undefined;
  const anew = (): Program => (again ??= make());
  noteEqual(kept.body, () => anew().body);
  const kernels = kept.kernels.map((kernel): Kernel => {
    noteEqual(kernel.body, () => anew().kernels.find((k) => k.name === kernel.name)?.body);
    return { ...kernel, span: source.kernels.find((k) => k.name === kernel.name)?.span };
  });
  return { ...kept, kernels, span: source.span };
}

/** Lines are not kept: the source may move, and the program stay what it is. */
function withoutSpans(program: Program): Program {
  const bare = (body: Body): Body => ({ ...body, debug: { ...body.debug, spans: new Map() } });
  return { ...program, body: bare(program.body), kernels: program.kernels.map((k) => ({ ...k, body: bare(k.body), span: undefined })), span: undefined };
}
