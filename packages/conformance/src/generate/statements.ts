import { fromBits, loadedType, scalar } from '@sluice/core';
import type { Region, ScalarType, Type, ValueId } from '@sluice/core';
import type { Exit, KernelWriter, SharedMemory } from './kernel.ts';
import { Picks } from './recipe.ts';
import type { Recipe } from './recipe.ts';
import type { KnownValue } from './scope.ts';

type Blocks = Recipe['blocks'];
type Statement = (w: KernelWriter, picks: Picks, blocks: Blocks) => void;

const U32 = scalar('u32');
const BOOL = scalar('bool');
const DEEPEST = 4;

/** Writes the statement that a recipe stands for where it stands. */
export function writeStatement(w: KernelWriter, { picks, blocks }: Recipe): void {
  const list = blocks.length === 0 || w.depth >= DEEPEST ? PLAIN : NESTED;
  const reader = new Picks(picks);
  reader.of(list)(w, reader, blocks);
}

const compute: Statement = (w, picks) => {
  const entry = picks.of(w.catalog.values);
  const value = w.compute(picks.of(entry.uses), picks);
  w.known.push(value);
};

const load: Statement = (w, picks) => {
  const readable = w.buffers.filter((b) => b.use.kind === 'read' || (b.use.kind === 'own' && b.use.reads));
  if (readable.length === 0) return;
  const b = picks.of(readable);
  const index = b.use.kind === 'read' ? anyIndex(w, picks) : ownIndex(w, picks);
  const id = w.draft.one(w.ops, 'buffer.load', [b.id, index.id]);
  w.add(id, { uniform: b.use.kind === 'read' && index.uniform });
};

const store: Statement = (w, picks) => {
  const writable = w.buffers.filter((b) => b.use.kind === 'own' && b.use.writes);
  if (writable.length === 0) return;
  const b = picks.of(writable);
  const index = ownIndex(w, picks);
  w.draft.op(w.ops, 'buffer.store', [b.id, index.id, w.pick(loadedType(b.element), picks).id]);
};

const length: Statement = (w, picks) => {
  const all: readonly { readonly id: ValueId }[] = [...w.buffers, ...w.memories];
  if (all.length === 0) return compute(w, picks, []);
  w.add(w.draft.one(w.ops, 'buffer.length', [picks.of(all).id]), { uniform: true });
};

/** On an element of one's own, with a result that counts; or on any, with one that does not. */
const atomic: Statement = (w, picks) => {
  const shared = w.buffers.filter((b) => b.use.kind === 'shared');
  if (shared.length > 0 && picks.below(2) === 0) {
    const b = picks.of(shared);
    if (b.use.kind !== 'shared') return;
    w.draft.op(w.ops, b.use.atomic.def.id, [b.id, anyIndex(w, picks).id, w.pick(b.use.atomic.element, picks).id]);
    return;
  }
  const own = w.buffers.filter((b) => b.use.kind === 'own' && b.use.reads && b.use.writes);
  const choices = own.flatMap((b) => w.catalog.atomics.flatMap(({ uses }) => uses.filter((u) => u.operands[0]?.kind === 'buffer' && u.operands[0].element === b.element && u.operands[0].access === 'read_write').map((use) => ({ b, use }))));
  if (choices.length === 0) return;
  const { b, use } = picks.of(choices);
  const [, , ...rest] = use.operands;
  const results = w.draft.op(w.ops, use.def.id, [b.id, ownIndex(w, picks).id, ...rest.map((t) => w.pick(t, picks).id)], use.attrs);
  for (const id of results) w.add(id);
};

/** Workgroup memory, as its phase allows. */
const memory: Statement = (w, picks) => {
  if (w.memories.length === 0) return compute(w, picks, []);
  const m = picks.of(w.memories);
  if (m.phase === 'read') w.add(w.draft.one(w.ops, 'buffer.load', [m.id, anyIndex(w, picks).id]));
  else w.draft.op(w.ops, 'buffer.store', [m.id, localIndex(w, m, picks), w.pick(loadedType(m.element), picks).id]);
};

const barrier: Statement = (w, picks) => {
  if (!w.collective || !w.catalog.has('control.barrier')) return compute(w, picks, []);
  w.barrier();
};

