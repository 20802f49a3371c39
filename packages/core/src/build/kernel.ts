import { SluiceError } from '../diagnostics/error.ts';
import type { Attributes } from '../ir/attributes.ts';
import { NO_ATTRIBUTES, scalarAttribute } from '../ir/attributes.ts';
import type { Body, Kernel as KernelIr, Param } from '../ir/program.ts';
import { buffer as bufferType, parseType, scalar } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import { shown } from '../text/json.ts';
import { TracedBuffer } from './buffer-view.ts';
import { checkFunction, checkRecord, checkText } from './checks.ts';
import { retraceForSpans } from './retrace.ts';
import { captureSite, captureSpan } from './span.ts';
import { currentTrace, isThenable, Trace, traceInto } from './trace.ts';
import type { SpanMode, Traced } from './trace.ts';
import type { Access, BufferTy, BufferView, In, Scalar, Storage, Sync, Value } from './types.ts';
import { asValue, constant, coreOp, describe, emitOne, isTraced, mustBeTraced, wrap } from './value.ts';
import type { TracedValue } from './value.ts';

const LAUNCH = coreOp('kernel.launch'), LAUNCH_INDIRECT = coreOp('kernel.launch_indirect'), RETURN = coreOp('control.return'), WORKGROUP = coreOp('buffer.workgroup');
const DIV = coreOp('arith.div'), REM = coreOp('arith.rem'), NE = coreOp('arith.ne'), CAST = coreOp('arith.cast'), ADD = coreOp('arith.add');

/** Parameters of a kernel: buffers, as `buffer<element, access>`, and scalars. */
export type KernelParams = Readonly<Record<string, BufferTy<Storage, Exclude<Access, 'workgroup'>> | Scalar>>;
type KernelArg<P> = P extends `buffer<array<${infer E}, ${infer N extends number}>, ${infer A extends Access}>` ? (`array<${E}, ${N}>` extends infer S extends Storage ? BufferView<S, A> : never) : P extends `buffer<${infer S extends Storage}, ${infer A extends Access}>` ? BufferView<S, A> : P extends Scalar ? Value<P> : never;
export type KernelArgs<P extends KernelParams> = { readonly [K in keyof P]: KernelArg<P[K]> };

export interface Vec3u {
  readonly x: Value<'u32'>;
  readonly y: Value<'u32'>;
  readonly z: Value<'u32'>;
}
/** Where an invocation stands in the whole launch. */
export interface Ids {
  readonly global: Vec3u;
  readonly local: Vec3u;
  readonly workgroup: Vec3u;
  /** Workgroups of the launch. */
  readonly count: Vec3u;
}

/** A kernel with the types of its parameters. */
export interface Kernel<P extends KernelParams = KernelParams> extends KernelIr {
  readonly '~params'?: P;
}

export interface KernelSpec<P extends KernelParams> {
  readonly params: P;
  /** Invocations of a workgroup, by dimension. */
  readonly workgroup: number | readonly [number, number?, number?];
  /** `op`: keep the author's line of each op, which costs microseconds an op. Else the body runs again when an error needs one. */
  readonly spans?: SpanMode;
}

/**
 * Traces `body` into a kernel. The body runs once, synchronously, with a traced value for each parameter; and once more if
 * an error must say which of its lines it is about, unless the spec has `spans: 'op'`.
 * @throws SluiceError the `build/` codes
 */
export function defineKernel<const P extends KernelParams, R extends void | undefined>(
  name: string,
  spec: KernelSpec<P>,
  body: (args: KernelArgs<P>, ids: Ids) => Sync<R>,
): Kernel<P> {
  checkText(name, 'the name of a kernel');
  checkRecord(spec, `the spec of kernel \`${name}\``);
  checkRecord(spec.params, `\`params\` of kernel \`${name}\``);
  checkFunction(body, `the body of kernel \`${name}\``);
  const sizes: readonly unknown[] = Array.isArray(spec.workgroup) ? spec.workgroup : [spec.workgroup];
  if (sizes.length === 0 || sizes.length > 3 || sizes.some((n) => n !== undefined && !isCount(n)) || sizes[0] === undefined) {
    throw new SluiceError({ code: 'build/param', message: `\`workgroup\` of kernel \`${name}\` is ${describe(spec.workgroup)}`, fix: 'pass the invocations of a workgroup: a positive integer, or up to three by dimension' });
  }
  const span = captureSpan();
  const params: readonly Param[] = Object.entries(spec.params).map(([key, spelling]) => ({ name: key, type: parseType(spelling), attrs: NO_ATTRIBUTES }));
  const traced = traceKernel(name, params, body as AnyBody, spec.spans);
  if (spec.spans !== 'op') retraceForSpans(traced, () => traceKernel(name, params, body as AnyBody, 'op'));
  const [x, y = 1, z = 1] = typeof spec.workgroup === 'number' ? [spec.workgroup] : spec.workgroup;
  return shown<KernelIr>({ kind: 'kernel', name, params, workgroup: [x, y, z], body: traced, span });
}

