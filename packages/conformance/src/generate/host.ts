import { byteSize, fromBits, handleType, scalar } from '@sluice/core';
import type { Op, Param, Registry, Result, ScalarType, ScalarValue, Type, ValueId } from '@sluice/core';
import { enumAttr, param, programOf } from '../ir/draft.ts';
import { encode } from '../oracle/memory.ts';
import { edgesOf } from '../ops/edges.ts';
import { isFloat } from '../ops/uses.ts';
import type { Catalog } from './catalog.ts';
import type { Stage } from './chain.ts';
import type { KernelParts } from './kernel.ts';
import type { GeneratedArg, GeneratedProgram } from './program.ts';
import { Picks, random } from './recipe.ts';
import type { ProgramRecipe, Recipe } from './recipe.ts';
import { Scope } from './scope.ts';
import type { Floats } from './scope.ts';

/** What bytes are seen as: floats of one format keep to themselves, because a NaN has no particular bits. */
type Kind = 'integers' | 'f16' | 'bf16' | 'f32';

/** A handle in sight. */
interface KnownHandle {
  readonly id: ValueId;
  readonly byteLength: number;
  readonly kind: Kind;
  /** Bytes from the start of its base. */
  readonly offset: number;
  /** The allocations that it may be, or be a part of, by number. */
  readonly bases: ReadonlySet<number>;
  /** Made by `buffer.alloc` in this block. */
  readonly own: boolean;
}

export interface HostOptions {
  readonly registry: Registry;
  readonly catalog: Catalog;
  readonly floats: Floats;
  readonly file: boolean;
}

const U32 = scalar('u32');
const U64 = scalar('u64');
const BOOL = scalar('bool');
const LENGTHS = [64, 16, 0, 4, 48, 96, 192, 100, 384];
const KINDS: readonly Kind[] = ['integers', 'f32', 'f16', 'bf16'];
const FILE_BYTES = 160;
const DEEPEST = 3;
const MOST_LAUNCHES = 24;
const MOST_RESULTS = 6;

class HostWriter extends Scope {
  handles: KnownHandle[] = [];
  readonly kernels: readonly KernelParts[];
  fd: ValueId | undefined;
  depth = 0;
  launches = 0;
  #bases = 0;

  constructor(kernels: readonly KernelParts[], { registry, catalog, floats }: HostOptions) {
    super(registry, catalog, floats);
    this.kernels = kernels;
  }

  newBase(): number {
    return this.#bases++;
  }

  made(id: ValueId, byteLength: number, kind: Kind, more: { readonly own?: boolean; readonly offset?: number; readonly bases?: ReadonlySet<number> } = {}): KnownHandle {
    const known: KnownHandle = { id, byteLength, kind, offset: 0, bases: new Set([this.newBase()]), own: false, ...more };
    this.handles.push(known);
    return known;
  }

  block(before: () => void, recipes: readonly Recipe[], after: () => void): readonly Op[] {
    const { handles } = this;
    // What was made further out is not to be freed here: it may be here again in the next iteration.
    this.handles = handles.map((h) => ({ ...h, own: false }));
    this.depth++;
    const { ops } = this.within(() => {
      before();
      for (const r of recipes) writeHostStatement(this, r);
      after();
    });
    this.depth--;
    this.handles = handles;
    return ops;
  }

  u64(value: number): ValueId {
    return this.draft.constant(this.ops, U64, BigInt(value));
  }
}

/** A program around kernels, with arguments for it. */
export function buildHost(recipe: ProgramRecipe, kernels: readonly KernelParts[], chain: readonly Stage[], options: HostOptions): GeneratedProgram {
  const w = new HostWriter(kernels, options);
  const picks = new Picks(recipe.picks);
  const draw = random(recipe.data);
  const params: Param[] = [];
  const args: Record<string, GeneratedArg> = {};
  const add = (p: Param, arg: GeneratedArg): ValueId => {
    params.push(p);
    args[p.name] = arg;
    return w.draft.value(p.type);
  };
  const buffers = Array.from({ length: 1 + picks.below(3) }, (_, i) => ({ name: `buffer${i}`, kind: KINDS[picks.below(KINDS.length + 2)] ?? 'integers', length: picks.of(LENGTHS) }));
  for (const { name, kind, length } of buffers) w.made(add(param(name, handleType), contents(kind, length, draw)), length, kind);
  for (const name of ['u32', 'i32', 'u64', 'bool', 'f32'] as const) {
    if (picks.below(2) === 1) w.add(add(param(`arg_${name}`, scalar(name)), drawn(scalar(name), draw)), { uniform: true, exact: true, ordinary: true });
  }
  if (options.file) w.fd = add(param('file', scalar('i32'), { grant: enumAttr('rw') }), { file: Uint8Array.from({ length: FILE_BYTES }, () => draw(256)) });
  for (const r of recipe.body) writeHostStatement(w, r);
  // Each kernel runs at least once.
  for (const k of kernels) launchOf(w, k, new Picks([]));
  chained(w, chain, picks);
  const results = returned(w);
  return { program: programOf('generated', params, results.map((r) => r.result), [...kernels, ...chain].map((k) => k.kernel), w.draft.body(params.map((_, i) => i), w.ops)), args };
}

