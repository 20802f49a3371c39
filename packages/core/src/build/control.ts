import { scalarAttribute } from '../ir/attributes.ts';
import type { Region, ValueId } from '../ir/program.ts';
import { scalar } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import { call } from './call.ts';
import { checkFunction, checkRecord, checkText } from './checks.ts';
import { captureSite } from './span.ts';
import { currentTrace, sync } from './trace.ts';
import type { Trace, Traced } from './trace.ts';
import type { AnyValue, ArrayOps, ArrayTy, Carry, Components, In, Int, Lanes, Next, Operand, Scalar, Value } from './types.ts';
import { asValue, coreOp, describe, emitOne, isTraced, mustBeTraced, wrap } from './value.ts';

const IF = coreOp('control.if'), FOR = coreOp('control.for'), WHILE = coreOp('control.while'), BARRIER = coreOp('control.barrier');
const UNIFORM_LOAD = coreOp('control.uniform_load'), TRAP = coreOp('control.trap'), ASSERT = coreOp('control.assert'), NOT = coreOp('arith.not');
const YIELD = coreOp('control.yield'), CONDITION = coreOp('control.condition'), BREAK = coreOp('control.break'), CONTINUE = coreOp('control.continue'), RETURN = coreOp('control.return');

/** Half-open: `from` (0) up to, not including, `to`, by `step` (1). With number bounds alone the index is a u32. */
export interface Range<T extends Int, L = In<T>> {
  readonly from?: L;
  readonly to: L;
  readonly step?: L;
}
type Nothing = void | undefined;

interface Control {
  /** Runs `then` where the condition holds, else `otherwise`. What the branches return is the result. */
  if(condition: Value<'bool'>, then: () => Nothing, otherwise?: () => Nothing): void;
  if<S extends Scalar, N extends Lanes>(condition: Value<'bool'>, then: () => Components<S, N>, otherwise: () => Operand<NoInfer<S>, NoInfer<N>>): Components<S, N>;
  if<T extends ArrayTy>(condition: Value<'bool'>, then: () => ArrayOps<T>, otherwise: () => ArrayOps<NoInfer<T>>): ArrayOps<T>;
  if(condition: Value<'bool'>, then: () => Value<'GpuBufferHandle'>, otherwise: () => Value<'GpuBufferHandle'>): Value<'GpuBufferHandle'>;
  if<const C extends Carry>(condition: Value<'bool'>, then: () => C, otherwise: () => Next<C>): C;
  /**
   * A counted loop: max(0, ceil((to - from) / step)) iterations, bounds evaluated once. Carried state is one value or
   * a record of values; the body returns the next one; the last one is the result.
   */
  for(range: Range<'u32', number>, body: (i: Value<'u32'>) => Nothing): void;
  for<S extends Scalar, N extends Lanes>(range: Range<'u32', number>, init: Components<S, N>, body: (i: Value<'u32'>, carried: Components<S, N>) => Operand<S, N>): Components<S, N>;
  for<T extends ArrayTy>(range: Range<'u32', number>, init: ArrayOps<T>, body: (i: Value<'u32'>, carried: ArrayOps<T>) => ArrayOps<T>): ArrayOps<T>;
  for<const C extends Carry>(range: Range<'u32', number>, init: C, body: (i: Value<'u32'>, carried: C) => Next<C>): C;
  for<T extends Int>(range: Range<T>, body: (i: Value<T>) => Nothing): void;
  for<T extends Int, S extends Scalar, N extends Lanes>(range: Range<T>, init: Components<S, N>, body: (i: Value<T>, carried: Components<S, N>) => Operand<S, N>): Components<S, N>;
  for<T extends Int, A extends ArrayTy>(range: Range<T>, init: ArrayOps<A>, body: (i: Value<T>, carried: ArrayOps<A>) => ArrayOps<A>): ArrayOps<A>;
  for<T extends Int, const C extends Carry>(range: Range<T>, init: C, body: (i: Value<T>, carried: C) => Next<C>): C;
  /** Runs `body` while `condition` holds for the carried state. */
  while<S extends Scalar, N extends Lanes>(init: Components<S, N>, condition: (carried: Components<S, N>) => Value<'bool'>, body: (carried: Components<S, N>) => Operand<S, N>): Components<S, N>;
  while<T extends ArrayTy>(init: ArrayOps<T>, condition: (carried: ArrayOps<T>) => Value<'bool'>, body: (carried: ArrayOps<T>) => ArrayOps<T>): ArrayOps<T>;
  while<const C extends Carry>(init: C, condition: (carried: C) => Value<'bool'>, body: (carried: C) => Next<C>): C;
  /** Leaves the innermost loop; `state` is its result. Nothing may follow in the branch. */
  break(state?: In<Scalar> | Next<Carry>): never;
  /** Goes on with the next iteration of the innermost loop, with `state` carried. Nothing may follow in the branch. */
  continue(state?: In<Scalar> | Next<Carry>): never;
  /** Ends this invocation of the kernel. Nothing may follow in the branch. */
  return(): never;
  /** Waits for every invocation of the workgroup. Uniform control flow only. */
  barrier(memory?: 'workgroup' | 'storage'): void;
  /**
   * One element, read once for the whole workgroup: a barrier, and the same value for every invocation. Uniform control
   * flow only, and the same index for all.
   */
  uniform_load<const B extends { readonly '~type': string; load(index: In<'u32'>): unknown }>(buffer: B, index: In<'u32'>): ReturnType<B['load']>;
  /**
   * Says that something is wrong. The first trap of a launch is recorded with its tag and `address`, the launch runs to
   * its end, and the run fails with `run/trap`.
   */
  trap(address: In<'u32'>, options: { readonly tag: number; readonly message?: string }): void;
  /** Fails the run with `message` where the condition does not hold: in a program with `run/assert`, in a kernel by a trap. */
  assert(condition: Value<'bool'>, message: string): void;
  /**
   * Another program as a part of this one: its ops are built in here, with these values for its parameters. Gives its
   * results.
   */
  readonly call: typeof call;
}

