import { meaningOf } from '@sluice/core';
import { workgroupLayout } from '@sluice/core';
import type { KernelIr, Op, OpDef, RuntimeValue } from '@sluice/core';
import { Interpreter } from './interpreter.ts';
import type { End, Pause, Running, Shared } from './interpreter.ts';
import { BufferRef, View } from './memory.ts';
import type { Value } from './value.ts';

type Triple = readonly [number, number, number];

export interface LaunchOptions {
  /** The order in which invocations of a workgroup run between two barriers, and workgroups of a launch. */
  readonly order: 'forward' | 'backward';
}

/** Runs a kernel on `groups` workgroups, one after the other; invocations of a workgroup take turns at barriers. */
export function launch(kernel: KernelIr, groups: Triple, args: readonly Value[], shared: Shared, options: LaunchOptions): void {
  for (const group of ordered(cells(groups), options.order)) {
    const memories = new Map<Op, BufferRef>();
    const invocations = cells(kernel.workgroup).map((local) => new Invocation(kernel, { group, groups, local, memories }, shared).region(kernel.body.region, args));
    let waiting: readonly Running<End>[] = ordered(invocations, options.order);
    while (waiting.length > 0) waiting = toNextBarrier(kernel, waiting);
  }
}

function ordered<T>(items: readonly T[], order: LaunchOptions['order']): readonly T[] {
  return order === 'forward' ? items : items.toReversed();
}

/** Runs each to its next barrier or its end; all must come to the same one. */
function toNextBarrier(kernel: KernelIr, running: readonly Running<End>[]): readonly Running<End>[] {
  const pauses = running.map((r) => r.next());
  const [first] = pauses;
  const at = (p: IteratorResult<Pause, End> | undefined) => (p?.done === true ? undefined : p?.value.at);
  if (pauses.some((p) => at(p) !== at(first))) throw new RangeError(`kernel ${kernel.name}: a barrier that not every invocation comes to`);
  return at(first) === undefined ? [] : running;
}

function cells([x, y, z]: Triple): readonly Triple[] {
  return Array.from({ length: x * y * z }, (_, i) => [i % x, Math.floor(i / x) % y, Math.floor(i / (x * y))] as const);
}

interface Place {
  readonly group: Triple;
  readonly groups: Triple;
  readonly local: Triple;
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
    const machine = MACHINE[id] ?? (def.traits.includes('atomic') ? atomic : undefined);
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
