import { SluiceError } from '../diagnostics/error.ts';
import type { Where } from '../diagnostics/error.ts';
import type { SpaceTransfer } from '../registry/backend.ts';
import { opCell } from '../registry/capabilities.ts';
import type { Capabilities, Cell } from '../registry/capabilities.ts';
import type { OpDef } from '../ops/op.ts';
import type { Registry } from '../registry/registry.ts';
import type { Candidate } from './candidates.ts';
import type { PlanOptions } from './options.ts';
import type { PassedOver } from './placement.ts';

/** How one transfer op is carried out. */
export interface StoragePlan {
  readonly candidate: Candidate;
  /** The space that the backend fills; another one than the plan's means a transfer between the two. */
  readonly space: string;
  readonly cell: Cell;
  /** The transfers from the backend's space into the plan's, and back; none where the two are one. */
  readonly between: { readonly in?: SpaceTransfer; readonly out?: SpaceTransfer };
}

/** Copies by the CPU that a transfer takes, the backend's own among them. */
export function bouncesOf({ cell, between }: StoragePlan): number {
  return (cell.how === 'copied' ? 1 : 0) + ([between.in, between.out].some((t) => t?.how === 'cpu') ? 1 : 0);
}

function whyCopied({ cell, space: own }: StoragePlan, space: string): string {
  return own === space || cell.how === 'copied' ? (cell.reason ?? 'the backend copies') : `the CPU would copy between ${own} and ${space}`;
}

type Fallen = PassedOver & { readonly code: 'plan/no-path' | 'plan/no-lowering' };

/**
 * The way that an op takes between files and memory in `space`. The ladder: the first candidate that needs no copy by
 * the CPU (it fills the memory itself, or a device moves the bytes on), else, unless the session is strict, the first
 * that needs one. Candidates that were preferred and fell out are added to `passedOver`.
 */
export function placeTransfer(def: OpDef, where: Where, space: string, options: PlanOptions, passedOver: PassedOver[]): StoragePlan | SluiceError {
  const fallen: Fallen[] = [];
  const bouncing: StoragePlan[] = [];
  for (const candidate of options.candidates) {
    const way = wayOf(candidate, def, space, options.registry);
    if ('reason' in way) fallen.push(way);
    else if (bouncesOf(way) > 0) bouncing.push(way);
    else {
      const copying = bouncing.map((b) => ({ backend: b.candidate.backend.id, reason: whyCopied(b, space) }));
      passedOver.push(...shown(fallen, options), ...copying);
      return way;
    }
  }
  const [first] = bouncing;
  if (first !== undefined && !options.strict) {
    const at = options.candidates.indexOf(first.candidate);
    passedOver.push(...shown(fallen, options).filter((f) => options.candidates.findIndex((c) => c.backend.id === f.backend) < at));
    return first;
  }
  const tried = fallen.map(({ backend, reason }) => ({ backend, reason }));
  if (first !== undefined) {
    return new SluiceError({
      code: 'plan/bounce', message: `\`${def.id}\` on ${first.candidate.backend.id} would be copied by the CPU, and the session is strict: ${whyCopied(first, space)}`,
      fix: `use a storage backend that reaches memory in ${space}, or open the session without \`strict\``, where, details: { tried },
    });
  }
  const reached = fallen.some((f) => f.code === 'plan/no-path');
  const idle = idleBackends(options, 'storage').filter((id) => options.registry.getLowering(def.id, id)?.kind === 'builder');
  return new SluiceError({
    code: reached ? 'plan/no-path' : 'plan/no-lowering',
    message: reached ? `\`${def.id}\` has no path between storage and memory in ${space}` : `\`${def.id}\` has no lowering on any linked backend`,
    fix: providersFix(def, idle),
    where, available: [...idle, ...def.providers], details: { tried, providers: def.providers },
  });
}

function wayOf(candidate: Candidate, def: OpDef, space: string, registry: Registry): StoragePlan | Fallen {
  const { backend, probe, capabilities } = candidate;
  const out = (reason: string, code: Fallen['code'] = 'plan/no-lowering', fix?: string): Fallen => ({ backend: backend.id, reason, code, ...(fix === undefined ? {} : { fix }) });
  if (backend.role !== 'storage') return out(backend.onlyByName === true && typeof def.cpuRef === 'object' ? `never runs ${def.dialect} ops` : `no ${def.dialect} dialect`);
  if (!probe.available) return out(probe.reason, 'plan/no-lowering', probe.fix);
  if (capabilities === undefined) return out('has no capabilities');
  const cell = transferCell(capabilities, def, backend.id, registry);
  if (cell.how === 'unavailable') return out(cell.reason ?? `\`${def.id}\` is unavailable`);
  if (registry.getLowering(def.id, 'nativeModule', backend.id)?.kind !== 'builder') return out(`does not lower \`${def.id}\``);
  if (!isTransfer(def) && !makesMap(def) && !endsMap(def)) return out('a session carries out reads, writes and maps of files, and this op is none of them');
  if (capabilities.spaces.includes(space)) return { candidate, space, cell, between: {} };
  if (!isTransfer(def)) return out(`maps files into memory of ${capabilities.spaces.join(', ')}, and the program works in ${space}`, 'plan/no-path');
  const ways = spacesWithin(capabilities, registry).flatMap((own) => {
    const between = transfersBetween(def, own, space, registry);
    return between === undefined ? [] : [{ candidate, space: own, cell: takesDirect(own, capabilities, registry) ? cell : throughPageCache(cell), between }];
  });
  const fewest = Math.min(...ways.map(bouncesOf));
  const best = ways.find((w) => bouncesOf(w) === fewest);
  return best ?? out(`moves bytes between files and memory in ${capabilities.spaces.join(', ')}, and no transfer leads between there and ${space}`, 'plan/no-path');
}