/** Carried state: how a value or record of values becomes a list and back. */
interface Shape {
  readonly keys: readonly string[] | undefined;
  readonly types: readonly Type[];
}

const BOUNDS: readonly string[] = ['from', 'to', 'step'] satisfies readonly (keyof Range<Int>)[];

const loops = new WeakMap<Trace, Shape[]>();

/** Structured control flow; the same in kernels and in programs. */
export const control: Control = {
  if(condition: AnyValue, then: () => unknown, otherwise?: () => unknown): never {
    const trace = currentTrace('control.if');
    const test = mustBeTraced(trace, condition, 'the condition of control.if');
    checkFunction(then, 'the first branch of control.if', 'build/operand');
    if (otherwise !== undefined) checkFunction(otherwise, 'the second branch of control.if', 'build/operand');
    const site = trace.kind === 'program' ? captureSite(1) : undefined;
    let shape: Shape | undefined;
    const branch = (body: () => unknown) =>
      trace.region([], () => {
        const result = sync(trace, body(), 'a branch of control.if');
        if (trace.block.terminated) return;
        shape ??= shapeOf(trace, result);
        trace.emit(YIELD, listOf(trace, shape, result, 'the branch'));
      });
    const yes = branch(then);
    const no = otherwise === undefined ? undefined : branch(otherwise);
    const types = shape?.types ?? [];
    if (no === undefined && types.length > 0) throw trace.fail('build/carried', 'control.if gives a result in one branch only', 'give it a second branch, or return nothing');
    const regions: Region[] = no === undefined ? [yes] : [yes, no];
    return back(trace, shape, trace.emit(IF, [test], undefined, regions, types, site)) as never;
  },

  for(range: Range<Int, unknown>, second: unknown, third?: unknown): never {
    const trace = currentTrace('control.for');
    checkRecord(range, 'the range of control.for', 'build/operand');
    const [init, body] = third === undefined ? [undefined, second] : [second, third];
    const odd = Object.keys(range).find((k) => !BOUNDS.includes(k));
    if (odd !== undefined) throw trace.fail('build/operand', `the range of control.for has no \`${odd}\``, `its bounds are ${BOUNDS.join(', ')}`);
    if (typeof body !== 'function') throw trace.fail('build/operand', 'control.for has no body', 'pass a function as the last argument');
    const site = trace.kind === 'program' ? captureSite(1) : undefined;
    const given = [range.from ?? 0, range.to, range.step ?? 1];
    const type = given.find(isTraced)?.type ?? scalar('u32');
    const bounds = given.map((b) => asValue(trace, b, type));
    const shape = shapeOf(trace, init);
    const carried = listOf(trace, shape, init, 'the initial state');
    const region = loopBody(trace, shape, [type, ...shape.types], (args) => (body as (i: unknown, c: unknown) => unknown)(wrap(trace, args[0] as ValueId), back(trace, shape, args.slice(1))));
    return back(trace, shape, trace.emit(FOR, [...bounds, ...carried], undefined, [region], shape.types, site)) as never;
  },

  while(init: unknown, condition: (carried: never) => unknown, body: (carried: never) => unknown): never {
    const trace = currentTrace('control.while');
    checkFunction(condition, 'the condition of control.while', 'build/operand');
    checkFunction(body, 'the body of control.while', 'build/operand');
    const site = trace.kind === 'program' ? captureSite(1) : undefined;
    const shape = shapeOf(trace, init);
    const carried = listOf(trace, shape, init, 'the initial state');
    const before = trace.region(shape.types, (args) => {
      const test = sync(trace, condition(back(trace, shape, args) as never), 'the condition of control.while');
      trace.emit(CONDITION, [mustBeTraced(trace, test, 'the condition of control.while'), ...args.map((a) => wrap(trace, a))]);
    });
    const after = loopBody(trace, shape, shape.types, (args) => body(back(trace, shape, args) as never));
    return back(trace, shape, trace.emit(WHILE, carried, undefined, [before, after], shape.types, site)) as never;
  },

  break: (state?: unknown) => leave(BREAK, state),
  continue: (state?: unknown) => leave(CONTINUE, state),
  return(): never {
    currentTrace('control.return').emit(RETURN, []);
    return undefined as never;
  },
  barrier(memory: 'workgroup' | 'storage' = 'workgroup'): void {
    currentTrace('control.barrier').emit(BARRIER, [], { memory: { kind: 'enum', value: memory } }, [], [], captureSite(1));
  },
  uniform_load(buffer: unknown, index: unknown): never {
    const trace = currentTrace('control.uniform_load');
    const from = mustBeTraced(trace, buffer, 'the buffer of control.uniform_load');
    const [id] = trace.emit(UNIFORM_LOAD, [from, asValue(trace, index, scalar('u32'))], undefined, [], undefined, captureSite(1));
    return wrap(trace, id as ValueId) as never;
  },
  trap(address: unknown, options: { readonly tag: number; readonly message?: string }): void {
    const trace = currentTrace('control.trap');
    checkRecord(options, 'the second argument of control.trap', 'build/operand');
    const { tag, message = '' } = options;
    if (typeof tag !== 'number') throw trace.fail('build/operand', `the tag of control.trap is ${describe(tag)}`, 'pass an integer as `tag`');
    trace.emit(TRAP, [asValue(trace, address, scalar('u32'))], { tag: scalarAttribute('u32', tag), message: { kind: 'string', value: message } }, [], [], captureSite(1));
  },
  assert(condition: AnyValue, message: string): void {
    const trace = currentTrace('control.assert');
    const test = mustBeTraced(trace, condition, 'the condition of control.assert');
    checkText(message, 'the message of control.assert', 'build/operand');
    const site = captureSite(1);
    if (trace.kind === 'program') {
      trace.emit(ASSERT, [test], { message: { kind: 'string', value: message } }, [], [], site);
      return;
    }
    const failed = emitOne(trace, NOT, [test]);
    const then = trace.region([], () => {
      trace.emit(TRAP, [asValue(trace, 0, scalar('u32'))], { tag: scalarAttribute('u32', 0), message: { kind: 'string', value: message } }, [], [], site);
      trace.emit(YIELD, []);
    });
    trace.emit(IF, [failed], undefined, [then], [], site);
  },
  call,
} satisfies { [K in keyof Control]: (...args: never[]) => unknown };

