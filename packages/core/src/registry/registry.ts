import { SluiceError } from '../diagnostics/error.ts';
import { codes as builtinCodes } from '../diagnostics/codes.ts';
import type { CodeRow } from '../diagnostics/codes.ts';
import { API_VERSION, residentApi, shared } from '../global-slot.ts';
import { opaque } from '../ir/types.ts';
import { dialects as builtinDialects } from '../dialects/index.ts';
import type { Backend, Space, SpaceTransfer } from './backend.ts';
import { frozenMap } from './frozen-map.ts';
import { clash, collect, danglingOf, oneError, opsOf, settle } from './contribution.ts';
import type { Contribution } from './contribution.ts';
import { SLOTS, emptyTable } from './lowering.ts';
import type { FoundLowering, LoweringTable, Slot, SlotBuilders } from './lowering.ts';
import type { Dialect, OpDef } from '../ops/op.ts';
import type { Pass, Plugin } from './plugin.ts';
import type { Migration } from '../wire/migration.ts';

/** How a snapshot begins, besides its plugins. */
interface Start {
  /** Keeps plugins that cannot be registered in `rejected`, in place of throwing. */
  readonly tolerant?: boolean;
  readonly rejected?: Registry['rejected'];
  readonly warnings?: readonly SluiceError[];
}

/**
 * An immutable snapshot of everything that is registered. `with` gives a new one; sessions keep the one that
 * they started with.
 */
export class Registry {
  readonly '~registry' = 1;
  /** Op records by id, sorted by id. */
  readonly ops: ReadonlyMap<string, OpDef>;
  readonly dialects: ReadonlyMap<string, Dialect>;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly types: ReadonlyMap<string, { readonly spelling: string; readonly summary: string }>;
  readonly passes: ReadonlyMap<string, Pass>;
  readonly spaces: ReadonlyMap<string, Space>;
  readonly transfers: readonly SpaceTransfer[];
  /** Renamed ops, by the old id. */
  readonly migrations: ReadonlyMap<string, Migration>;
  readonly codes: ReadonlyMap<string, CodeRow>;
  /** The plugins in it, sorted by name. */
  readonly plugins: readonly Plugin[];
  /** Plugins of the default registry that were rejected, and why; what `with` adds to it keeps them. */
  readonly rejected: readonly { readonly plugin: Plugin; readonly error: SluiceError }[];
  readonly warnings: readonly SluiceError[];
  /** Lowerings whose op or backend nobody has registered. */
  readonly dangling: readonly SluiceError[];
  readonly #tables: ReadonlyMap<string, LoweringTable>;
  readonly #serials: ReadonlyMap<string, number>;

  /** A registry with core's own dialects and nothing else: what tests and isolated sessions start from. */
  constructor();
  /** @internal */
  constructor(plugins: readonly Plugin[], start: Start);
  constructor(plugins: readonly Plugin[] = [], { tolerant = false, rejected: before = [], warnings = [] }: Start = {}) {
    const { accepted, rejected } = settle([...plugins].sort(byName).map(collect));
    if (!tolerant && rejected.length > 0) throw oneError(rejected.map((r) => r.error));
    const ops = [...builtinDialects.flatMap((d) => d.ops), ...accepted.flatMap(opsOf)].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.ops = frozenMap(ops.map((o) => [o.id, o]));
    this.dialects = frozenMap([...builtinDialects, ...accepted.flatMap((c) => c.dialects)].map((d) => [d.id, d]));
    this.backends = frozenMap(accepted.flatMap((c) => c.backends).map((b) => [b.id, b]));
    this.types = frozenMap(accepted.flatMap((c) => c.types).map((t) => [t.spelling, t]));
    this.passes = frozenMap(accepted.flatMap((c) => c.passes).map((p) => [p.id, p]));
    this.spaces = frozenMap(accepted.flatMap((c) => c.spaces).map((s) => [s.id, s]));
    this.transfers = Object.freeze(accepted.flatMap((c) => c.transfers));
    this.migrations = frozenMap(accepted.flatMap((c) => c.migrations).map((m) => [m.from, m]));
    this.codes = frozenMap([...Object.entries(builtinCodes), ...accepted.flatMap((c) => c.codes)]);
    this.plugins = Object.freeze(accepted.map((c) => c.plugin));
    this.rejected = Object.freeze([...before, ...rejected]);
    this.warnings = Object.freeze([...warnings]);
    this.dangling = Object.freeze(accepted.flatMap((c) => danglingOf(c, this.ops, this.backends)));
    this.#tables = tablesOf(ops, accepted);
    this.#serials = frozenMap(ops.map((o, i) => [o.id, i]));
    for (const t of this.types.values()) opaque(t.spelling);
    Object.freeze(this);
  }

