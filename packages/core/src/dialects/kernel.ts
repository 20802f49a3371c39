import { meant, nearest } from '../diagnostics/nearest.ts';
import type { Op } from '../ir/program.ts';
import { handle, scalar } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import { defineDialect, defineOp } from '../ops/op.ts';
import type { OpId, OpSpec, PartialUse, Trait, VerifyContext } from '../ops/op.ts';

const common = { dialect: 'kernel', version: '1.0.0', category: 'intrinsic' } as const;

function id<const Id extends OpId>(opId: Id, summary: string, trait: Trait) {
  return defineOp({
    ...common, id: opId, level: 'kernel', summary,
    operands: [], results: [{ name: 'id', type: 'u32' }], attrs: { axis: { kind: 'enum', values: ['x', 'y', 'z'] } }, traits: ['pure', trait],
  });
}

const launch = defineOp({
  ...common, id: 'kernel.launch', level: 'host',
  summary: 'Runs a kernel on groups_x * groups_y * groups_z workgroups; a count of 0 does nothing, one over 2^32-1 fails. Each handle is seen as a buffer of the parameter\'s element type.',
  typeVars: { G: ['u32', 'u64'] },
  operands: [
    { name: 'groups_x', type: 'G' }, { name: 'groups_y', type: 'G' }, { name: 'groups_z', type: 'G' },
    { name: 'args', type: 'any', variadic: true },
  ],
  results: [], attrs: { kernel: { kind: 'symbol' } }, bytesExtraction: true, traits: ['session'], effects: [{ kind: 'launch', args: 'args' }],
  operandType: (index, use) => (index < 3 ? scalar('u32') : parameterType(index - 3, use)),
  verify: (op, c) => launched(op, 3, c),
} satisfies OpSpec);

const launchIndirect = defineOp({
  ...common, id: 'kernel.launch_indirect', level: 'host',
  summary: 'As `kernel.launch`, on as many workgroups as `counts` holds when all that writes it before is done: three u32 from byte `offset`, a multiple of 4. The launch cannot write `counts`.',
  operands: [{ name: 'counts', type: 'GpuBufferHandle' }, { name: 'offset', type: 'u64' }, { name: 'args', type: 'any', variadic: true }],
  results: [], attrs: { kernel: { kind: 'symbol' } }, bytesExtraction: true, traits: ['session'], effects: [{ kind: 'read', on: 'counts' }, { kind: 'launch', args: 'args' }],
  operandType: (index, use) => parameterType(index - 2, use),
  verify: (op, c) => launched(op, 2, c),
} satisfies OpSpec);

/** What the kernel that is launched asks for as argument `index`. */
function parameterType(index: number, { attrs, kernels }: PartialUse): Type | string {
  const name = attrs['kernel']?.kind === 'symbol' ? attrs['kernel'].name : '';
  const params = kernels.get(name);
  if (params === undefined) return `no kernel \`${name}\` stands before this launch${meant(nearest(name, kernels.keys()))}`;
  const type = params[index]?.type;
  if (type === undefined) return `kernel \`${name}\` has ${params.length} parameter${params.length === 1 ? '' : 's'}`;
  return type.kind === 'buffer' ? handle : type;
}

/** The kernel is there, and the operands from `first` on are its arguments. */
function launched(op: Op, first: number, c: VerifyContext): void {
  const name = op.attrs['kernel']?.kind === 'symbol' ? op.attrs['kernel'].name : '';
  const callee = c.kernel(name);
  if (callee === undefined) return c.problem('verify/kernel', `the program has no kernel \`${name}\``, 'launch a kernel that the program contains');
  const args = op.operands.slice(first);
  if (args.length !== callee.params.length) {
    return c.problem('verify/operand-count', `kernel \`${name}\` has ${callee.params.length} parameters, ${args.length} arguments are given`, 'give one argument for each parameter');
  }
  callee.params.forEach((p, i) => {
    const arg = args[i];
    const want = p.type.kind === 'buffer' ? 'GpuBufferHandle' : p.type.spelling;
    const found = arg === undefined ? 'missing' : c.typeOf(arg).spelling;
    if (found !== want) c.problem('verify/operand-type', `argument \`${p.name}\` of kernel \`${name}\` is ${found}, expected ${want}`, `pass a ${want}`);
  });
}

/** Launching kernels, and where an invocation stands within its launch. */
export const kernel = defineDialect({
  id: 'kernel', version: '1.0.0', summary: 'Launches, and the ids of an invocation within the whole launch.',
  ops: [
    launch, launchIndirect,
    id('kernel.global_id', 'The invocation\'s index in the launch: workgroup_id * workgroup size + local_id.', 'divergent'),
    id('kernel.local_id', 'The invocation\'s index in its workgroup.', 'divergent'),
    id('kernel.workgroup_id', 'The workgroup\'s index in the launch.', 'uniform'),
    id('kernel.workgroup_count', 'Workgroups of the launch along the axis.', 'uniform'),
  ],
});