function returned(w: HostWriter): readonly { readonly result: Result; readonly id: ValueId }[] {
  const handles = w.handles.slice(-MOST_RESULTS).map((h, i) => ({ result: { name: `r${i}`, type: handleType }, id: h.id }));
  const scalars = w.known.filter((v) => v.exact).slice(-2).map((v, i) => ({ result: { name: `v${i}`, type: v.type }, id: v.id }));
  const all = [...handles, ...scalars];
  w.draft.op(w.ops, 'control.return', all.map((r) => r.id));
  return all;
}

/** Bytes of which floats are no NaN: what a signalling one becomes is nobody's promise. */
function contents(kind: Kind, length: number, draw: (below: number) => number): Uint8Array {
  if (kind === 'integers') return Uint8Array.from({ length }, () => draw(256));
  const type = scalar(kind);
  const size = type.bits / 8;
  return encode(type, Array.from({ length: length / size }, () => drawn(scalar(kind === 'f16' ? 'f16' : 'f32'), draw))).slice(0, length);
}

function drawn(type: ScalarType, draw: (below: number) => number): ScalarValue {
  const edges = edgesOf(type).filter((v) => v === v);
  if (draw(2) === 0 || type.class === 'bool') return edges[draw(edges.length)] as ScalarValue;
  if (type.class === 'float') return Math.fround((draw(20001) - 10000) / 64);
  return fromBits(type.name, BigInt.asUintN(type.bits, (BigInt(draw(2 ** 31)) << 33n) ^ BigInt(draw(2 ** 31))));
}

type Statement = (w: HostWriter, picks: Picks, blocks: Recipe['blocks']) => void;

function writeHostStatement(w: HostWriter, { picks, blocks }: Recipe): void {
  const list = blocks.length === 0 || w.depth >= DEEPEST ? PLAIN : NESTED;
  const reader = new Picks(picks);
  reader.of(list)(w, reader, blocks);
}

const launch: Statement = (w, picks) => launchOf(w, picks.of(w.kernels), picks);

const compute: Statement = (w, picks) => {
  if (w.catalog.hostValues.length === 0) return;
  const entry = picks.of(w.catalog.hostValues);
  w.known.push(w.compute(picks.of(entry.uses), picks));
};

const alloc: Statement = (w, picks) => {
  const length = picks.of(LENGTHS);
  const kind = KINDS[picks.below(KINDS.length + 2)] ?? 'integers';
  const id = w.draft.one(w.ops, 'buffer.alloc', [w.u64(length)]);
  w.made(id, length, kind, { own: true });
};

const fill: Statement = (w, picks) => {
  const h = picks.of(w.handles);
  const type = picks.of((['u32', 'u64', 'i32', 'i64'] as const).map((n) => scalar(n)));
  w.draft.op(w.ops, 'buffer.fill', [h.id, w.pick(type, picks).id]);
};

const copy: Statement = (w, picks) => {
  const from = picks.of(w.handles);
  const targets = w.handles.filter((h) => h.byteLength >= from.byteLength && apart(h, from) && (h.kind === from.kind || from.kind === 'integers'));
  if (targets.length > 0) w.draft.op(w.ops, 'buffer.copy', [from.id, picks.of(targets).id]);
};

const slice: Statement = (w, picks) => {
  const h = picks.of(w.handles);
  const at = 4 * picks.below(Math.floor(h.byteLength / 4) + 1);
  const length = 4 * picks.below(Math.floor((h.byteLength - at) / 4) + 1);
  const id = w.draft.one(w.ops, 'buffer.slice', [h.id, w.u64(at), w.u64(length)]);
  w.made(id, length, h.kind, { offset: h.offset + at, bases: h.bases });
};

const size: Statement = (w, picks) => {
  w.add(w.draft.one(w.ops, 'buffer.byte_length', [picks.of(w.handles).id]), { uniform: true });
};

/** One element, in the program. */
const read: Statement = (w, picks) => {
  const exact = w.handles.filter((h) => h.kind === 'integers');
  if (exact.length === 0 || !w.catalog.has('buffer.read')) return size(w, picks, []);
  const element = scalar(picks.of(['u32', 'u8', 'i16', 'i64'] as const));
  w.add(w.draft.one(w.ops, 'buffer.read', [picks.of(exact).id, w.u64(picks.below(12))], { element: { kind: 'type', type: element } }));
};

