import { meaningOf } from '@sluice/core';
import { workgroupLayout } from '@sluice/core';
import type { KernelIr, Op, OpDef, RuntimeValue } from '@sluice/core';
import { Interpreter } from './interpreter.ts';
import type { End, Pause, Running, Shared } from './interpreter.ts';
import { BufferRef, View } from './memory.ts';
import type { Known, Value } from './value.ts';

type Triple = readonly [number, number, number];

export interface LaunchOptions {
  /** The order in which invocations of a workgroup run between two barriers, and workgroups of a launch. */
  readonly order: 'forward' | 'backward';
  /** Lanes of a subgroup; a kernel that asks for them fails without it. */
  readonly subgroupSize?: number | undefined;
}

/** Runs a kernel on `groups` workgroups, one after the other; invocations of a workgroup take turns at barriers. */
export function launch(kernel: KernelIr, groups: Triple, args: readonly Value[], shared: Shared, options: LaunchOptions): void {
  for (const group of ordered(cells(groups), options.order)) {
    const memories = new Map<Op, BufferRef>();
    const place = { group, groups, memories, subgroupSize: options.subgroupSize };
    const invocations = cells(kernel.workgroup).map((local, index): Waiting => ({ index, running: new Invocation(kernel, { ...place, local, index }, shared).region(kernel.body.region, args) }));
    let waiting: readonly Waiting[] = ordered(invocations, options.order);
    while (waiting.length > 0) waiting = toNextBarrier(kernel, waiting, options);
  }
}

/** An invocation, and what it goes on with. */
interface Waiting {
  /** In its workgroup. */
  readonly index: number;
  readonly running: Running<End>;
  readonly answer?: Known;
}

function ordered<T>(items: readonly T[], order: LaunchOptions['order']): readonly T[] {
  return order === 'forward' ? items : items.toReversed();
}

/** Runs each to its next barrier or its end; all must come to the same one. */
function toNextBarrier(kernel: KernelIr, waiting: readonly Waiting[], options: LaunchOptions): readonly Waiting[] {
  const pauses = waiting.map((w) => w.running.next(w.answer));
  const [first] = pauses;
  const at = (p: IteratorResult<Pause, End> | undefined) => (p?.done === true ? undefined : p?.value.at);
  if (pauses.some((p) => at(p) !== at(first))) throw new RangeError(`kernel ${kernel.name}: a barrier that not every invocation comes to`);
  if (first === undefined || first.done === true) return [];
  const lanes = pauses.flatMap((p, i) => (p.done !== true && p.value.lane !== undefined ? [{ lane: p.value.lane, waiting: waiting[i] as Waiting }] : []));
  return lanes.length === 0 ? waiting.map(({ index, running }) => ({ index, running })) : answered(lanes, subgroupSize(options));
}

type Lane = NonNullable<Pause['lane']>;

/** Every subgroup computes: a run of consecutive invocations, the last one of the workgroup as long as it is. */
function answered(lanes: readonly { readonly lane: Lane; readonly waiting: Waiting }[], size: number): readonly Waiting[] {
  const inOrder = lanes.toSorted((a, b) => a.waiting.index - b.waiting.index);
  const answers = Array.from({ length: Math.ceil(lanes.length / size) }, (_, n) => {
    const own = inOrder.slice(n * size, (n + 1) * size).map((l) => l.lane);
    const operands = (own[0]?.operands ?? []).map((__, i) => own.map((l) => l.operands[i] as Known));
    return own[0]?.of(operands) as readonly Known[];
  }).flat();
  return lanes.map(({ waiting: { index, running } }) => ({ index, running, answer: answers[index] as Known }));
}

function subgroupSize({ subgroupSize: size }: { readonly subgroupSize?: number | undefined }): number {
  if (size === undefined) throw new RangeError('the oracle was not told how many lanes a subgroup has');
  return size;
}

function cells([x, y, z]: Triple): readonly Triple[] {
  return Array.from({ length: x * y * z }, (_, i) => [i % x, Math.floor(i / x) % y, Math.floor(i / (x * y))] as const);
}

interface Place {
  readonly group: Triple;
  readonly groups: Triple;
  readonly local: Triple;
  /** Of the invocation in its workgroup. */
  readonly index: number;
  readonly subgroupSize: number | undefined;
  /** Workgroup memory, by the op that makes it. */
  readonly memories: Map<Op, BufferRef>;
}