/** A barrier and a load in one: what was written before it may be read behind it. */
const uniformLoad: Statement = (w, picks) => {
  const from = [...w.buffers.filter((b) => b.use.kind === 'read'), ...w.memories];
  if (!w.collective || from.length === 0 || !w.catalog.has('control.uniform_load')) return compute(w, picks, []);
  const index = w.pick(U32, picks, (v) => v.uniform);
  w.add(w.draft.one(w.ops, 'control.uniform_load', [picks.of(from).id, index.id]), { uniform: true });
  for (const m of w.memories) m.phase = 'read';
};

/** What the lanes of a subgroup make of their values; or where an invocation stands among them. */
const lanes: Statement = (w, picks) => {
  const { catalog } = w;
  const place = picks.of(['subgroup.lane', 'subgroup.size']);
  if (picks.below(4) === 3 && catalog.has(place)) return void w.add(w.draft.one(w.ops, place, []));
  if (!w.collective || catalog.lanes.length === 0) return compute(w, picks, []);
  const value = w.compute(picks.of(picks.of(catalog.lanes).uses), picks);
  w.known.push({ ...value, uniform: false });
};

/** A copy into workgroup memory, between two barriers of which the wait is the second. */
const asyncCopy: Statement = (w, picks) => {
  const sources = [...w.buffers.filter((b) => b.use.kind === 'read'), ...w.memories];
  const pairs = w.memories.flatMap((to) => sources.filter((from) => from.id !== to.id && from.element === to.element).map((from) => ({ to, from })));
  if (!w.collective || pairs.length === 0 || !['control.barrier', 'buffer.async_copy', 'buffer.async_wait'].every((id) => w.catalog.has(id))) return uniformLoad(w, picks, []);
  const { to, from } = picks.of(pairs);
  const [at, start, count] = [0, 0, 0].map(() => w.pick(U32, picks, (v) => v.uniform).id) as [ValueId, ValueId, ValueId];
  w.barrier();
  w.draft.op(w.ops, 'buffer.async_copy', [to.id, w.binary('arith.rem', at, w.u32(9)), from.id, start, w.binary('arith.rem', count, w.u32(40))]);
  w.draft.op(w.ops, 'buffer.async_wait', []);
  for (const m of w.memories) m.phase = 'read';
};

/** A trap that no invocation comes to, which no pass knows: a square is 0 or 1 modulo 4. */
const trap: Statement = (w, picks) => {
  if (!w.traps || !w.catalog.has('control.trap')) return compute(w, picks, []);
  const { id } = w.pick(U32, picks);
  const never = w.binary('arith.eq', w.binary('arith.and', w.binary('arith.mul', id, id), w.u32(3)), w.u32(2));
  const then = w.block(false, [], () => w.draft.op(w.ops, 'control.trap', [id], { tag: { kind: 'scalar', type: U32, bits: BigInt(picks.below(5)) } }), () => yields(w, [], picks));
  w.draft.op(w.ops, 'control.if', [never], {}, [{ args: [], ops: then }]);
};

/** Leaves what stands around, under a condition. */
const leave: Statement = (w, picks) => {
  const condition = conditionFor(w, picks);
  const exits = w.exits.filter((e) => !e.collective || (w.collective && condition.uniform && e.phases.every((p, i) => p === w.memories[i]?.phase)));
  if (exits.length === 0) return compute(w, picks, []);
  const exit = picks.of(exits);
  const then = w.block(w.collective && condition.uniform, [], () => {}, () => exitBy(w, exit, picks));
  w.draft.op(w.ops, 'control.if', [condition.id], {}, [{ args: [], ops: then }]);
};

const branch: Statement = (w, picks, [then = [], otherwise = []]) => {
  const condition = conditionFor(w, picks);
  const collective = w.collective && condition.uniform;
  const types = resultTypes(w, picks);
  const region = (recipes: readonly Recipe[]): Region => ({ args: [], ops: w.block(collective, recipes, () => {}, () => yields(w, types, picks)) });
  const regions = [region(then), ...(types.length > 0 || otherwise.length > 0 ? [region(otherwise)] : [])];
  addResults(w, w.draft.op(w.ops, 'control.if', [condition.id], {}, regions, types));
};