type AnyBody = (args: KernelArgs<KernelParams>, ids: Ids) => unknown;

function traceKernel(name: string, params: readonly Param[], body: AnyBody, spans: SpanMode | undefined): Body {
  const trace = new Trace('kernel', name, spans);
  const args = params.map((p) => trace.value(p.type, p.name));
  const values = Object.fromEntries(params.map((p, i) => [p.name, p.type.kind === 'buffer' ? new TracedBuffer(trace, args[i] as number, p.type, trace.root) : wrap(trace, args[i] as number, trace.root)]));
  traceInto(trace, () => {
    const result = body(values as unknown as KernelArgs<KernelParams>, idsOf(trace));
    if (result !== undefined && !isThenable(result)) throw trace.fail('build/result', `the body of kernel \`${name}\` returns ${describe(result)}`, 'return nothing: a kernel stores its results in buffers');
    if (!trace.block.terminated) trace.emit(RETURN, []);
    return result;
  });
  return trace.finish(args);
}

function isCount(n: unknown): boolean {
  return typeof n === 'number' && Number.isInteger(n) && n >= 1 && n < 2 ** 32;
}

/** Ids become ops when they are first read, at the start of the kernel. */
function idsOf(trace: Trace): Ids {
  const vec = (id: string): Vec3u => {
    const def = coreOp(id);
    const made = new Map<string, TracedValue>();
    const axis = (name: 'x' | 'y' | 'z') => {
      let value = made.get(name);
      if (value === undefined) {
        const attrs: Attributes = { axis: { kind: 'enum', value: name } };
        value = wrap(trace, trace.hoist(def, [], attrs)[0] as number, trace.root);
        made.set(name, value);
      }
      return value as unknown as Value<'u32'>;
    };
    return { get x() { return axis('x'); }, get y() { return axis('y'); }, get z() { return axis('z'); } };
  };
  return { global: vec('kernel.global_id'), local: vec('kernel.local_id'), workgroup: vec('kernel.workgroup_id'), count: vec('kernel.workgroup_count') };
}

/** Memory that the workgroup shares: `length` elements, zero at the start. Called at the top level of a kernel. */
export function workgroupBuffer<S extends Storage>(element: S, length: number): BufferView<S, 'workgroup'> {
  const trace = currentTrace('buffer.workgroup');
  const type = parseType(element);
  const [id] = trace.emit(WORKGROUP, [], { element: { kind: 'type', type }, length: scalarAttribute('u32', length) });
  return new TracedBuffer(trace, id as number, bufferType(type, 'workgroup'), trace.block) as unknown as BufferView<S, 'workgroup'>;
}

type LaunchArg<P> = P extends BufferTy ? Value<'GpuBufferHandle'> : P extends Scalar ? In<P> : never;
export type LaunchArgs<P extends KernelParams> = { readonly [K in keyof P]: LaunchArg<P[K]> };
/** A count along x, or along x, y and z. */
export type Extent<T extends 'u32' | 'u64'> = In<T> | readonly [In<T>, In<T>?, In<T>?];

interface KernelFunctions {
  /**
   * Runs `kernel` on at least `invocations` invocations, rounded up to whole workgroups, or on exactly
   * `{ groups }` workgroups. Handles are seen as buffers of the parameter's element type.
   */
  launch<P extends KernelParams>(kernel: Kernel<P>, invocations: Extent<'u32'> | Extent<'u64'> | { readonly groups: Extent<'u32'> }, args: LaunchArgs<P>): void;
  /**
   * Runs `kernel` on as many workgroups as `counts` holds when all that writes it before is done: three u32, for x, y
   * and z, from byte `offset` on. The launch cannot write `counts`.
   */
  launch_indirect<P extends KernelParams>(kernel: Kernel<P>, counts: Value<'GpuBufferHandle'>, offset: In<'u64'>, args: LaunchArgs<P>): void;
}

