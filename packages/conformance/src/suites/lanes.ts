import { bufferType, byteSize, handleType, scalar, vectorType } from '@sluice/core';
import type { Op, ProgramIr, Registry, RuntimeValue, Type, ValueId } from '@sluice/core';
import { Draft, enumAttr, kernelOf, param, programOf } from '../ir/draft.ts';
import { decode, encode } from '../oracle/memory.ts';

/** One computation on many operands at once: invocation i takes the i-th of each. */
export interface Lanes {
  readonly operands: readonly Type[];
  readonly results: readonly Type[];
  /** Appends the ops that compute the results. */
  emit(draft: Draft, into: Op[], operands: readonly ValueId[]): readonly ValueId[];
}

const U32 = scalar('u32');
const WORKGROUP = 32;

/** A program that computes `each` on `count` lanes, in workgroups of that size: inputs `k<n>_<i>`, results `r<n>_<i>`. Bools travel as u32. */
export function lanesProgram(registry: Registry, each: readonly Lanes[], count: number, workgroup = WORKGROUP): ProgramIr {
  const host = new Draft(registry);
  const ops: Op[] = [];
  const kernels = each.map((lanes, n) => lanesKernel(registry, `k${n}`, lanes, workgroup));
  const params = each.flatMap((lanes, n) => lanes.operands.map((_, i) => param(`k${n}_${i}`, handleType)));
  const args = params.map((p) => host.value(p.type));
  const groups = [Math.ceil(count / workgroup), 1, 1].map((g) => host.u32(ops, g));
  const outs: { name: string; id: ValueId }[] = [];
  for (const [n, lanes] of each.entries()) {
    const own = lanes.results.map((type, i): ValueId => {
      const length = host.constant(ops, scalar('u64'), BigInt(count * (byteSize(carrier(type)) ?? 0)));
      const id = host.one(ops, 'buffer.alloc', [length]);
      outs.push({ name: `r${n}_${i}`, id });
      return id;
    });
    const inputs = args.filter((_, i) => params[i]?.name.startsWith(`k${n}_`));
    host.op(ops, 'kernel.launch', [...groups, ...inputs, ...own], { kernel: { kind: 'symbol', name: `k${n}` } });
  }
  host.op(ops, 'control.return', outs.map((o) => o.id));
  return programOf('lanes', params, outs.map((o) => ({ name: o.name, type: handleType })), kernels, host.body(args, ops));
}

function lanesKernel(registry: Registry, name: string, lanes: Lanes, workgroup: number) {
  const draft = new Draft(registry);
  const ops: Op[] = [];
  const params = [...lanes.operands.map((t, i) => param(`a${i}`, bufferType(carrier(t), 'read'))), ...lanes.results.map((t, i) => param(`r${i}`, bufferType(carrier(t), 'write')))];
  const args = params.map((p) => draft.value(p.type));
  const at = draft.one(ops, 'kernel.global_id', [], { axis: enumAttr('x') });
  const operands = lanes.operands.map((type, i) => fromCarrier(draft, ops, type, draft.one(ops, 'buffer.load', [args[i] as ValueId, at])));
  for (const [i, result] of lanes.emit(draft, ops, operands).entries()) {
    draft.op(ops, 'buffer.store', [args[lanes.operands.length + i] as ValueId, at, toCarrier(draft, ops, lanes.results[i] as Type, result)]);
  }
  draft.op(ops, 'control.return', []);
  return kernelOf(name, params, [workgroup, 1, 1], draft.body(args, ops));
}

/** The type that stands for another in memory: bool has no layout. */
function carrier(type: Type): Type {
  if (type.kind === 'scalar') return type.class === 'bool' ? U32 : type;
  return type.kind === 'vector' && type.element.class === 'bool' ? vectorType(U32, type.size) : type;
}

function fromCarrier(draft: Draft, ops: Op[], type: Type, value: ValueId): ValueId {
  return carrier(type) === type ? value : draft.one(ops, 'arith.cast', [value], { to: { kind: 'type', type: scalar('bool') } });
}

function toCarrier(draft: Draft, ops: Op[], type: Type, value: ValueId): ValueId {
  return carrier(type) === type ? value : draft.one(ops, 'arith.cast', [value], { to: { kind: 'type', type: U32 } });
}

/** The bytes of a list of values, as a buffer of them. */
export function lanesOf(type: Type, values: readonly RuntimeValue[]): Uint8Array {
  return encode(carrier(type), carrier(type) === type ? values : values.map(asNumbers));
}

/** The value of lane `at`. */
export function laneAt(type: Type, data: Uint8Array, at: number): RuntimeValue {
  const size = byteSize(carrier(type)) ?? 0;
  const value = decode(carrier(type), data.subarray(at * size, (at + 1) * size));
  return carrier(type) === type ? value : asBools(value);
}

function asNumbers(v: RuntimeValue): RuntimeValue {
  return Array.isArray(v) ? v.map(asNumbers) : Number(v);
}

function asBools(v: RuntimeValue): RuntimeValue {
  return Array.isArray(v) ? v.map(asBools) : v !== 0;
}

/** Lists of one value of each: all, or `most` of all that are spread evenly. */
export function combinations(lists: readonly (readonly RuntimeValue[])[], most: number): readonly (readonly RuntimeValue[])[] {
  const total = lists.reduce((n, l) => n * l.length, 1);
  // A stride without a factor in common with the total comes to each of them once.
  let stride = total <= most ? 1 : Math.max(1, Math.floor(total * 0.618));
  while (divisor(stride, total) !== 1) stride++;
  return Array.from({ length: Math.min(total, most) }, (_, k) => {
    let rest = (k * stride) % total;
    return lists.map((l) => {
      const v = l[rest % l.length] as RuntimeValue;
      rest = Math.floor(rest / l.length);
      return v;
    });
  });
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** Equal, bit for bit, with NaNs as one class. */
export function equalValues(a: RuntimeValue, b: RuntimeValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => equalValues(x as RuntimeValue, b[i] as RuntimeValue));
  return Object.is(a, b);
}
