import { handleType, scalar } from '@sluice/core';
import type { ValueId } from '@sluice/core';
import type { HostWriter, Kind, KnownHandle } from './host.ts';
import { apart, launchOf } from './launches.ts';
import { Picks } from './recipe.ts';
import type { Recipe } from './recipe.ts';

const U32 = scalar('u32');
const BOOL = scalar('bool');
const DEEPEST = 3;
/** Bytes of buffers. */
export const LENGTHS = [64, 16, 0, 4, 48, 96, 192, 100, 384];
export const KINDS: readonly Kind[] = ['integers', 'f32', 'f16', 'bf16'];
/** Bytes of the granted file. */
export const FILE_BYTES = 160;

type Statement = (w: HostWriter, picks: Picks, blocks: Recipe['blocks']) => void;

/** Writes the statement that a recipe stands for in a program. */
export function writeHostStatement(w: HostWriter, { picks, blocks }: Recipe): void {
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
