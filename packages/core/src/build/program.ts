import type { Attributes } from '../ir/attributes.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Param, Program as ProgramIr, Result } from '../ir/program.ts';
import { handle as handleType, scalar } from '../ir/types.ts';
import type { ScalarName } from '../ir/types.ts';
import type { Rights } from '../registry/backend.ts';
import { shown } from '../text/json.ts';
import { checkFunction, checkRecord, checkText } from './checks.ts';
import { retraceForSpans } from './retrace.ts';
import { captureSpan } from './span.ts';
import { isThenable, Trace, traceInto } from './trace.ts';
import type { SpanMode, Traced } from './trace.ts';
import type { AnyValue, Scalar, Sync, Value } from './types.ts';
import { coreOp, describe, isTraced, wrap } from './value.ts';

const RETURN = coreOp('control.return');
const SCALARS: readonly string[] = ['bool', 'i32', 'u32', 'i64', 'u64', 'f16', 'f32'];

export interface FdParam<R extends Rights = Rights> {
  readonly kind: 'fd';
  readonly rights: R;
}
/** A parameter that names a file grant with at least these rights. */
export function fd<R extends Rights>(rights: R): FdParam<R> {
  return { kind: 'fd', rights };
}

/** Parameters of a program: file grants, scalars, and device buffers. */
export type ProgramParams = Readonly<Record<string, FdParam | Scalar | 'GpuBufferHandle'>>;
type ProgramArg<P> = P extends FdParam ? Value<'fd'> : P extends Scalar ? Value<P> : Value<'GpuBufferHandle'>;
export type ProgramArgs<P extends ProgramParams> = { readonly [K in keyof P]: ProgramArg<P[K]> };
/** What a program may return: nothing, or values by name. */
export type Returned = void | undefined | Readonly<Record<string, AnyValue>>;

/** A program with the types of its parameters and results. */
export interface Program<P extends ProgramParams = ProgramParams, R = unknown> extends ProgramIr {
  readonly '~params'?: P;
  readonly '~results'?: R;
}

/**
 * Traces `body` into a program. The body runs once, synchronously, with a traced value for each parameter; what it
 * returns are the results of a run. It runs once more if an error must say which of its lines it is about, unless the
 * options have `spans: 'op'`.
 * @throws SluiceError the `build/` codes
 */
export function defineProgram<const P extends ProgramParams, R extends Returned>(
  name: string,
  params: P,
  body: (args: ProgramArgs<P>) => Sync<R>,
  options: { /** `op`: keep the author's line of each op. */ readonly spans?: SpanMode } = {},
): Program<P, R> {
  checkText(name, 'the name of a program');
  checkRecord(params, `the parameters of program \`${name}\``);
  checkFunction(body, `the body of program \`${name}\``);
  const span = captureSpan();
  const traced = traceProgram(name, params, body as AnyBody, options.spans);
  if (options.spans !== 'op') retraceForSpans(traced.body, () => traceProgram(name, params, body as AnyBody, 'op').body);
  return shown<ProgramIr>({ kind: 'program', name, ...traced, span });
}

type AnyBody = (args: ProgramArgs<ProgramParams>) => unknown;

function traceProgram(name: string, specs: ProgramParams, body: AnyBody, spans: SpanMode | undefined): Pick<ProgramIr, 'params' | 'results' | 'kernels' | 'body'> {
  const trace = new Trace('program', name, spans);
  const params = Object.entries(specs).map(([key, spec]) => paramOf(trace, key, spec));
  const args = params.map((p) => trace.value(p.type, p.name));
  const values = Object.fromEntries(params.map((p, i) => [p.name, wrap(trace, args[i] as number, trace.root)]));
  let results: readonly Result[] = [];
  traceInto(trace, () => {
    const returned = body(values as unknown as ProgramArgs<ProgramParams>);
    if (isThenable(returned)) return returned;
    const named = resultsOf(trace, returned);
    results = named.map(([key, value]) => ({ name: key, type: value.type }));
    trace.emit(RETURN, named.map(([, value]) => value));
    return undefined;
  });
  return { params, results, kernels: [...trace.kernels.values()], body: trace.finish(args) };
}

function paramOf(trace: Trace, name: string, spec: unknown): Param {
  if (spec === 'GpuBufferHandle') return { name, type: handleType, attrs: NO_ATTRIBUTES };
  if (typeof spec === 'string' && SCALARS.includes(spec)) return { name, type: scalar(spec as ScalarName), attrs: NO_ATTRIBUTES };
  const rights = typeof spec === 'object' && spec !== null && (spec as FdParam).kind === 'fd' ? (spec as FdParam).rights : undefined;
  if (rights !== 'r' && rights !== 'w' && rights !== 'rw') {
    throw trace.fail('build/param', `parameter \`${name}\` of program \`${trace.name}\` is ${describe(spec)}`, `declare it as fd('r' | 'w' | 'rw'), 'GpuBufferHandle' or one of ${SCALARS.join(', ')}`);
  }
  const attrs: Attributes = { grant: { kind: 'enum', value: rights } };
  return { name, type: scalar('i32'), attrs };
}

function resultsOf(trace: Trace, returned: unknown): readonly [string, Traced][] {
  if (returned === undefined) return [];
  const fix = 'return nothing, or a record of traced values';
  if (typeof returned !== 'object' || returned === null || isTraced(returned)) throw trace.fail('build/result', `program \`${trace.name}\` returns ${isTraced(returned) ? 'a single value' : describe(returned)}`, fix);
  return Object.entries(returned).map(([key, value]) => {
    if (!isTraced(value)) throw trace.fail('build/result', `result \`${key}\` of program \`${trace.name}\` is ${describe(value)}`, fix);
    return [key, value];
  });
}