function loopBody(trace: Trace, shape: Shape, argTypes: readonly Type[], body: (args: readonly ValueId[]) => unknown): Region {
  const stack = loops.get(trace) ?? [];
  loops.set(trace, stack);
  stack.push(shape);
  try {
    return trace.region(argTypes, (args) => {
      const next = sync(trace, body(args), 'the body of a loop');
      if (!trace.block.terminated) trace.emit(YIELD, listOf(trace, shape, next, 'the loop body'));
    });
  } finally {
    stack.pop();
  }
}

function leave(def: typeof BREAK, state: unknown): never {
  const trace = currentTrace(def.id);
  const shape = loops.get(trace)?.at(-1);
  if (shape === undefined) throw trace.fail('build/carried', `${def.id} stands outside a loop`, 'call it in the body of control.for or control.while');
  trace.emit(def, listOf(trace, shape, state, def.id));
  return undefined as never;
}

/** The shape of a state, taken from its first occurrence: every member must be a traced value. */
function shapeOf(trace: Trace, state: unknown): Shape {
  if (state === undefined) return { keys: [], types: [] };
  if (isTraced(state)) return { keys: undefined, types: [state.type] };
  if (typeof state !== 'object' || state === null) {
    throw trace.fail('build/carried', `${String(state)} is a literal: it has no type that could be carried`, 'give it one, for example with u32(0)');
  }
  const members = Object.entries(state);
  const types = members.map(([key, value]): Type => {
    if (isTraced(value)) return value.type;
    throw trace.fail('build/carried', `\`${key}\` is ${describe(value)}: it has no type that could be carried`, 'give it one, for example with u32(0)');
  });
  return { keys: members.map(([key]) => key), types };
}

