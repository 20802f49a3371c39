import { SluiceError, combine } from '../diagnostics/error.ts';
import { codes as builtinCodes } from '../diagnostics/codes.ts';
import type { CodeRow } from '../diagnostics/codes.ts';
import { dialects as builtinDialects } from '../dialects/index.ts';
import type { Backend, Space, SpaceTransfer } from './backend.ts';
import { SLOTS } from './lowering.ts';
import type { AnyLowering } from './lowering.ts';
import type { Dialect, OpDef } from '../ops/op.ts';
import type { Hooks, Pass, Plugin } from './plugin.ts';
import { Migrations } from '../wire/migration.ts';
import type { Migration } from '../wire/migration.ts';
import { misshapen } from './shape.ts';
import type { Shape } from './shape.ts';

/** What one plugin registered, collected before anything takes effect. */
export interface Contribution {
  readonly plugin: Plugin;
  readonly dialects: Dialect[];
  readonly ops: OpDef[];
  readonly lowerings: { readonly op: string; readonly lowering: AnyLowering }[];
  readonly backends: Backend[];
  readonly types: { readonly spelling: string; readonly summary: string }[];
  readonly passes: Pass[];
  readonly spaces: Space[];
  readonly transfers: SpaceTransfer[];
  readonly migrations: Migration[];
  readonly codes: [string, CodeRow][];
  readonly faults: SluiceError[];
}

const CORE = '@sluice/core';

/** What each hook takes. */
const SHAPES = {
  dialect: { id: 'string', ops: 'object' },
  op: { id: 'string', dialect: 'string', category: 'string', signature: 'object' },
  lowering: { slot: 'string' },
  backend: { id: 'string', slot: 'string', role: 'string', rank: 'number', probe: 'function', open: 'function' },
  type: { spelling: 'string' },
  pass: { id: 'string', run: 'function' },
  space: { id: 'string' },
  transfer: { from: 'string', to: 'string', how: 'string', copy: 'function' },
  migration: { from: 'string', to: 'string' },
} as const satisfies Readonly<Record<string, Shape>>;

/** Every op that the plugin adds. */
export function opsOf(c: Contribution): readonly OpDef[] {
  return [...c.dialects.flatMap((d) => d.ops), ...c.ops];
}