  /** The process default: what plugins that were imported have registered so far. Resolved on first read. */
  static get default(): Registry {
    return defaultRegistry();
  }

  /** Makes `snapshot` the process default; what was imported before is no longer in it unless `snapshot` has it. */
  static install(snapshot: Registry): void {
    const slot = defaultSlot();
    slot.queue = [...snapshot.plugins];
    slot.warnings = [];
    slot.resolved = snapshot;
  }

  /**
   * A new snapshot that also has `plugin`; this one stays as it is. The same plugin at the same version again
   * gives this snapshot back.
   * @throws SluiceError `registry/clash` and the other `registry/` codes; then nothing was added.
   */
  with(plugin: Plugin): Registry {
    checkPlugin(plugin);
    const same = this.plugins.find((p) => p.name === plugin.name);
    if (same === plugin) return this;
    if (same === undefined) return new Registry([...this.plugins, plugin], { rejected: this.rejected, warnings: this.warnings });
    if (same.version !== plugin.version) throw versionClash(same, plugin);
    return new Registry([...this.plugins.filter((p) => p !== same), plugin], { rejected: this.rejected, warnings: [...this.warnings, replaced(plugin)] });
  }

  /** The op record of that id. */
  lookup(id: string): OpDef | undefined {
    return this.ops.get(id);
  }

  /** A small integer for the op, valid in this snapshot alone. */
  intern(id: string): number | undefined {
    return this.#serials.get(id);
  }

  /** All lowerings of the op, undefined for an unknown one. */
  table(id: string): LoweringTable | undefined {
    return this.#tables.get(id);
  }

  /**
   * The lowering of `op` for a target: a slot, the id of a registered backend, or `reference`. Undefined where
   * nothing lowers it.
   */
  getLowering(op: string, target: Slot | 'reference' | (string & {}), backend?: string): FoundLowering | undefined {
    const def = this.ops.get(op);
    const table = this.#tables.get(op);
    if (def === undefined || table === undefined) return undefined;
    if (target === 'reference') {
      if (typeof def.cpuRef === 'object') return { kind: 'structured-intrinsic' };
      return pick(table, 'cpuRef', 'cpu-ref') ?? pick(table, 'extensions', 'cpu-ref') ?? viaCompose(def);
    }
    if (isSlot(target)) return pick(table, target, backend) ?? viaCompose(def);
    const named = this.backends.get(target);
    if (named === undefined) return undefined;
    return pick(table, named.slot, named.id) ?? pick(table, 'extensions', named.id) ?? viaCompose(def);
  }

  toJSON(): unknown {
    return { api: API_VERSION, plugins: this.plugins.map((p) => ({ name: p.name, version: p.version })), ops: [...this.ops.keys()] };
  }
}

/** The specific builder, or the one that serves every consumer; with no backend asked for, any. */
function pick<S extends Slot>(table: LoweringTable, slot: S, backend: string | undefined): FoundLowering<S> | undefined {
  const row = table[slot] as ReadonlyMap<string, SlotBuilders[S]>;
  const key = backend !== undefined && row.has(backend) ? backend : row.has('*') ? '*' : backend === undefined ? [...row.keys()].sort()[0] : undefined;
  if (key === undefined) return undefined;
  return { kind: 'builder', slot, backend: key, build: row.get(key) as SlotBuilders[S] };
}

