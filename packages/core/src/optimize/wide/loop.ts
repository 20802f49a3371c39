import { NO_ATTRIBUTES, fromBits, scalarAttribute } from '../../ir/attributes.ts';
import type { Op, Region, ValueId } from '../../ir/program.ts';
import { scalar } from '../../ir/types.ts';
import type { Type } from '../../ir/types.ts';
import { coreOp } from '../../build/value.ts';
import type { PassFacts } from '../facts.ts';
import type { Split } from '../parts/split.ts';
import { touched } from '../parts/split.ts';

const BOOL = scalar('bool');
const U32 = scalar('u32');

/**
 * A loop that counts in 64 bits counts in pairs, in a while: it carries the index, and whether it may go on, which an
 * index that would wrap ends.
 */
export function wideFor(op: Op, facts: PassFacts, to: Split, out: Op[]): boolean {
  const [index] = op.regions[0]?.args ?? [];
  if (to.idOf(op) !== 'control.for' || index === undefined || !touched(to.typeBefore(index), to.scheme)) return false;
  const [from = -1, end = -1, step = -1, ...init] = op.operands;
  const type = to.typeBefore(index);
  const carried = init.map((v) => to.typeBefore(v));
  const direction = directionOf(step, type, to);
  if (direction === 'unknown') refuseStepZero(step, type, to, out);

  /** Whether `at` lies before `bound`, the way that the loop goes. */
  const before = (at: readonly ValueId[], bound: readonly ValueId[], into: Op[]): ValueId => {
    const compare = (id: string) => on(id, [type, type], [...at, ...bound], BOOL, to, into)[0] as ValueId;
    if (direction === 'up' || type === scalar('u64')) return compare('arith.lt');
    if (direction === 'down') return compare('arith.gt');
    const negative = on('arith.lt', [type, type], [...to.known([step]), ...zeroOf(type, to, into)], BOOL, to, into);
    const chosen = to.value(BOOL);
    into.push(to.op('arith.select', [...negative, compare('arith.gt'), compare('arith.lt')], [chosen]));
    return chosen;
  };

  const live = to.value(BOOL);
  out.push(to.op(to.constant, [], [live], { value: scalarAttribute('bool', true) }));
  const operands = [...to.known([from]), live, ...to.known(init)];

  const head = scope(type, carried, to);
  const test: Op[] = [];
  const inside = before(head.index, to.known([end]), test);
  const both = to.value(BOOL);
  test.push(to.op('arith.and', [inside, head.live], [both]), to.op('control.condition', [both, ...head.args], []));

  const inner = scope(type, carried, to);
  const work: Op[] = [];
  const next = on('arith.add', [type, type], [...inner.index, ...to.known([step])], type, to, work);
  const goes = before(inner.index, next, work);
  const body = op.regions[0] as Region;
  to.bind(index, inner.index);
  body.args.slice(1).forEach((arg, i) => to.bind(arg, inner.carried[i] as readonly ValueId[]));
  const onward = [...next, goes];
  to.ops(body.ops, { catches: facts.def?.regions[0]?.catches ?? [], prefixes: { 'control.yield': onward, 'control.continue': onward, 'control.break': [...inner.index, inner.live] } }, work);

  to.source = op;
  const results = [...scope(type, [], to).args, ...to.define(op.results)];
  out.push(to.op('control.while', operands, results, NO_ATTRIBUTES, [{ args: head.args, ops: test }, { args: inner.args, ops: work }]));
  return true;
}

function directionOf(step: ValueId, type: Type, to: Split): 'up' | 'down' | 'unknown' {
  const known = to.constantOf(step);
  if (known?.kind !== 'scalar' || known.bits === 0n) return 'unknown';
  return type === scalar('u64') || BigInt(fromBits('i64', known.bits)) > 0n ? 'up' : 'down';
}

/** A step of 0 fails as it does for any loop of the target: of one in u32, over nothing, whose step is 0 then. */
function refuseStepZero(step: ValueId, type: Type, to: Split, out: Op[]): void {
  const [nonzero] = on('arith.ne', [type, type], [...to.known([step]), ...zeroOf(type, to, out)], BOOL, to, out);
  const [by, nothing, index] = [to.value(U32), to.value(U32), to.value(U32)];
  out.push(
    to.op('arith.cast', [nonzero as ValueId], [by], { to: { kind: 'type', type: U32 } }),
    to.op(to.constant, [], [nothing], { value: scalarAttribute('u32', 0) }),
    to.op('control.for', [nothing, nothing, by], [], NO_ATTRIBUTES, [{ args: [index], ops: [to.op('control.yield', [], [])] }]),
  );
}

function zeroOf(type: Type, to: Split, into: Op[]): readonly ValueId[] {
  return to.fresh(type).map((v) => {
    into.push(to.op(to.constant, [], [v], { value: scalarAttribute('u32', 0) }));
    return v;
  });
}

/** An op on parts that are there already. */
function on(id: string, types: readonly Type[], operands: readonly ValueId[], result: Type, to: Split, into: Op[]): readonly ValueId[] {
  return to.lowered({ def: coreOp(id), operands: types, results: [result], attrs: NO_ATTRIBUTES, index: undefined }, operands, into);
}

interface Scope {
  readonly args: readonly ValueId[];
  readonly index: readonly ValueId[];
  readonly live: ValueId;
  /** The parts of each value that is carried. */
  readonly carried: readonly (readonly ValueId[])[];
}

/** New values for an index, whether it goes on, and what is carried. */
function scope(index: Type, types: readonly Type[], to: Split): Scope {
  const at = to.fresh(index);
  const live = to.value(BOOL);
  const carried = types.map((t) => to.fresh(t));
  return { args: [...at, live, ...carried.flat()], index: at, live, carried };
}