/** Runs a plugin's `register` into a contribution; faults are kept, so that several are reported at once. */
export function collect(plugin: Plugin): Contribution {
  const c: Contribution = { plugin, dialects: [], ops: [], lowerings: [], backends: [], types: [], passes: [], spaces: [], transfers: [], migrations: [], codes: [], faults: [] };
  const fault = (code: 'registry/bad-plugin' | 'registry/closed-dialect', message: string, fix: string) => c.faults.push(new SluiceError({ code, message: `${plugin.name}: ${message}`, fix }));
  const fits = (hook: keyof typeof SHAPES, value: unknown) => {
    const wrong = misshapen(value, SHAPES[hook]);
    if (wrong !== undefined) fault('registry/bad-plugin', `${hook} is ${wrong}`, `register what \`Hooks.${hook}\` of @sluice/core describes`);
    return wrong === undefined;
  };
  const hooks: Hooks = {
    dialect: (d) => {
      if (fits('dialect', d) && [...d.ops].every((o) => fits('op', o))) c.dialects.push(d);
    },
    op: (o) => void (fits('op', o) && c.ops.push(o)),
    lowering: (op, lowering) => {
      if (!fits('lowering', lowering)) return;
      const { slot, build } = lowering;
      if (!SLOTS.includes(slot)) fault('registry/bad-plugin', `the lowering of \`${op}\` is for slot \`${slot}\`, which there is not`, `use one of ${SLOTS.join(', ')}`);
      else if (slot !== 'extensions' && typeof build !== 'function') fault('registry/bad-plugin', `the lowering of \`${op}\` in slot ${slot} has no \`build\``, 'give the function that builds it');
      else if (lowering.slot === 'extensions' && lowering.backend === undefined) fault('registry/bad-plugin', `the lowering of \`${op}\` in slot extensions names no backend`, 'give `backend`');
      else c.lowerings.push({ op, lowering });
    },
    backend: (b) => void (fits('backend', b) && c.backends.push(b)),
    type: (t) => {
      if (!fits('type', t)) return;
      if (/^[a-z][\w-]*\.\w+$/.test(t.spelling)) c.types.push(t);
      else fault('registry/bad-plugin', `type \`${t.spelling}\` is not spelled \`<plugin>.<name>\``, 'prefix the type with the plugin\'s id and a dot');
    },
    pass: (p) => {
      if (!fits('pass', p)) return;
      if (p.id.startsWith('core.')) fault('registry/bad-plugin', `pass \`${p.id}\` has the prefix of core's own passes`, 'prefix the pass with the plugin\'s id and a dot');
      else c.passes.push(p);
    },
    space: (s) => void (fits('space', s) && c.spaces.push(s)),
    transfer: (t) => void (fits('transfer', t) && c.transfers.push(t)),
    migration: (m) => void (fits('migration', m) && c.migrations.push(m)),
    codes: (prefix, rows) => {
      for (const [code, row] of Object.entries(rows)) {
        if (code.startsWith(`${prefix}/`)) c.codes.push([code, row]);
        else fault('registry/bad-plugin', `code \`${code}\` does not start with \`${prefix}/\``, 'prefix the plugin\'s codes with its id');
      }
    },
  };
  try {
    const returned: unknown = plugin.register(hooks);
    if (returned instanceof Promise) {
      // What it registers later comes too late, and nobody else waits for its failure.
      returned.catch(() => {});
      fault('registry/bad-plugin', 'register gave a promise, and what it registers after its first `await` would be lost', 'make `register` a plain function: load what it needs before `definePlugin`');
    }
  } catch (cause) {
    c.faults.push(new SluiceError({ code: 'registry/bad-plugin', message: `${plugin.name}: register threw: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'mend the plugin', cause }));
  }
  const own = new Set(c.dialects.map((d) => d.id));
  for (const d of c.dialects) {
    for (const o of d.ops) if (o.dialect !== d.id) fault('registry/bad-plugin', `op \`${o.id}\` of dialect \`${o.dialect}\` is listed in dialect \`${d.id}\``, 'list it in its own dialect');
  }
  for (const o of c.ops) if (!own.has(o.dialect)) fault('registry/closed-dialect', `op \`${o.id}\` is added to dialect \`${o.dialect}\`, which another package declares`, 'declare a dialect of your own');
  c.faults.push(...migrationFaults(c));
  for (const o of opsOf(c)) {
    if (o.category === 'intrinsic') fault('registry/bad-plugin', `op \`${o.id}\` is \`intrinsic\`, which only core declares`, 'use category `extension`, or `composite` with a `compose`');
  }
  return c;
}

/** Renamed ops go on to an op of the same plugin, in the end, and never in a circle. */
function migrationFaults(c: Contribution): readonly SluiceError[] {
  try {
    const followed = new Migrations(c.migrations);
    const own = new Set(opsOf(c).map((o): string => o.id));
    return c.migrations.filter((m) => !own.has(followed.id(m.from))).map((m) => new SluiceError({ code: 'registry/bad-plugin', message: `${c.plugin.name}: \`${m.from}\` is renamed to \`${followed.id(m.from)}\`, which the plugin does not register`, fix: 'name an op of the plugin as `to`' }));
  } catch (error) {
    return [error as SluiceError];
  }
}

function label(plugin: Plugin): string {
  return `${plugin.name} ${plugin.version}`;
}

/** Everything that must be unique, with the name under which two contributions would clash. */
function claims(c: Contribution): readonly string[] {
  return [
    `package \`${c.plugin.name}\``,
    ...c.dialects.map((d) => `dialect \`${d.id}\``),
    ...opsOf(c).map((o) => `op \`${o.id}\``),
    ...c.backends.map((b) => `backend \`${b.id}\``),
    ...c.types.map((t) => `type \`${t.spelling}\``),
    ...c.passes.map((p) => `pass \`${p.id}\``),
    ...c.spaces.map((s) => `space \`${s.id}\``),
    ...c.transfers.map((t) => `transfer from \`${t.from}\` to \`${t.to}\``),
    // The old name is taken as well: an op that was renamed and one that has its name could not be told apart.
    ...c.migrations.map((m) => `op \`${m.from}\``),
    ...c.codes.map(([code]) => `code \`${code}\``),
    ...c.lowerings.map(({ op, lowering }) => `lowering of \`${op}\` in ${lowering.slot} for ${lowering.backend ?? 'every backend'}`),
  ];
}

function coreClaims(): readonly string[] {
  return [
    ...builtinDialects.map((d) => `dialect \`${d.id}\``),
    ...builtinDialects.flatMap((d) => d.ops).flatMap((o) => [`op \`${o.id}\``, ...(typeof o.cpuRef === 'function' ? [`lowering of \`${o.id}\` in cpuRef for every backend`] : [])]),
    ...Object.keys(builtinCodes).map((c) => `code \`${c}\``),
    'space `host`',
  ];
}

/** Accepts contributions that neither are at fault nor claim what another one claims; order plays no part. */
export function settle(all: readonly Contribution[]): { accepted: Contribution[]; rejected: { plugin: Plugin; error: SluiceError }[] } {
  const owners = new Map<string, Set<string>>(coreClaims().map((c) => [c, new Set([CORE])]));
  const twice = new Map<Contribution, string>();
  for (const c of all) {
    const seen = new Set<string>();
    for (const claim of claims(c)) {
      if (seen.has(claim)) twice.set(c, claim);
      seen.add(claim);
      const holders = owners.get(claim);
      if (holders === undefined) owners.set(claim, new Set([label(c.plugin)]));
      else holders.add(label(c.plugin));
    }
  }
  const accepted: Contribution[] = [];
  const rejected: { plugin: Plugin; error: SluiceError }[] = [];
  for (const c of all) {
    const faults = [...c.faults];
    const repeated = twice.get(c);
    if (repeated !== undefined) faults.push(clash(`${c.plugin.name} registers ${repeated} twice`, [c.plugin.name]));
    for (const claim of new Set(claims(c))) {
      const holders = owners.get(claim);
      if (holders === undefined || holders.size < 2) continue;
      const names = [...holders].sort();
      faults.push(clash(`${names.join(' and ')} both register ${claim}`, names));
    }
    if (faults.length === 0) accepted.push(c);
    else rejected.push({ plugin: c.plugin, error: oneError(faults) });
  }
  return { accepted, rejected };
}

/** The fault, or an error that lists several; the parties to a clash report the same one. */
export function oneError(faults: readonly SluiceError[]): SluiceError {
  const single = faults.flatMap((f) => (f.problems.length > 0 ? f.problems : [f]));
  const distinct = single.filter((f, i) => single.findIndex((g) => g.message === f.message) === i);
  const [first] = distinct;
  if (first !== undefined && distinct.length === 1) return first;
  return combine('registry/rejected', distinct.map((f) => f.message).join('; '), distinct);
}

export function clash(message: string, packages: readonly string[]): SluiceError {
  return new SluiceError({ code: 'registry/clash', message, fix: 'import only one of them, or ask their authors to rename', details: { packages } });
}

/** Lowerings whose op or backend is not registered: accepted, and listed. */
export function danglingOf(c: Contribution, ops: ReadonlyMap<string, OpDef>, backends: ReadonlyMap<string, Backend>): readonly SluiceError[] {
  return c.lowerings.flatMap(({ op, lowering }) => {
    const lacks = !ops.has(op) ? `op \`${op}\`` : lowering.backend !== undefined && !backends.has(lowering.backend) ? `backend \`${lowering.backend}\`` : undefined;
    if (lacks === undefined) return [];
    return [new SluiceError({ code: 'registry/dangling-lowering', message: `${c.plugin.name} lowers \`${op}\` for ${lowering.backend ?? `slot ${lowering.slot}`}, and ${lacks} is not registered`, fix: 'import the package that has it, or leave it: the lowering waits' })];
  });
}
