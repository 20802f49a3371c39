import { buffer, control, defineKernel, defineProgram, f32, fd, grant, io, kernel, u32, walkOps } from '@sluice/core';
import type { Body, BufferView, Ids, Kernel, KernelIr, Op, Program, ProgramIr, Region, Value } from '@sluice/core';

/** Ops of the small kernels of a mixed program. */
const SMALL = 500;

const params = { x: 'buffer<f32, read>', y: 'buffer<u32, read_write>', bins: 'buffer<u32, read_write>', n: 'u32' } as const;
type Params = typeof params;
interface KernelArgs {
  readonly x: BufferView<'f32', 'read'>;
  readonly y: BufferView<'u32', 'read_write'>;
  readonly bins: BufferView<'u32', 'read_write'>;
  readonly n: Value<'u32'>;
}
const programParams = { input: fd('r'), output: fd('rw'), y: 'GpuBufferHandle', bins: 'GpuBufferHandle' } as const;
type ProgramParams = typeof programParams;

/**
 * A program of about `ops` ops, to build, verify and plan: half of them in one kernel, a quarter in kernels of 500, a
 * quarter in a host body of launches, transfers, arithmetic and loops.
 */
export function mixedProgram(ops: number): Program<ProgramParams> {
  const kernels = [mixedKernel('large', ops / 2)];
  for (let i = 0; i * SMALL < ops / 4; i++) kernels.push(mixedKernel(`small${i}`, SMALL));
  const blocks = Math.max(1, Math.round(ops / 4 / opsInHostBlock()));
  return hostProgram(kernels, blocks);
}

/** Ops of the program's host body and kernels, terminators and constants among them. */
export function opsIn(program: ProgramIr): number {
  return program.kernels.reduce((sum, k) => sum + countOf(k), countOf(program));
}

function countOf({ body }: KernelIr | ProgramIr): number {
  let count = 0;
  for (const _ of walkOps(body.region)) count++;
  return count;
}

/** Uses of values as operands; what it takes to look at every op. */
export function valueUsesIn(program: ProgramIr): number {
  return program.kernels.reduce((sum, k) => sum + usesIn(k.body.region), usesIn(program.body.region));
}

function usesIn({ ops }: Region): number {
  let uses = 0;
  for (const op of ops) {
    uses += op.operands.length;
    for (const inner of op.regions) uses += usesIn(inner);
  }
  return uses;
}

/** The same program in new op records, written as literals, with nothing inferred or checked. */
export function copyOf(program: ProgramIr): ProgramIr {
  const body = (of: Body): Body => ({ ...of, valueTypes: [...of.valueTypes], region: copyOfRegion(of.region) });
  return { ...program, kernels: program.kernels.map((k) => ({ ...k, body: body(k.body) })), body: body(program.body) };
}

function copyOfRegion({ args, ops }: Region): Region {
  return { args: [...args], ops: ops.map(({ name, operands, results, attrs, regions }): Op => ({ name, operands: [...operands], results: [...results], attrs: { ...attrs }, regions: regions.map(copyOfRegion) })) };
}

/** A kernel of about `ops` ops. */
function mixedKernel(name: string, ops: number): Kernel<Params> {
  const blocks = Math.max(1, Math.round(ops / opsInKernelBlock()));
  return defineKernel(name, { params, workgroup: 64 }, (args, ids) => {
    let sum = ids.global.x;
    for (let i = 0; i < blocks; i++) sum = kernelBlock(args, ids, sum, i);
    args.y.store(ids.global.x, sum);
  });
}

/** A few lines as authors write them; returns the value that the next block goes on from. */
function kernelBlock({ x, y, bins, n }: KernelArgs, { global, local }: Ids, sum: Value<'u32'>, i: number): Value<'u32'> {
  const at = sum.add(i).rem(y.length);
  const mixed = at.mul(0x9e3779b1).xor(sum.shr(15)).and(0xffff).max(local.x);
  const weight = x.load(mixed).mul(0.5).add(f32(i)).min(1024);
  y.store(at, y.load(mixed).add(weight.to('u32')));
  bins.atomicAdd(mixed.and(255), 1);
  const bounded = control.if(mixed.lt(n), () => mixed.add(global.x).shl(1), () => n.sub(at));
  const { total, peak } = control.for({ to: n }, { total: bounded, peak: u32(0) }, (j, { total, peak }) => {
    const next = y.load(total.add(j));
    control.if(next.gt(peak), () => y.store(j, next.or(1)));
    return { total: total.add(next), peak: control.if(next.gt(peak), () => next, () => peak) };
  });
  return total.eq(0).select(peak, total.xor(mixed));
}

/** `blocks` rounds of reading, launching and writing back, over `kernels` in turn. */
function hostProgram(kernels: readonly Kernel<Params>[], blocks: number): Program<ProgramParams> {
  return defineProgram('mixed', programParams, ({ input, output, y, bins }) => {
    const size = grant.size(input);
    for (let i = 0; i < blocks; i++) {
      const callee = kernels[i % kernels.length];
      if (callee !== undefined) hostBlock({ input, output, y, bins }, size, callee, i);
    }
    for (const callee of kernels.slice(blocks)) kernel.launch(callee, { groups: 1 }, { x: y, y: bins, bins: buffer.alloc('u32', 256), n: 0 });
  });
}

interface HostArgs {
  readonly input: Value<'fd'>;
  readonly output: Value<'fd'>;
  readonly y: Value<'GpuBufferHandle'>;
  readonly bins: Value<'GpuBufferHandle'>;
}

function hostBlock({ input, output, y, bins }: HostArgs, size: Value<'u64'>, callee: Kernel<Params>, i: number): void {
  const from = size.div(2).add(i).min(size);
  const length = size.sub(from).and(0xffff).max(16);
  const data = io.dma_from_nvme(input, from, length);
  const partial = buffer.slice(y, length.and(~15n & 0xffffn), 64);
  kernel.launch(callee, length.to('u32').div(4), { x: data, y: partial, bins, n: 16 });
  const step = control.if(length.lt(4096), () => length, () => 4096n);
  const done = control.for({ from, to: size, step }, length, (offset, done) => {
    const scratch = buffer.alloc('u32', 64);
    kernel.launch(callee, offset.to('u32'), { x: data, y: scratch, bins, n: 4 });
    buffer.copy(scratch, partial);
    return done.add(offset);
  });
  buffer.free(data);
  io.write_back_to_nvme(partial, output, done.and(0xffffff));
}

let kernelBlockOps: number | undefined;
function opsInKernelBlock(): number {
  const kernelOf = (blocks: number) =>
    defineKernel('blocks', { params, workgroup: 64 }, (args, ids) => {
      for (let i = 0; i < blocks; i++) kernelBlock(args, ids, u32(0), 1);
    });
  return (kernelBlockOps ??= countOf(kernelOf(2)) - countOf(kernelOf(1)));
}

let hostBlockOps: number | undefined;
function opsInHostBlock(): number {
  const empty = defineKernel('empty', { params, workgroup: 64 }, () => {});
  return (hostBlockOps ??= countOf(hostProgram([empty], 2)) - countOf(hostProgram([empty], 1)));
}
