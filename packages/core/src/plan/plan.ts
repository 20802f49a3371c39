import { SluiceError, combine } from '../diagnostics/error.ts';
import type { Where } from '../diagnostics/error.ts';
import type { Body, Kernel, Op, Program } from '../ir/program.ts';
import { whereOf } from '../ir/where.ts';
import { inlineHost } from '../optimize/inline.ts';
import { opCell } from '../registry/capabilities.ts';
import type { OpDef } from '../ops/op.ts';
import type { SpaceTransfer } from '../registry/backend.ts';
import type { Registry } from '../registry/registry.ts';
import type { Candidate } from './candidates.ts';
import { kernelCell } from './kernel-fit.ts';
import type { PlanOptions } from './options.ts';
import { placeKernels } from './place-kernels.ts';
import { bouncesOf, placeTransfer } from './place-transfer.ts';
import type { StoragePlan } from './place-transfer.ts';
import { placement } from './placement.ts';
import type { PassedOver, PlacedOp, Placement } from './placement.ts';
import { regionNames } from './region-names.ts';
import { stagingSpace } from './staging.ts';

/** The plan of one program: who does what, and the kernels as their backend takes them. */
export interface Plan {
  /** As the backends take it: composites inlined, kernels made legal; the program itself where nothing had to be done. */
  readonly program: Program;
  /** Its kernels before they were made legal. */
  readonly authored: readonly Kernel[];
  readonly placement: Placement;
  /** Serves every kernel; undefined where there are none. */
  readonly compute: Candidate | undefined;
  /** How each transfer op is carried out, by op id. */
  readonly storage: ReadonlyMap<string, StoragePlan>;
  /** Where device buffers live. */
  readonly space: string;
}

/**
 * Places a verified program on the candidates.
 * @throws SluiceError `plan/not-runnable` with every gap as a problem
 */
export function plan(source: Program, options: PlanOptions): Plan {
  const { registry } = options;
  const host = inlineHost(source, registry, (def) => !lowered(def, options));
  const problems: SluiceError[] = [];
  const passedOver: PassedOver[] = [];

  const { chosen: compute, program } = placeKernels(host, options, passedOver, problems);
  const { body } = program;
  const space = compute?.capabilities?.spaces[0] ?? options.space ?? spaceOfStorage(options);
  const storage = new Map<string, StoragePlan>();
  const ops: PlacedOp[] = [];
  for (const use of usesOf(body, registry)) {
    const where = () => whereOf({ program: host.name }, body, use.first, regionNames(registry));
    if (runsInSession(use.def)) {
      const move = sessionMove(use.def, space, registry);
      const gap = move === undefined ? undefined : moveGap(use.def, move, options.strict, where);
      if (gap !== undefined) problems.push(gap);
      const copied = move?.transfer?.how === 'cpu';
      ops.push({ op: use.def.id, count: use.count, backend: 'session', how: copied ? 'copied' : 'native', ...(copied ? { reason: `the CPU copies from ${move.from} to ${move.to}` } : {}) });
      continue;
    }
    const found = placeTransfer(use.def, where(), space, options, passedOver);
    if (found instanceof SluiceError) {
      problems.push(found);
      continue;
    }
    storage.set(use.def.id, found);
    ops.push(placedTransfer(use, found, space));
  }
  if (problems.length > 0) {
    throw combine('plan/not-runnable', `program \`${host.name}\` cannot run here: ${problems.length === 1 ? 'one thing is missing' : `${problems.length} things are missing`}`, problems);
  }
  if (compute?.capabilities !== undefined) {
    const launches = launchesOf(body, registry);
    const authored = new Map(host.kernels.map((k) => [k.name, k]));
    for (const k of program.kernels) ops.push({ op: `kernel ${k.name}`, count: launches.get(k.name) ?? 0, backend: compute.backend.id, ...kernelCell(k, authored.get(k.name), compute.capabilities, registry) });
  }
  const used = new Set([compute, ...[...storage.values()].map((s) => s.candidate)]);
  const backends = [...used].flatMap((c) => (c?.probe.available === true ? [{ id: c.backend.id, role: c.backend.role, description: c.probe.description }] : []));
  return {
    program,
    authored: host.kernels,
    placement: placement({ program: host.name, space, ops, passedOver: dedupe(passedOver), backends }),
    compute, storage, space,
  };
}

/** Whether a storage backend runs the composite as it is. */
function lowered(def: OpDef, { candidates, registry }: PlanOptions): boolean {
  return candidates.some(({ backend, capabilities }) =>
    backend.role === 'storage' && capabilities !== undefined && registry.getLowering(def.id, backend.id)?.kind === 'builder' && opCell(capabilities, def.id).how !== 'unavailable');
}