/** Ends a handle, and with it all that may be the same memory. */
const free: Statement = (w, picks) => {
  const own = w.handles.filter((h) => h.own);
  if (own.length === 0 || w.handles.length < 2) return alloc(w, picks, []);
  const h = picks.of(own);
  const rest = w.handles.filter((o) => apart(o, h));
  if (rest.length === 0) return;
  w.draft.op(w.ops, 'buffer.free', [h.id]);
  w.handles = rest;
};

const readFile: Statement = (w, picks) => {
  if (w.fd === undefined) return alloc(w, picks, []);
  const at = picks.below(FILE_BYTES + 1);
  const length = picks.below(FILE_BYTES - at + 1) & ~3;
  w.made(w.draft.one(w.ops, 'io.dma_from_nvme', [w.fd, w.u64(at), w.u64(length)]), length, 'integers');
};

const writeFile: Statement = (w, picks) => {
  const exact = w.handles.filter((h) => h.kind === 'integers');
  if (w.fd === undefined || exact.length === 0) return fill(w, picks, []);
  w.draft.op(w.ops, 'io.write_back_to_nvme', [picks.of(exact).id, w.fd, w.u64(picks.below(FILE_BYTES))]);
};

const fileSize: Statement = (w, picks) => {
  if (w.fd === undefined) return size(w, picks, []);
  w.add(w.draft.one(w.ops, 'grant.size', [w.fd]), { uniform: true });
};

/** Something that holds. */
const holds: Statement = (w, picks) => {
  const h = picks.of(w.handles);
  if (!w.catalog.has('control.assert')) return;
  const length = w.draft.one(w.ops, 'buffer.byte_length', [h.id]);
  const condition = w.draft.one(w.ops, picks.of(['arith.eq', 'arith.le', 'arith.ge']), [length, w.u64(h.byteLength)]);
  w.draft.op(w.ops, 'control.assert', [condition], { message: { kind: 'string', value: `it has ${h.byteLength} bytes` } });
};

/** A launch whose counts are in memory of their own. */
const launchIndirect: Statement = (w, picks) => {
  if (!w.catalog.has('kernel.launch_indirect')) return;
  launchOf(w, picks.of(w.kernels), picks, true);
};

const branch: Statement = (w, picks, [then = [], otherwise = []]) => {
  const condition = w.pick(BOOL, picks, (v) => v.exact);
  const carried = carry(w, picks);
  const ends: KnownHandle[][] = [];
  const region = (recipes: readonly Recipe[]) => ({
    args: [],
    ops: w.block(() => {}, recipes, () => {
      const chosen = carried.map((h) => picks.of(alike(w, h)));
      ends.push(chosen);
      w.draft.op(w.ops, 'control.yield', chosen.map((h) => h.id));
    }),
  });
  const regions = [region(then), region(otherwise)];
  const ids = w.draft.op(w.ops, 'control.if', [condition.id], {}, regions, carried.map(() => handleType));
  const bases = anyOf(w);
  for (const [i, h] of carried.entries()) w.made(ids[i] as ValueId, h.byteLength, h.kind, { bases, offset: h.offset });
};

const count: Statement = (w, picks, [body = []]) => {
  const to = picks.below(4);
  const carried = carry(w, picks);
  const args = [U32, ...carried.map(() => handleType)].map((t) => w.draft.value(t));
  const loop = w.newBase();
  const ops = w.block(() => {
    w.add(args[0] as ValueId, { uniform: true });
    for (const [i, h] of carried.entries()) w.made(args[i + 1] as ValueId, h.byteLength, h.kind, { bases: new Set([...anyOf(w), loop]), offset: h.offset });
  }, body, () => w.draft.op(w.ops, 'control.yield', carried.map((h) => picks.of(alike(w, h)).id)));
  const bounds = [0, to, 1].map((n) => w.draft.u32(w.ops, n));
  const ids = w.draft.op(w.ops, 'control.for', [...bounds, ...carried.map((h) => h.id)], {}, [{ args, ops }]);
  const bases = anyOf(w);
  for (const [i, h] of carried.entries()) w.made(ids[i] as ValueId, h.byteLength, h.kind, { bases, offset: h.offset });
};

const PLAIN: readonly Statement[] = [launch, compute, alloc, launch, fill, copy, slice, readFile, launch, size, writeFile, free, fileSize, compute, read, holds, launchIndirect];
const NESTED: readonly Statement[] = [count, branch];

function apart(a: KnownHandle, b: KnownHandle): boolean {
  return [...a.bases].every((base) => !b.bases.has(base));
}