export const kernel: KernelFunctions = {
  launch(callee, extent, args) {
    const trace = currentTrace('kernel.launch');
    const site = captureSite(1);
    const symbol = launched(trace, 'kernel.launch', callee, args);
    const groups = groupCounts(trace, callee, extent as Extent<'u64'>);
    trace.emit(LAUNCH, [...groups, ...launchArgs(trace, callee, args)], symbol, [], [], site);
  },
  launch_indirect(callee, counts, offset, args) {
    const trace = currentTrace('kernel.launch_indirect');
    const site = captureSite(1);
    const symbol = launched(trace, 'kernel.launch_indirect', callee, args);
    const handle = mustBeTraced(trace, counts, 'the counts of kernel.launch_indirect');
    trace.emit(LAUNCH_INDIRECT, [handle, asValue(trace, offset, scalar('u64')), ...launchArgs(trace, callee, args)], symbol, [], [], site);
  },
};

/** Makes the kernel one of the program; gives the attributes of its launch. */
function launched(trace: Trace, id: string, callee: KernelIr, args: unknown): Attributes {
  if (typeof callee !== 'object' || (callee as unknown) === null || callee.kind !== 'kernel') throw trace.fail('build/operand', `${id} of ${describe(callee)}`, 'pass what defineKernel returned');
  checkRecord(args, `the arguments of a launch of \`${callee.name}\``, 'build/launch-args');
  const known = trace.kernels.get(callee.name);
  if (known !== undefined && known !== callee) throw trace.fail('build/name-clash', `two kernels of program \`${trace.name}\` are called \`${callee.name}\``, 'give one of them another name');
  trace.kernels.set(callee.name, callee);
  return { kernel: { kind: 'symbol', name: callee.name } };
}

function launchArgs(trace: Trace, callee: KernelIr, args: Readonly<Record<string, unknown>>): readonly Traced[] {
  const names = callee.params.map((p) => p.name);
  const odd = Object.keys(args).find((k) => !names.includes(k)) ?? names.find((k) => args[k] === undefined);
  if (odd !== undefined) {
    throw trace.fail('build/launch-args', `launch of \`${callee.name}\`: ${odd in args && !names.includes(odd) ? 'no parameter is called' : 'no argument is given for'} \`${odd}\``, `its parameters are ${names.join(', ')}`);
  }
  return callee.params.map((p) => {
    const want: Type = p.type.kind === 'buffer' ? parseType('GpuBufferHandle') : p.type;
    const value = asValue(trace, args[p.name], want);
    if (value.type !== want) throw trace.fail('build/launch-args', `launch of \`${callee.name}\`: \`${p.name}\` is ${value.type.spelling}, expected ${want.spelling}`, `pass a ${want.spelling}`);
    return value;
  });
}

function groupCounts(trace: Trace, callee: KernelIr, extent: Extent<'u64'> | { readonly groups: Extent<'u64'> }): readonly Traced[] {
  const exact = typeof extent === 'object' && (extent as unknown) !== null && 'groups' in extent;
  const given: readonly unknown[] = exact ? listOf(extent.groups) : listOf(extent);
  if (given.length < 1 || given.length > 3 || given[0] === undefined || given[0] === null) throw trace.fail('build/operand', `the extent of a launch of \`${callee.name}\` is ${describe(extent)}`, 'pass a count, up to three counts by dimension, or `{ groups }` with these');
  const type = given.find(isTraced)?.type ?? scalar('u32');
  if (type.spelling !== 'u32' && type.spelling !== 'u64') throw trace.fail('build/types', `the extent of a launch is ${type.spelling}`, 'pass a u32 or a u64');
  return [0, 1, 2].map((axis) => {
    const count = given[axis] ?? 1;
    const size = callee.workgroup[axis] ?? 1;
    const name = type.spelling === 'u64' ? 'u64' : 'u32';
    if (exact || (size === 1 && isTraced(count))) return asValue(trace, count, type);
    if (typeof count === 'number' || typeof count === 'bigint') {
      const wide = BigInt(asLiteral(trace, count));
      return constant(trace, name, (wide + BigInt(size) - 1n) / BigInt(size));
    }
    // ceil(count / size) without overflow: count / size, and one more if anything is left.
    const value = asValue(trace, count, type);
    const by = constant(trace, name, BigInt(size));
    const rest = emitOne(trace, NE, [emitOne(trace, REM, [value, by]), constant(trace, name, 0n)]);
    return emitOne(trace, ADD, [emitOne(trace, DIV, [value, by]), emitOne(trace, CAST, [rest], { to: { kind: 'type', type } })]);
  });
}

function asLiteral(trace: Trace, count: number | bigint): number | bigint {
  if (typeof count === 'bigint' ? count < 0n : !Number.isSafeInteger(count) || count < 0) throw trace.fail('build/literal-range', `${count} is no number of invocations`, 'pass a non-negative integer');
  return count;
}

function listOf(extent: unknown): readonly unknown[] {
  return Array.isArray(extent) ? extent : [extent];
}
