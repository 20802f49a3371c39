/**
 * Mistakes that must not compile. `tsc` checks this file: an error that goes away makes its `@ts-expect-error` one.
 * Nothing here runs.
 */
import { arith, buffer, control, defineKernel, defineProgram, fd, grant, io, kernel, u32, u64 } from '../index.ts';
import type { DeviceBuffer, Executable, Grant, RunResults, Value } from '../index.ts';

export const doubled = defineKernel('doubled', { params: { x: 'buffer<u32, read>', y: 'buffer<u32, write>', n: 'u32' }, workgroup: 64 }, ({ x, y, n }, { global }) => {
  y.store(global.x, x.load(global.x).mul(2).add(n));
  // @ts-expect-error a store to a read-only buffer
  x.store(0, 1);
  // @ts-expect-error a load from a write-only buffer
  y.load(0);
  // @ts-expect-error an atomic on a read-only buffer
  x.atomicAdd(0, 1);
  // @ts-expect-error mixed element types
  x.load(0).add(x.load(0).to('f32'));
  // @ts-expect-error a boolean where a u32 belongs
  y.store(0, x.load(0).eq(1));
  // @ts-expect-error bit operations have no meaning on f32
  n.to('f32').and(1);
  // @ts-expect-error an index is a u32
  y.store(n.to('i32'), 1);
  // @ts-expect-error a bigint literal for a 32-bit type
  n.add(1n);
  // @ts-expect-error JavaScript's `if` on a traced condition
  if (n.eq(0)) y.store(0, 1);
  // @ts-expect-error JavaScript's `?:` on a traced condition
  y.store(0, n.eq(0) ? 1 : 2);
  // @ts-expect-error JavaScript's `&&` on a traced condition
  control.if(n.eq(0) && n.ne(1), () => {});
  // @ts-expect-error comparison by a JavaScript operator
  control.if(n < 3, () => {});
});

export const loops = defineKernel('loops', { params: { y: 'buffer<f32, read_write>' }, workgroup: 1 }, ({ y }) => {
  control.for({ to: 8 }, u32(0), (i, sum) => sum.add(i));
  // @ts-expect-error the carried type changes
  control.for({ to: 8 }, u32(0), (_, sum) => sum.to('f32'));
  // @ts-expect-error a carried name is lost
  control.for({ to: 8 }, { a: u32(0), b: u32(1) }, (_, { a }) => ({ a }));
  // @ts-expect-error the body of a loop is not async
  control.for({ to: 8 }, async () => {});
  // @ts-expect-error the condition of a while is a bool
  control.while({ n: u32(3) }, ({ n }) => n, ({ n }) => ({ n: n.sub(1) }));
  // @ts-expect-error the branches have different types
  control.if(y.load(0).lt(1), () => u32(1), () => y.load(0));
  // @ts-expect-error arithmetic by name is typed too
  arith.add(u32(1), y.load(0));
  // @ts-expect-error no atomics on f32
  y.atomicAdd(0, 1);
});

// @ts-expect-error the body of a kernel is not async
export const asyncKernel = defineKernel('async', { params: {}, workgroup: 1 }, async () => {});
// @ts-expect-error a kernel has no file parameters
export const fileKernel = defineKernel('file', { params: { f: fd('r') }, workgroup: 1 }, () => {});
// @ts-expect-error bool has no buffer layout
export const boolBuffer = defineKernel('bools', { params: { b: 'buffer<bool, read>' }, workgroup: 1 }, () => {});
// @ts-expect-error the body of a program is not async
export const asyncProgram = defineProgram('async', {}, async () => {});

export const main = defineProgram('main', { file: fd('rw'), n: 'u64' }, ({ file, n }) => {
  const x = io.dma_from_nvme(file, 0, n), y = buffer.alloc('u32', n);
  kernel.launch(doubled, n, { x, y, n: 1 });
  // @ts-expect-error a missing launch argument
  kernel.launch(doubled, n, { x, y });
  // @ts-expect-error an unknown launch argument
  kernel.launch(doubled, n, { x, y, n: 1, z: 2 });
  // @ts-expect-error a number where a buffer belongs
  kernel.launch(doubled, n, { x, y: 3, n: 1 });
  // @ts-expect-error a u64 where a u32 belongs
  kernel.launch(doubled, n, { x, y, n });
  // @ts-expect-error a number where a grant belongs
  io.dma_from_nvme(3, 0, n);
  // @ts-expect-error a grant is no number
  io.dma_from_nvme(file, file, n);
  // @ts-expect-error a handle is no grant
  grant.size(x);
  // @ts-expect-error a file is not a buffer
  io.write_back_to_nvme(file, file, 0);
  return { size: grant.size(file), y, flag: n.eq(u64(0)) };
});

export async function run(exe: Executable<{ file: ReturnType<typeof fd<'rw'>>; n: 'u64' }, { size: Value<'u64'>; y: Value<'GpuBufferHandle'>; flag: Value<'bool'> }>, file: Grant): Promise<void> {
  const { results } = await exe.run({ file, n: 3 });
  const size: bigint = results.size;
  const y: DeviceBuffer = results.y;
  const flag: boolean = results.flag;
  // @ts-expect-error a u64 result is a bigint
  const wrong: number = results.size;
  // @ts-expect-error a missing argument
  await exe.run({ file });
  // @ts-expect-error a path where a grant belongs
  await exe.run({ file: '/etc/hosts', n: 3 });
  // @ts-expect-error a number where a grant belongs
  await exe.run({ file: 3, n: 3 });
  // @ts-expect-error a string where a u64 belongs
  await exe.run({ file, n: '3' });
  void [size, y, flag, wrong];
}

/** The results of a program follow from what its body returns. */
export type MainResults = RunResults<typeof main extends { readonly '~results'?: infer R } ? R : never>;