/** The members of `state` in the order of the shape; names and types must match it. */
function listOf(trace: Trace, shape: Shape, state: unknown, what: string): readonly Traced[] {
  const { keys, types } = shape;
  const wrong = (message: string) => trace.fail('build/carried', `${what} ${message}`, 'hand on the same names with the same types');
  const member = (x: unknown, i: number, name: string): Traced => {
    const type = types[i] as Type;
    const value = asValue(trace, x, type);
    if (value.type !== type) throw wrong(`gives ${value.type.spelling} for ${name}, which is ${type.spelling}`);
    return value;
  };
  if (keys === undefined) return [member(state, 0, 'the carried value')];
  if (keys.length === 0) {
    if (state !== undefined) throw wrong('gives a value where none is carried');
    return [];
  }
  if (typeof state !== 'object' || state === null || isTraced(state)) throw wrong(`does not give a record of ${keys.join(', ')}`);
  const record = state as Record<string, unknown>;
  const odd = Object.keys(record).find((k) => !keys.includes(k)) ?? keys.find((k) => !(k in record));
  if (odd !== undefined) throw wrong(`${odd in record ? 'gives an unknown' : 'does not give'} \`${odd}\`; carried are ${keys.join(', ')}`);
  return keys.map((k, i) => member(record[k], i, `\`${k}\``));
}

/** Values as the author's state: one value, a record, or nothing. */
function back(trace: Trace, shape: Shape | undefined, ids: readonly ValueId[]): unknown {
  if (shape === undefined || (shape.keys !== undefined && shape.keys.length === 0)) return undefined;
  if (shape.keys === undefined) return wrap(trace, ids[0] as ValueId);
  return Object.fromEntries(shape.keys.map((k, i) => [k, wrap(trace, ids[i] as ValueId)]));
}

