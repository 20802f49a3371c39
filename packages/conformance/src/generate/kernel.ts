import { bufferType, byteSize, loadedType, scalar } from '@sluice/core';
import type { KernelIr, Op, Param, Registry, Type, ValueId } from '@sluice/core';
import { kernelOf, param } from '../ir/draft.ts';
import { isFloat } from '../ops/uses.ts';
import { axis } from './catalog.ts';
import type { Catalog, SharedAtomic } from './catalog.ts';
import { Picks } from './recipe.ts';
import type { KernelRecipe, Recipe } from './recipe.ts';
import { Scope } from './scope.ts';
import type { Floats, KnownValue } from './scope.ts';
import { writeStatement } from './statements.ts';

/** What may be done with a buffer, so that no two invocations meet at an element. */
export type BufferUse =
  /** Read by all. */
  | { readonly kind: 'read' }
  /** Each invocation has elements of its own. */
  | { readonly kind: 'own'; readonly writes: boolean; readonly reads: boolean }
  /** One atomic op, anywhere, whose order does not matter and whose results are not used. */
  | { readonly kind: 'shared'; readonly atomic: SharedAtomic };

export interface KernelBuffer {
  readonly id: ValueId;
  readonly element: Type;
  readonly use: BufferUse;
}

/** Workgroup memory: between two barriers either each invocation writes elements of its own, or all read. */
export interface SharedMemory {
  readonly id: ValueId;
  readonly element: Type;
  phase: 'write' | 'read';
}

/** A way out of where a block stands. */
export interface Exit {
  readonly id: 'control.break' | 'control.continue' | 'control.return';
  /** What it hands on before the rest. */
  readonly fixed: readonly ValueId[];
  readonly types: readonly Type[];
  /** Every invocation of the workgroup comes to where it leads: only all together may take it. */
  readonly collective: boolean;
  /** The phases that memory has where it leads; empty for any. */
  readonly phases: readonly SharedMemory['phase'][];
}

export interface KernelParts {
  readonly kernel: KernelIr;
  /** What each buffer parameter is for, in the order of the parameters; undefined for scalars. */
  readonly buffers: readonly (KernelBuffer | undefined)[];
}

/** What writes a kernel's body out of a recipe. */
export class KernelWriter extends Scope {
  readonly buffers: KernelBuffer[] = [];
  readonly memories: SharedMemory[] = [];
  /** All invocations of a workgroup come here together. */
  collective = false;
  exits: readonly Exit[] = [];
  /** It may hold traps. */
  traps = true;
  depth = 0;
  own!: ValueId;
  total!: ValueId;
  local!: ValueId;
  workgroupSize = 1;
  #steps = 0;

