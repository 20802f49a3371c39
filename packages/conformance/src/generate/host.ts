import { fromBits, handleType, scalar } from '@sluice/core';
import type { Op, Param, Registry, Result, ScalarType, ScalarValue, ValueId } from '@sluice/core';
import { enumAttr, param, programOf } from '../ir/draft.ts';
import { encode } from '../oracle/memory.ts';
import { edgesOf } from '../ops/edges.ts';
import type { Catalog } from './catalog.ts';
import type { Stage } from './chain.ts';
import { FILE_BYTES, KINDS, LENGTHS, writeHostStatement } from './host-statements.ts';
import type { KernelParts } from './kernel.ts';
import { launchChain, launchOf } from './launches.ts';
import type { GeneratedArg, GeneratedProgram } from './program.ts';
import { Picks, random } from './recipe.ts';
import type { ProgramRecipe, Recipe } from './recipe.ts';
import { Scope } from './scope.ts';
import type { Floats } from './scope.ts';

/** What bytes are seen as: floats of one format keep to themselves, because a NaN has no particular bits. */
export type Kind = 'integers' | 'f16' | 'bf16' | 'f32';

/** A handle in sight. */
export interface KnownHandle {
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

const U64 = scalar('u64');
const MOST_RESULTS = 6;

export class HostWriter extends Scope {
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
  launchChain(w, chain, picks);
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