/** With no kernels, device buffers live where storage reaches them: `host` if that is among it. */
function spaceOfStorage({ candidates }: PlanOptions): string {
  const spaces = candidates.flatMap((c) => (c.backend.role === 'storage' ? (c.capabilities?.spaces ?? []) : []));
  return spaces.includes('host') ? 'host' : (spaces[0] ?? 'host');
}

interface OpUse {
  readonly def: OpDef;
  readonly first: Op;
  readonly count: number;
}

/** The distinct ops of a host body, in the order of first occurrence. */
function usesOf(body: Body, registry: Registry): readonly OpUse[] {
  const firsts: (Op | undefined)[] = new Array(body.opNames.length);
  const counts = new Uint32Array(body.opNames.length);
  const regions = [body.region];
  for (let region = regions.pop(); region !== undefined; region = regions.pop()) {
    for (const op of region.ops) {
      firsts[op.name] ??= op;
      counts[op.name] = (counts[op.name] ?? 0) + 1;
      for (const inner of op.regions) regions.push(inner);
    }
  }
  return body.opNames.flatMap((id, i) => {
    const def = registry.lookup(id);
    const first = firsts[i];
    return def === undefined || first === undefined ? [] : [{ def, first, count: counts[i] ?? 0 }];
  });
}

/** Launches of each kernel in the program text. */
function launchesOf(body: Body, registry: Registry): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const launch = body.opNames.map((id) => registry.lookup(id)?.effects.some((e) => e.kind === 'launch') === true);
  if (!launch.includes(true)) return counts;
  const regions = [body.region];
  for (let region = regions.pop(); region !== undefined; region = regions.pop()) {
    for (const op of region.ops) {
      const { kernel } = op.attrs;
      if (launch[op.name] === true && kernel?.kind === 'symbol') counts.set(kernel.name, (counts.get(kernel.name) ?? 0) + 1);
      regions.push(...op.regions);
    }
  }
  return counts;
}

/** True for what the session runs itself: its own ops, and arithmetic through `cpuRef`. */
export function runsInSession(def: OpDef): boolean {
  return (def.category === 'intrinsic' && def.traits.includes('session')) || def.traits.includes('constant') || (typeof def.cpuRef === 'function' && def.traits.includes('pure') && def.results.length === 1);
}

interface Move {
  readonly from: string;
  readonly to: string;
  readonly transfer: SpaceTransfer | undefined;
}

/** How the session does an op of its own that writes memory, or reads it into the program, which the CPU cannot address; undefined for every other. */
function sessionMove(def: OpDef, space: string, registry: Registry): Move | undefined {
  const reads = def.effects.some((e) => e.kind === 'read');
  const writes = def.effects.some((e) => e.kind === 'write');
  // What is read into the program itself has to come to the host.
  const extracts = reads && !writes && def.bytesExtraction;
  if (!(writes || extracts) || space === 'host' || registry.spaces.get(space)?.addressable === true) return undefined;
  const between = (from: string, to: string): Move => ({ from, to, transfer: registry.transfers.find((t) => t.from === from && t.to === to) });
  if (extracts) return between(space, stagingSpace(registry, space, 'out'));
  return between(def.effects.some((e) => e.kind === 'read') ? space : stagingSpace(registry, space, 'in'), space);
}

function moveGap(def: OpDef, { from, to, transfer }: Move, strict: boolean, where: () => Where): SluiceError | undefined {
  if (transfer === undefined) return new SluiceError({ code: 'plan/no-path', message: `\`${def.id}\` has to move bytes from ${from} to ${to}, and no transfer leads there`, fix: 'do it with a kernel, or import a plugin that registers the transfer', where: where() });
  if (strict && transfer.how === 'cpu') return new SluiceError({ code: 'plan/bounce', message: `\`${def.id}\` would be copied by the CPU from ${from} to ${to}, and the session is strict`, fix: 'do it with a kernel, or open the session without `strict`', where: where() });
  return undefined;
}

function placedTransfer({ def, count }: OpUse, found: StoragePlan, space: string): PlacedOp {
  const { cell, candidate } = found;
  const bounces = bouncesOf(found);
  const spaces = found.space === space ? [space] : def.effects.some((e) => e.kind === 'file-read') ? [found.space, space] : [space, found.space];
  return {
    op: def.id, count, backend: candidate.backend.id, how: bounces > 0 ? 'copied' : cell.how,
    path: { via: cell.via ?? 'buffered', spaces, bounces },
    ...(cell.reason === undefined ? {} : { reason: cell.reason }),
  };
}

function dedupe(passed: readonly PassedOver[]): readonly PassedOver[] {
  return passed.filter((p, i) => passed.findIndex((q) => q.backend === p.backend && q.reason === p.reason) === i);
}