/** Every base in sight: what comes out of a branch or loop may be any of them. */
function anyOf(w: HostWriter): ReadonlySet<number> {
  return new Set([...w.handles.flatMap((h) => [...h.bases]), w.newBase()]);
}

function carry(w: HostWriter, picks: Picks): readonly KnownHandle[] {
  return Array.from({ length: picks.below(3) }, () => picks.of(w.handles));
}

/** Handles that may stand for `h`; itself is one. */
function alike(w: HostWriter, h: KnownHandle): readonly KnownHandle[] {
  const found = w.handles.filter((o) => o.byteLength === h.byteLength && o.kind === h.kind && o.offset === h.offset);
  return found.length === 0 ? [h] : found;
}

function launchOf(w: HostWriter, { kernel, buffers }: KernelParts, picks: Picks, indirect = false): void {
  if (w.launches >= MOST_LAUNCHES) return;
  w.launches++;
  const counts = indirect ? countsOf(w, picks) : [picks.of([1, 2, 3, 0]), picks.of([1, 1, 2]), picks.of([1, 1, 1, 2])].map((n) => w.draft.u32(w.ops, n));
  const bound: KnownHandle[] = [];
  const args = kernel.params.map((p, i) => {
    const b = buffers[i];
    if (b === undefined || p.type.kind !== 'buffer') return w.pick(p.type, picks, (v) => v.exact && v.ordinary).id;
    const kind = kindOf(b.element);
    const step = byteSize(b.element) ?? 1;
    // A last element that the view has only a part of is bound to be read alone.
    const whole = (h: KnownHandle) => b.use.kind === 'read' || h.byteLength % step === 0;
    const fits = w.handles.filter((h) => h.kind === kind && h.offset % step === 0 && whole(h) && bound.every((o) => apart(o, h)));
    const at = picks.below(fits.length + 1);
    const h = fits[fits.length - 1 - at] ?? fresh(w, kind, step * picks.of([4, 0, 1, 3, 7, 12]));
    bound.push(h);
    return h.id;
  });
  w.draft.op(w.ops, indirect ? 'kernel.launch_indirect' : 'kernel.launch', [...counts, ...args], { kernel: { kind: 'symbol', name: kernel.name } });
}

/** A buffer with counts, which nothing else is to see, and where in it they stand. */
function countsOf(w: HostWriter, picks: Picks): readonly ValueId[] {
  const counts = w.draft.one(w.ops, 'buffer.alloc', [w.u64(24)]);
  w.draft.op(w.ops, 'buffer.fill', [counts, w.draft.constant(w.ops, U64, picks.of([0x1_00000001n, 0x1_00000002n, 0x2_00000001n, 0n]))]);
  return [counts, w.u64(picks.of([0, 4, 12]))];
}

/** Launches the kernels of a chain in a row; what stands between two of them is for them alone, as a rule. */
function chained(w: HostWriter, chain: readonly Stage[], picks: Picks): void {
  const [first] = chain;
  if (first === undefined) return;
  const width = first.kernel.workgroup[0];
  const groups = picks.of([2, 1, 3]);
  const kind = kindOf(first.from);
  const step = byteSize(first.from) ?? 1;
  let from = w.handles.find((h) => h.kind === kind && h.offset % step === 0) ?? fresh(w, kind, step * width * groups);
  const counts = [groups, 1, 1].map((n) => w.draft.u32(w.ops, n));
  const launches = chain.map(({ kernel, to }, i) => {
    const length = (byteSize(to) ?? 1) * width * groups;
    const last = i === chain.length - 1;
    const target: KnownHandle = { id: w.draft.one(w.ops, 'buffer.alloc', [w.u64(length)]), byteLength: length, kind: kindOf(to), offset: 0, bases: new Set([w.newBase()]), own: true };
    if (last || picks.below(4) === 3) w.handles.push(target);
    const operands = [from.id, target.id, w.pick(U32, picks, (v) => v.exact).id];
    from = target;
    return { kernel, operands };
  });
  for (const { kernel, operands } of launches) w.draft.op(w.ops, 'kernel.launch', [...counts, ...operands], { kernel: { kind: 'symbol', name: kernel.name } });
}

function fresh(w: HostWriter, kind: Kind, length: number): KnownHandle {
  return w.made(w.draft.one(w.ops, 'buffer.alloc', [w.u64(length)]), length, kind, { own: true });
}

function kindOf(element: Type): Kind {
  if (!isFloat(element)) return 'integers';
  const inner = element.kind === 'vector' || element.kind === 'array' ? element.element : element;
  return inner.kind === 'scalar' ? (inner.name as Kind) : kindOf(inner);
}