/** A guard as authors write it, and in it others that say the same again, or what follows from it. */
const guard: Statement = (w, picks, [body = []]) => {
  const readable = w.buffers.filter((b) => b.use.kind === 'read');
  const index = w.pick(U32, picks);
  const literal = () => w.literal(U32, picks.of([1, 8, 33]));
  const limit = readable.length === 0 ? literal() : { ...literal(), id: w.draft.one(w.ops, 'buffer.length', [picks.of(readable).id]) };
  const compare = (id: string, b = limit.id): KnownValue => ({ id: w.binary(id, index.id, b), type: BOOL, uniform: index.uniform, exact: true, ordinary: true });
  const then = w.block(w.collective && index.uniform, body, () => {
    const again = compare(picks.of(['arith.lt', 'arith.le', 'arith.ne', 'arith.ge', 'arith.gt']));
    w.known.push(again);
    const from = readable[0];
    if (from === undefined) return;
    const type = loadedType(from.element);
    const inner = (value: () => ValueId): Region => ({ args: [], ops: w.block(w.collective && index.uniform, [], () => {}, () => w.draft.op(w.ops, 'control.yield', [value()])) });
    const regions = [inner(() => w.draft.one(w.ops, 'buffer.load', [from.id, index.id])), inner(() => w.make(type, picks).id)];
    addResults(w, w.draft.op(w.ops, 'control.if', [compare('arith.lt').id], {}, regions, [type]));
  }, () => yields(w, [], picks));
  w.draft.op(w.ops, 'control.if', [compare('arith.lt').id], {}, [{ args: [], ops: then }]);
};

const count: Statement = (w, picks, [body = []]) => {
  const { from, to, step } = bounds(w, picks);
  const uniform = [from, to, step].every((v) => v.uniform);
  const collective = w.collective && uniform && picks.below(2) === 0;
  const init = resultTypes(w, picks).map((t) => w.pick(t, picks));
  const types = init.map((v) => v.type);
  const args = [from.type, ...types].map((t) => w.draft.value(t));
  const ops = w.block(collective, body, () => {
    const phases = w.phases();
    w.exits = [...returns(w), { id: 'control.break', fixed: [], types, collective, phases }, { id: 'control.continue', fixed: [], types, collective, phases }];
    for (const [i, id] of args.entries()) w.add(id, { uniform: i === 0 && collective });
    // The bound, asked for again.
    if (picks.below(3) === 2) w.add(w.binary('arith.lt', args[0] as ValueId, to.id));
  }, () => yields(w, types, picks));
  addResults(w, w.draft.op(w.ops, 'control.for', [from.id, to.id, step.id, ...init.map((v) => v.id)], {}, [{ args, ops }]));
};

/** `before` goes on while a count that `after` lowers is left, and some condition holds. */
const repeat: Statement = (w, picks, [body = [], head = []]) => {
  const left = w.binary('arith.rem', w.pick(U32, picks).id, w.u32(5));
  const init = resultTypes(w, picks).map((t) => w.pick(t, picks));
  const types = init.map((v) => v.type);
  const all = [U32, ...types];
  const beforeArgs = all.map((t) => w.draft.value(t));
  const before = w.block(false, head.filter((r) => r.blocks.length === 0), () => {
    w.exits = []; // a `before` region ends in its condition alone
    for (const id of beforeArgs) w.add(id);
  }, () => {
    const some = w.binary('arith.ne', beforeArgs[0] as ValueId, w.u32(0));
    const condition = w.binary('arith.and', some, conditionFor(w, picks).id);
    const values = [beforeArgs[0] as ValueId, ...types.map((t) => w.pick(t, picks).id)];
    w.draft.op(w.ops, 'control.condition', [condition, ...values]);
  });
  const afterArgs = all.map((t) => w.draft.value(t));
  let lower: ValueId = -1;
  const after = w.block(false, body, () => {
    for (const id of afterArgs) w.add(id);
    lower = w.binary('arith.sub', afterArgs[0] as ValueId, w.u32(1));
    w.exits = [...returns(w), { id: 'control.break', fixed: [afterArgs[0] as ValueId], types, collective: false, phases: [] }, { id: 'control.continue', fixed: [lower], types, collective: false, phases: [] }];
  }, () => yields(w, types, picks, [lower]));
  addResults(w, w.draft.op(w.ops, 'control.while', [left, ...init.map((v) => v.id)], {}, [{ args: beforeArgs, ops: before }, { args: afterArgs, ops: after }], all));
};

/** The first of each is what everything shrinks to. */
const PLAIN: readonly Statement[] = [compute, compute, load, compute, store, compute, length, atomic, memory, compute, barrier, leave, memory, uniformLoad, lanes, asyncCopy, lanes, trap];
const NESTED: readonly Statement[] = [branch, count, repeat, branch, count, guard];

