import { byteSize, scalar } from '@sluice/core';
import type { Type, ValueId } from '@sluice/core';
import { isFloat } from '../ops/uses.ts';
import type { Stage } from './chain.ts';
import type { HostWriter, Kind, KnownHandle } from './host.ts';
import type { KernelParts } from './kernel.ts';
import type { Picks } from './recipe.ts';

const U32 = scalar('u32');
const U64 = scalar('u64');
const MOST_LAUNCHES = 24;

/** Launches a kernel on handles in sight that its parameters can take, or on new ones. */
export function launchOf(w: HostWriter, { kernel, buffers }: KernelParts, picks: Picks, indirect = false): void {
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
export function launchChain(w: HostWriter, chain: readonly Stage[], picks: Picks): void {
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

/** They share no memory, for certain. */
export function apart(a: KnownHandle, b: KnownHandle): boolean {
  return [...a.bases].every((base) => !b.bases.has(base));
}