class Invocation extends Interpreter {
  readonly kernel: KernelIr;
  readonly place: Place;

  constructor(kernel: KernelIr, place: Place, shared: Shared) {
    super(shared, kernel.body);
    this.kernel = kernel;
    this.place = place;
  }

  override machineOp(op: Op, id: string, operands: readonly Value[], def: OpDef): readonly Value[] | Running<readonly Value[]> | undefined {
    const machine = MACHINE[id] ?? (def.traits.includes('atomic') ? atomic : def.traits.includes('subgroup') ? together : undefined);
    return machine?.(this, op, operands, def);
  }
}

type KernelOp = (at: Invocation, op: Op, operands: readonly Value[], def: OpDef) => readonly Value[] | Running<readonly Value[]>;

/** The old value comes back; the meaning says what is stored. */
const atomic: KernelOp = (at, op, [buffer, index, ...rest], def) => {
  const ref = buffer as BufferRef;
  const old = ref.load(index as number);
  const meaning = meaningOf(def, at.useOf(op)) as ((...operands: readonly unknown[]) => RuntimeValue) | undefined;
  if (meaning === undefined) throw new RangeError(`${def.id} has no meaning`);
  if ((index as number) < ref.count) ref.store(index as number, meaning(old, ...rest));
  return op.results.length === 0 ? [] : [old];
};

/** Waits for the other lanes: the meaning is over what all of them have. */
const together: KernelOp = function* (at, op, operands, def) {
  return [(yield { at: op, lane: { operands: operands as readonly Known[], of: at.computing(op, def) } }) as Known];
};

const AXES = ['x', 'y', 'z'];
function id(of: (place: Place, kernel: KernelIr, axis: 0 | 1 | 2) => number): KernelOp {
  return (at, op) => {
    const { axis } = op.attrs;
    return [of(at.place, at.kernel, (axis?.kind === 'enum' ? AXES.indexOf(axis.value) : 0) as 0 | 1 | 2)];
  };
}

const MACHINE: Readonly<Record<string, KernelOp>> = {
  'buffer.load': (_, __, [buffer, index]) => [(buffer as BufferRef).load(index as number)],
  'buffer.store': (_, __, [buffer, index, value]) => {
    (buffer as BufferRef).store(index as number, value as RuntimeValue);
    return [];
  },
  'buffer.length': (_, __, [buffer]) => [(buffer as BufferRef).count],
  'buffer.workgroup': (at, op) => {
    const { memories } = at.place;
    const found = memories.get(op) ?? workgroupMemory(op);
    memories.set(op, found);
    return [found];
  },
  'control.barrier': function* (_, op) {
    yield { at: op };
    return [];
  },
  // The load stands between two barriers, so that nobody's store comes in between.
  'control.uniform_load': function* (_, op, [buffer, index]) {
    yield { at: op };
    const value = (buffer as BufferRef).load(index as number);
    yield { at: op };
    return [value];
  },
  // Every invocation makes the same copy: nothing may touch either side before the wait.
  'buffer.async_copy': (_, __, [target, targetIndex, source, sourceIndex, count]) => {
    const [to, from] = [target as BufferRef, source as BufferRef];
    const [at, start] = [targetIndex as number, sourceIndex as number];
    for (let i = 0; i < (count as number) && at + i < to.count; i++) to.store(at + i, from.load(start + i));
    return [];
  },
  'buffer.async_wait': function* (_, op) {
    yield { at: op };
    return [];
  },
  'control.trap': () => {
    throw new RangeError('the oracle came to a trap');
  },
  'subgroup.size': ({ place }) => [subgroupSize(place)],
  'subgroup.lane': ({ place }) => [place.index % subgroupSize(place)],
  'kernel.global_id': id(({ group, local }, { workgroup }, axis) => group[axis] * workgroup[axis] + local[axis]),
  'kernel.local_id': id(({ local }, _, axis) => local[axis]),
  'kernel.workgroup_id': id(({ group }, _, axis) => group[axis]),
  'kernel.workgroup_count': id(({ groups }, _, axis) => groups[axis]),
};

function workgroupMemory(op: Op): BufferRef {
  const layout = workgroupLayout(op.attrs);
  if (layout === undefined) throw new RangeError('workgroup memory without a layout');
  return new BufferRef(View.of(new Uint8Array(layout.bytes)), layout.element);
}