function viaCompose(def: OpDef): FoundLowering | undefined {
  return def.compose === undefined ? undefined : { kind: 'compose' };
}

function isSlot(target: string): target is Slot {
  return (SLOTS as readonly string[]).includes(target);
}

function tablesOf(ops: readonly OpDef[], accepted: readonly Contribution[]): ReadonlyMap<string, LoweringTable> {
  const tables = new Map<string, ReturnType<typeof emptyTable>>();
  for (const op of ops) {
    const table = emptyTable();
    if (typeof op.cpuRef === 'function') table.cpuRef.set('*', op.cpuRef);
    tables.set(op.id, table);
  }
  for (const { op, lowering } of accepted.flatMap((c) => c.lowerings)) {
    const table = tables.get(op);
    const row: Map<string, unknown> | undefined = table?.[lowering.slot];
    row?.set(lowering.backend ?? '*', lowering.build);
  }
  return tables;
}

function versionClash(one: Plugin, other: Plugin): SluiceError {
  return clash(`${one.name} is registered at version ${one.version} and at version ${other.version}`, [one.name]);
}

function replaced(plugin: Plugin): SluiceError {
  return new SluiceError({ code: 'registry/replaced', message: `${plugin.name} ${plugin.version} was registered again with another value: the later one counts`, fix: 'expected on hot reload; otherwise make sure that one copy of the package is installed' });
}

function checkPlugin(plugin: Plugin): void {
  const { name, version, api, register } = plugin;
  if (plugin['~plugin'] !== 1 || typeof name !== 'string' || typeof version !== 'string' || typeof register !== 'function') {
    throw new SluiceError({ code: 'registry/bad-plugin', message: `${typeof name === 'string' ? name : 'a value'} is not a plugin`, fix: 'pass what definePlugin returned' });
  }
  if (api !== API_VERSION || residentApi() !== API_VERSION) {
    const other = api !== API_VERSION ? `was made for plugin contract ${String(api)}` : `meets a second copy of core with contract ${residentApi()}`;
    throw new SluiceError({
      code: 'registry/api-mismatch',
      message: `${name} ${version} ${other}, this core has ${API_VERSION}`,
      fix: `install a version of ${name} and of @sluice/core with the same contract`,
      details: { plugin: name, api, core: API_VERSION },
    });
  }
}

function byName(a: Plugin, b: Plugin): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

interface DefaultSlot {
  queue: Plugin[];
  warnings: SluiceError[];
  resolved: Registry | undefined;
}

function defaultSlot(): DefaultSlot {
  return shared<DefaultSlot>('registry', () => ({ queue: [], warnings: [], resolved: undefined }));
}

function defaultRegistry(): Registry {
  const slot = defaultSlot();
  slot.resolved ??= new Registry(slot.queue, { tolerant: true, warnings: slot.warnings });
  return slot.resolved;
}

/**
 * Queues a plugin for the default registry: what a plugin package's main entry calls when it is imported. It takes
 * effect when the default is next read. The same value again, or the same version of the same package, is no clash.
 * @throws SluiceError `registry/bad-plugin`, `registry/api-mismatch`
 */
export function registerPlugin(plugin: Plugin): void {
  checkPlugin(plugin);
  const slot = defaultSlot();
  if (slot.queue.includes(plugin)) return;
  const same = slot.queue.find((p) => p.name === plugin.name && p.version === plugin.version);
  if (same !== undefined) {
    slot.queue = slot.queue.filter((p) => p !== same);
    slot.warnings.push(replaced(plugin));
  }
  slot.queue.push(plugin);
  slot.resolved = undefined;
}