  statements(recipes: readonly Recipe[]): void {
    for (const recipe of recipes) {
      if (this.#steps++ < MOST_STATEMENTS) writeStatement(this, recipe);
    }
  }

  /** A block within what stands here: `body` runs in it, then its statements. */
  block(collective: boolean, recipes: readonly Recipe[], before: () => void, after: () => void): readonly Op[] {
    const outer = { collective: this.collective, exits: this.exits };
    const phases = this.phases();
    this.collective = collective;
    // Where not all come together, nobody may leave what all must leave together.
    if (!collective) this.exits = this.exits.filter((e) => !e.collective);
    this.depth++;
    const { ops } = this.within(() => {
      before();
      this.statements(recipes);
      if (this.memories.some((m, i) => m.phase !== phases[i])) this.barrier(phases);
      after();
    });
    this.depth--;
    this.collective = outer.collective;
    this.exits = outer.exits;
    return ops;
  }

  phases(): readonly SharedMemory['phase'][] {
    return this.memories.map((m) => m.phase);
  }

  /** A barrier, after which each memory is in the phase given, or in the other one. */
  barrier(phases?: readonly SharedMemory['phase'][]): void {
    this.draft.op(this.ops, 'control.barrier', [], {});
    for (const [i, m] of this.memories.entries()) m.phase = phases?.[i] ?? (m.phase === 'read' ? 'write' : 'read');
  }

  u32(value: number): ValueId {
    return this.draft.u32(this.ops, value);
  }

  binary(id: string, a: ValueId, b: ValueId): ValueId {
    return this.draft.one(this.ops, id, [a, b]);
  }
}

const MOST_STATEMENTS = 120;
const U32 = scalar('u32');
const WORKGROUPS: readonly KernelIr['workgroup'][] = [[1, 1, 1], [2, 1, 1], [3, 1, 1], [4, 1, 1], [8, 1, 1], [2, 2, 1], [3, 2, 1], [2, 2, 2], [5, 1, 1]];

/** A kernel of a recipe: valid, without races, and the same on every backend as far as its floats are. */
export function buildKernel(name: string, recipe: KernelRecipe, registry: Registry, catalog: Catalog, floats: Floats): KernelParts {
  const w = new KernelWriter(registry, catalog, floats);
  const picks = new Picks(recipe.picks);
  const workgroup = picks.of(WORKGROUPS);
  w.workgroupSize = workgroup[0] * workgroup[1] * workgroup[2];
  w.collective = picks.below(2) === 0;
  const params = declare(w, picks);
  const args = params.map((p) => w.draft.value(p.param.type));
  for (const [i, p] of params.entries()) {
    const id = args[i] as ValueId;
    if (p.use === undefined) w.add(id, { uniform: true, exact: true, ordinary: !isFloat(p.param.type) });
    else if (p.param.type.kind === 'buffer') w.buffers.push({ id, element: p.param.type.element, use: p.use });
  }
  writeHead(w, workgroup, picks);
  w.exits = [{ id: 'control.return', fixed: [], types: [], collective: w.collective, phases: [] }];
  w.statements(recipe.body);
  const shown = writeTail(w, params.length);
  w.draft.op(w.ops, 'control.return', []);
  const allArgs = [...args, ...shown.map((s) => s.id)];
  const kernel = kernelOf(name, [...params, ...shown].map((p) => p.param), workgroup, w.draft.body(allArgs, w.ops));
  return { kernel, buffers: allArgs.map((id) => w.buffers.find((b) => b.id === id)) };
}

interface Declared {
  readonly param: Param;
  readonly use?: BufferUse;
}

/** Parameters: some buffers, of which the first can be written, then some scalars. */
function declare(w: KernelWriter, picks: Picks): readonly Declared[] {
  const { catalog } = w;
  const buffers = Array.from({ length: 1 + picks.below(4) }, (_, i): Declared => {
    const what = i === 0 ? 0 : picks.below(5);
    if (what === 4 && catalog.shared.length > 0) {
      const atomic = picks.of(catalog.shared);
      return { param: param(`b${i}`, bufferType(atomic.element, 'read_write')), use: { kind: 'shared', atomic } };
    }
    const element = i === 0 && picks.below(2) === 0 ? U32 : picks.of(catalog.elements);
    if (what === 2) return { param: param(`b${i}`, bufferType(element, 'read')), use: { kind: 'read' } };
    if (what === 3) return { param: param(`b${i}`, bufferType(element, 'write')), use: { kind: 'own', writes: true, reads: false } };
    return { param: param(`b${i}`, bufferType(element, 'read_write')), use: { kind: 'own', writes: true, reads: true } };
  });
  const scalars = catalog.types.filter((t) => t.kind === 'scalar');
  return [...buffers, ...Array.from({ length: picks.below(3) }, (_, i): Declared => ({ param: param(`s${i}`, picks.of(scalars)) }))];
}

/** Ids, what the elements of each invocation are, and workgroup memory. */
function writeHead(w: KernelWriter, workgroup: KernelIr['workgroup'], picks: Picks): void {
  const { draft, ops } = w;
  const [gx, gy, gz] = (['x', 'y', 'z'] as const).map((a) => draft.one(ops, 'kernel.global_id', [], axis(a))) as [ValueId, ValueId, ValueId];
  const [lx, ly, lz] = (['x', 'y', 'z'] as const).map((a) => draft.one(ops, 'kernel.local_id', [], axis(a))) as [ValueId, ValueId, ValueId];
  const [width, height, depth] = (['x', 'y', 'z'] as const).map((a, i) => w.binary('arith.mul', draft.one(ops, 'kernel.workgroup_count', [], axis(a)), w.u32(workgroup[i] as number))) as [ValueId, ValueId, ValueId];
  const plane = w.binary('arith.mul', width, height);
  w.own = w.binary('arith.add', gx, w.binary('arith.add', w.binary('arith.mul', gy, width), w.binary('arith.mul', gz, plane)));
  w.total = w.binary('arith.mul', plane, depth);
  w.local = w.binary('arith.add', lx, w.binary('arith.add', w.binary('arith.mul', ly, w.u32(workgroup[0])), w.binary('arith.mul', lz, w.u32(workgroup[0] * workgroup[1]))));
  w.add(w.own);
  w.add(w.local);
  w.add(w.total, { uniform: true });
  w.add(draft.one(ops, 'kernel.workgroup_id', [], axis('x')), { uniform: true });
  if (!w.collective || w.catalog.workgroupElements.length === 0 || !w.catalog.has('control.barrier')) return;
  for (let n = picks.below(3); n > 0; n--) {
    // One that a buffer has as well, so that it may be copied.
    const alike = w.buffers.filter((b) => b.use.kind === 'read' && w.catalog.workgroupElements.includes(b.element));
    const element = alike.length > 0 && picks.below(2) === 1 ? picks.of(alike).element : picks.of(w.catalog.workgroupElements);
    const length = 1 + picks.below(Math.min(3 * w.workgroupSize, Math.floor(2048 / (byteSize(element) ?? 1))));
    const [id] = draft.op(ops, 'buffer.workgroup', [], { element: { kind: 'type', type: element }, length: { kind: 'scalar', type: U32, bits: BigInt(length) } });
    if (id !== undefined) w.memories.push({ id, element, phase: 'write' });
  }
}

/** Buffers that a kernel has at most: one less than every backend binds. */
const MOST_BUFFERS = 7;

/** Stores what was computed last, so that it shows; gives the parameters that it needs for that beside those there are. */
function writeTail(w: KernelWriter, params: number): readonly { readonly id: ValueId; readonly param: Param }[] {
  for (const b of w.buffers) {
    if (b.use.kind !== 'own' || !b.use.writes) continue;
    const value = w.known.findLast((v) => v.type === loadedType(b.element));
    if (value !== undefined) w.draft.op(w.ops, 'buffer.store', [b.id, w.own, value.id], {});
  }
  const shown: { id: ValueId; param: Param }[] = [];
  for (const value of w.known.slice(-12).toReversed()) {
    if (w.buffers.length >= MOST_BUFFERS) break;
    if (value.type === U32 || w.buffers.some((b) => b.element === value.type) || !w.catalog.elements.includes(value.type)) continue;
    const type = bufferType(value.type, 'write');
    const id = w.draft.value(type);
    w.buffers.push({ id, element: value.type, use: { kind: 'own', writes: true, reads: false } });
    shown.push({ id, param: param(`p${params + shown.length}`, type) });
    w.draft.op(w.ops, 'buffer.store', [id, w.own, value.id], {});
  }
  const folded = w.known.filter((v) => v.type.kind === 'scalar' && !isFloat(v.type)).slice(-12).map((v) => asU32(w, v));
  const sum = folded.reduce((a, b) => w.binary('arith.xor', w.binary('arith.mul', a, w.u32(31)), b));
  const out = w.buffers.find((b) => b.use.kind === 'own' && b.use.writes && loadedType(b.element) === U32);
  if (out !== undefined) w.draft.op(w.ops, 'buffer.store', [out.id, w.binary('arith.add', w.own, w.total), sum], {});
  return shown;
}

function asU32(w: KernelWriter, { id, type }: KnownValue): ValueId {
  return type === U32 ? id : w.draft.one(w.ops, 'arith.cast', [id], { to: { kind: 'type', type: U32 } });
}