/** An index that is nobody else's, in bounds or not: of one's own elements, or past the end of any buffer. */
function ownIndex(w: KernelWriter, picks: Picks): KnownValue {
  const which = picks.below(6);
  const id = which === 5 ? w.u32(0xffffffff - picks.below(3)) : which <= 2 ? w.own : w.binary('arith.add', w.own, w.binary('arith.mul', w.total, w.u32(which - 2)));
  return { id, type: U32, uniform: false, exact: true, ordinary: true };
}

/** Any u32: mostly a small one. */
function anyIndex(w: KernelWriter, picks: Picks): KnownValue {
  const value = w.pick(U32, picks);
  if (picks.below(4) === 3) return value;
  return { ...value, id: w.binary('arith.rem', value.id, w.u32(1 + picks.below(24))) };
}

function localIndex(w: KernelWriter, _m: SharedMemory, picks: Picks): ValueId {
  const lap = picks.below(4);
  return lap === 0 ? w.local : lap === 3 ? w.u32(0xffffffff) : w.binary('arith.add', w.local, w.u32(lap * w.workgroupSize));
}

function conditionFor(w: KernelWriter, picks: Picks): KnownValue {
  const fits = (v: KnownValue) => v.exact;
  if (picks.below(2) === 0) return w.pick(BOOL, picks, fits);
  const value = w.pick(U32, picks);
  const bit = w.binary('arith.and', value.id, w.u32(1 << picks.below(3)));
  return { id: w.binary('arith.ne', bit, w.u32(0)), type: BOOL, uniform: value.uniform, exact: true, ordinary: true };
}

/** Up to three types of values in sight. */
function resultTypes(w: KernelWriter, picks: Picks): readonly Type[] {
  const seen = [...new Set(w.known.map((v) => v.type))];
  return Array.from({ length: picks.below(3) }, () => picks.of(seen));
}

function yields(w: KernelWriter, types: readonly Type[], picks: Picks, fixed: readonly ValueId[] = []): void {
  w.draft.op(w.ops, 'control.yield', [...fixed, ...types.map((t) => w.pick(t, picks).id)]);
}

function exitBy(w: KernelWriter, { id, fixed, types }: Exit, picks: Picks): void {
  w.draft.op(w.ops, id, [...fixed, ...types.map((t) => w.pick(t, picks).id)]);
}

function addResults(w: KernelWriter, ids: readonly ValueId[]): void {
  for (const id of ids) w.add(id);
}

const COUNTED = ['u32', 'i32', 'u64', 'i64'] as const;

/** Few iterations, of any integer type, upward or downward, at the ends of the range too. */
function bounds(w: KernelWriter, picks: Picks): { readonly from: KnownValue; readonly to: KnownValue; readonly step: KnownValue } {
  const type: ScalarType = scalar(picks.of(COUNTED));
  const down = type.class === 'signed' && picks.below(3) === 2;
  const trips = BigInt(picks.below(5));
  const by = BigInt(1 + picks.below(3));
  const top = 1n << BigInt(type.bits - 1);
  const known = picks.below(3) !== 2;
  const start = picks.of(known ? [0n, 1n, 5n, top - 2n, top, -3n, -1n] : [0n, 1n, 5n]);
  const literal = (bits: bigint) => w.literal(type, fromBits(type.name, BigInt.asUintN(type.bits, bits)));
  const from = literal(start);
  const step = literal(down ? -by : by);
  const end = clamp(type, valueOf(type, start) + (down ? -1n : 1n) * trips * by);
  if (known) return { from, to: literal(end), step };
  // A bound that is only known when it runs: up to three further on, and far from where it would wrap.
  const more = w.draft.one(w.ops, 'arith.rem', [w.pick(type, picks).id, literal(4n).id]);
  const to = w.draft.one(w.ops, 'arith.add', [from.id, more]);
  return { from, to: { id: to, type, uniform: false, exact: true, ordinary: true }, step };
}

function valueOf(type: ScalarType, bits: bigint): bigint {
  return type.class === 'signed' ? BigInt.asIntN(type.bits, bits) : BigInt.asUintN(type.bits, bits);
}

function clamp(type: ScalarType, value: bigint): bigint {
  const [low, high] = type.class === 'signed' ? [-(1n << BigInt(type.bits - 1)), (1n << BigInt(type.bits - 1)) - 1n] : [0n, (1n << BigInt(type.bits)) - 1n];
  return value < low ? low : value > high ? high : value;
}


/** Break and continue lead to the innermost loop; return alone leads further. */
function returns(w: KernelWriter): readonly Exit[] {
  return w.exits.filter((e) => e.id === 'control.return');
}
