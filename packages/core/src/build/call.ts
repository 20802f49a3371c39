import type { Kernel, Program as ProgramIr } from '../ir/program.ts';
import { checkRecord } from './checks.ts';
import type { FdParam, Program, ProgramParams } from './program.ts';
import { captureSite } from './span.ts';
import { currentTrace } from './trace.ts';
import type { Trace, Traced } from './trace.ts';
import type { AnyValue, In, Scalar, Value } from './types.ts';
import { asValue, describe, wrap } from './value.ts';

type CallArg<P> = P extends FdParam ? Value<'fd'> : P extends Scalar ? In<P> : Value<'GpuBufferHandle'>;
/** A value for each parameter of the program that is called. */
export type CallArgs<P extends ProgramParams> = { readonly [K in keyof P]: CallArg<P[K]> };
/** The results of the program that is called, by name. */
export type CallResults<R> = R extends Readonly<Record<string, AnyValue>> ? R : void;

/**
 * Builds the ops of `callee` into the program that is traced, with `args` for its parameters; see docs/decisions/0005.
 * @throws SluiceError `build/call`, `build/level`
 */
export function call<P extends ProgramParams, R>(callee: Program<P, R>, args: CallArgs<P>): CallResults<R> {
  const trace = currentTrace('control.call');
  const site = captureSite(1);
  if (typeof callee !== 'object' || (callee as unknown) === null || callee.kind !== 'program') throw trace.fail('build/operand', `control.call of ${describe(callee)}`, 'pass what defineProgram returned');
  if (trace.kind === 'kernel') throw trace.fail('build/level', `program \`${callee.name}\` is called in a kernel`, 'call it in the body of a program');
  checkRecord(args, `the arguments of a call of \`${callee.name}\``, 'build/call');
  const names = kernelNames(trace, callee);
  const ids = trace.splice(callee.body, argumentsOf(trace, callee, args), `call ${callee.name}`, (kernel) => names.get(kernel) ?? kernel, site);
  if (callee.results.length === 0) return undefined as CallResults<R>;
  return Object.fromEntries(callee.results.map((r, i) => [r.name, wrap(trace, ids[i] as number)])) as CallResults<R>;
}

function argumentsOf(trace: Trace, { name, params }: ProgramIr, args: Readonly<Record<string, unknown>>): readonly Traced[] {
  const known = params.map((p) => p.name);
  const odd = Object.keys(args).find((k) => !known.includes(k)) ?? known.find((k) => args[k] === undefined);
  if (odd !== undefined) throw trace.fail('build/call', `call of \`${name}\`: ${known.includes(odd) ? 'no argument is given for' : 'no parameter is called'} \`${odd}\``, `its parameters are ${known.join(', ') || '(none)'}`);
  return params.map((p) => {
    const value = asValue(trace, args[p.name], p.type);
    if (value.type !== p.type) throw trace.fail('build/call', `call of \`${name}\`: \`${p.name}\` is ${value.type.spelling}, expected ${p.type.spelling}`, `pass a ${p.type.spelling}`);
    return value;
  });
}

/** Makes the kernels of the callee kernels of the caller. One whose name is taken by another kernel gets a name of its own. */
function kernelNames(trace: Trace, callee: ProgramIr): ReadonlyMap<string, string> {
  return new Map(callee.kernels.map((kernel) => [kernel.name, adopted(trace, callee, kernel)]));
}

function adopted(trace: Trace, { name }: ProgramIr, kernel: Kernel): string {
  for (let attempt = 0; ; attempt++) {
    const own = attempt === 0 ? kernel.name : `${name}_${kernel.name}${attempt === 1 ? '' : attempt}`;
    const known = trace.kernels.get(own);
    if (known !== undefined && known !== kernel && known.body !== kernel.body) continue;
    if (known === undefined) trace.kernels.set(own, own === kernel.name ? kernel : { ...kernel, name: own });
    return own;
  }
}