/** The spaces whose memory the backend fills: where it takes any memory that the CPU can address, windows of devices are among it. */
function spacesWithin({ spaces }: Capabilities, registry: Registry): readonly string[] {
  if (!spaces.includes('host')) return spaces;
  return [...spaces, ...[...registry.spaces.values()].filter((s) => s.addressable === true && !spaces.includes(s.id)).map((s) => s.id)];
}

/** Whether direct I/O reaches memory of a space that the backend fills: its own, or plain pages that a device has pinned. */
export function takesDirect(space: string, { spaces }: Capabilities, registry: Registry): boolean {
  return spaces.includes(space) || registry.spaces.get(space)?.direct === true;
}

/** The cell of a transfer to or from memory that is a device's own, and takes no direct I/O. */
export function throughPageCache(cell: Cell): Cell {
  return cell.via === 'direct' ? { ...cell, via: 'buffered', reason: 'memory that a device has mapped takes no direct I/O' } : cell;
}

/** Bytes of a file into memory whose size an operand says, or memory into a file. */
function isTransfer(def: OpDef): boolean {
  const alloc = def.effects.find((e) => e.kind === 'alloc');
  return def.effects.some((e) => e.kind === 'file-read' || e.kind === 'file-write') && (alloc === undefined || alloc.byteLength !== undefined);
}

/** A window of a file as memory, whose size only the file says. */
export function makesMap(def: OpDef): boolean {
  return def.effects.some((e) => e.kind === 'file-read') && def.effects.some((e) => e.kind === 'alloc' && e.byteLength === undefined);
}

/** The end of such memory. */
export function endsMap(def: OpDef): boolean {
  return def.effects.length > 0 && def.effects.every((e) => e.kind === 'free');
}

/** The transfers that the op needs between the backend's own space and the plan's; undefined where one is missing. */
function transfersBetween(def: OpDef, own: string, space: string, registry: Registry): StoragePlan['between'] | undefined {
  const find = (from: string, to: string) => registry.transfers.find((t) => t.from === from && t.to === to);
  const reads = def.effects.some((e) => e.kind === 'file-read');
  const writes = def.effects.some((e) => e.kind === 'file-write');
  const [into, back] = [find(own, space), find(space, own)];
  if ((reads && into === undefined) || (writes && back === undefined)) return undefined;
  return { ...(reads && into !== undefined ? { in: into } : {}), ...(writes && back !== undefined ? { out: back } : {}) };
}

/**
 * What the backend promises for the op. An op that it does not know, and that somebody lowers to its transfers, is as
 * good as an op that it knows with the same effect on files.
 */
function transferCell(capabilities: Capabilities, def: OpDef, backend: string, registry: Registry): Cell {
  const lowering = registry.getLowering(def.id, backend);
  if (capabilities.ops[def.id] !== undefined || lowering?.kind !== 'builder' || lowering.backend !== backend) return opCell(capabilities, def.id);
  const effect = def.effects.find((e) => e.kind === 'file-read' || e.kind === 'file-write');
  const alike = Object.keys(capabilities.ops).find((id) => registry.lookup(id)?.effects.some((e) => e.kind === effect?.kind) === true && opCell(capabilities, id).how !== 'unavailable');
  return opCell(capabilities, alike ?? def.id);
}

/** What of the fallen a person should see: backends that could have served, not those of another role. */
function shown(fallen: readonly Fallen[], { candidates }: PlanOptions): readonly PassedOver[] {
  const storage = new Set(candidates.filter((c) => c.backend.role === 'storage').map((c) => c.backend.id));
  return fallen.filter((f) => storage.has(f.backend)).map(({ backend, reason, fix }) => ({ backend, reason, ...(fix === undefined ? {} : { fix }) }));
}

/** Registered backends that the application's list leaves out. */
export function idleBackends(options: PlanOptions, role: 'compute' | 'storage'): readonly string[] {
  const linked = options.candidates.map((c) => c.backend.id);
  return [...options.registry.backends.values()].filter((b) => b.role === role && !linked.includes(b.id)).map((b) => b.id);
}

const WHERE_IT_RUNS: Readonly<Record<string, string>> = { '@sluice/io-uring': 'Linux', '@sluice/fs': 'anywhere', '@sluice/gds': 'NVIDIA' };

function providersFix(def: OpDef, idle: readonly string[]): string {
  const named = def.providers.map((p) => (WHERE_IT_RUNS[p] === undefined ? `'${p}'` : `'${p}' (${WHERE_IT_RUNS[p]})`));
  const listed = idle.length === 0 ? '' : `add ${idle.map((i) => `'${i}'`).join(' or ')}, which is imported, to \`backends\`; or `;
  if (named.length === 0) return `${listed}import a plugin that lowers \`${def.id}\``;
  return `${listed}import ${named.slice(0, -1).join(', ')}${named.length > 1 ? ' or ' : ''}${named.at(-1) ?? ''}, or any plugin that lowers the ${def.dialect} dialect`;
}
