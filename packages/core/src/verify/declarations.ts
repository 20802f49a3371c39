import { elementFault } from '../dialects/buffer.ts';
import type { Kernel, Param, Program } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import type { AttrSpec } from '../ops/op.ts';
import { misfit } from './attributes.ts';
import type { BodyContext } from './context.ts';
import { LIMITS } from './limits.ts';

/** Checks what a kernel declares: name, workgroup size and parameters. */
export function checkKernelDeclaration(c: BodyContext, kernel: Kernel): void {
  const { workgroup } = kernel;
  const bad = workgroup.find((n) => !Number.isInteger(n) || n < 1 || n > LIMITS.workgroupSide);
  const invocations = workgroup[0] * workgroup[1] * workgroup[2];
  if (bad !== undefined) {
    c.report.add(c, undefined, 'verify/workgroup-size', `kernel \`${kernel.name}\` has a workgroup of ${workgroup.join(' x ')}: ${bad} is not a whole number from 1 to ${LIMITS.workgroupSide}`, 'give three positive whole numbers; 1 for a dimension that is not used');
  } else if (invocations > LIMITS.workgroupInvocations) {
    c.report.add(c, undefined, 'verify/workgroup-size', `kernel \`${kernel.name}\` has ${invocations} invocations in a workgroup of ${workgroup.join(' x ')}, at most ${LIMITS.workgroupInvocations} are possible`, 'use at most 256 invocations, which every backend has');
  }
  if (kernel.name === '') c.report.add(c, undefined, 'verify/kernel-name', 'a kernel has an empty name', 'name it');
  checkParams(c, kernel.params, kernelParamFault);
}

/** Checks what a program declares: parameters, results, and that kernel names are its own. */
export function checkProgramDeclaration(c: BodyContext, program: Program): void {
  for (const name of repeated(program.kernels.map((k) => k.name))) {
    c.report.add(c, undefined, 'verify/kernel-name', `two kernels of program \`${program.name}\` are named \`${name}\``, 'rename one of them');
  }
  checkParams(c, program.params, programParamFault);
  for (const name of repeated(program.results.map((r) => r.name))) {
    c.report.add(c, undefined, 'verify/results', `two results of program \`${program.name}\` are named \`${name}\``, 'rename one of them');
  }
  for (const r of program.results) {
    if (isComputedScalar(r.type) || r.type.kind === 'handle') continue;
    c.report.add(c, undefined, 'verify/results', `result \`${r.name}\` is ${r.type.spelling}: a program returns scalars and handles`, 'return a computed scalar or a GpuBufferHandle');
  }
}

type ParamFault = (param: Param) => string | undefined;

/** Names are unique, types are allowed, and the block arguments of the body are the parameters. */
function checkParams(c: BodyContext, params: readonly Param[], faultOf: ParamFault): void {
  for (const name of repeated(params.map((p) => p.name))) {
    c.report.add(c, undefined, 'verify/param', `two parameters are named \`${name}\``, 'rename one of them');
  }
  for (const p of params) {
    if (c.report.full) return;
    const fault = p.name === '' ? 'has an empty name' : (faultOf(p) ?? attributeFault(p));
    if (fault !== undefined) c.report.add(c, undefined, 'verify/param', `parameter \`${p.name}\` ${fault}`, PARAM_FIX[c.level]);
  }
  const found = c.body.region.args.map((v) => c.body.valueTypes[v]?.spelling);
  const declared = params.map((p) => p.type.spelling);
  if (found.length !== declared.length || found.some((t, i) => t !== declared[i])) {
    c.report.add(c, undefined, 'verify/region-args', `the body has block arguments (${found.join(', ')}), its parameters are (${declared.join(', ')})`, 'give the body one block argument for each parameter, of the same type');
  }
}

const PARAM_FIX = {
  kernel: 'use a buffer of a type that has a layout, with access read, write or read_write, or a computed scalar',
  host: 'use a computed scalar, a GpuBufferHandle, or an i32 with the attribute `grant`',
} as const;

function kernelParamFault({ type, attrs }: Param): string | undefined {
  if ('grant' in attrs) return 'is a grant: kernels see no files';
  if (isComputedScalar(type)) return undefined;
  if (type.kind !== 'buffer') return `is ${type.spelling}, neither a buffer nor a computed scalar`;
  if (type.access === 'workgroup') return `is ${type.spelling}: workgroup memory is made in the kernel, with buffer.workgroup`;
  const fault = elementFault(type.element);
  return fault === undefined ? undefined : `is ${type.spelling}: ${fault}`;
}

function programParamFault({ type, attrs }: Param): string | undefined {
  if ('grant' in attrs && type.spelling !== 'i32') return `is a grant of type ${type.spelling}: a grant's number is an i32`;
  return isComputedScalar(type) || type.kind === 'handle' ? undefined : `is ${type.spelling}, neither a computed scalar nor a GpuBufferHandle`;
}

/** Attributes that a parameter may have. */
const PARAM_ATTRS: Readonly<Record<string, AttrSpec>> = { grant: { kind: 'enum', values: ['r', 'w', 'rw'] } };

function attributeFault({ attrs }: Param): string | undefined {
  for (const [name, attr] of Object.entries(attrs)) {
    const spec = Object.hasOwn(PARAM_ATTRS, name) ? PARAM_ATTRS[name] : undefined;
    const wrong = spec === undefined ? 'unknown' : misfit(attr, spec);
    if (wrong !== undefined) return `has attribute \`${name}\`, which is ${wrong}`;
  }
  return undefined;
}

function isComputedScalar(type: Type): boolean {
  return type.kind === 'scalar' && type.computed;
}

/** The names that occur more than once, each once. */
function repeated(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) (seen.has(name) ? twice : seen).add(name);
  return [...twice];
}
