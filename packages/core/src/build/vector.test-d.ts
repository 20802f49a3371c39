/** What vectors, arrays and subgroups take and give, and mistakes that must not compile. `tsc` checks this file; nothing here runs. */
import { buffer, control, defineKernel, defineProgram, subgroup, u32, vector } from '../index.ts';
import type { Value } from '../index.ts';

export const shapes = defineKernel('shapes', {
  params: { v: 'buffer<vec3<f32>, read_write>', a: 'buffer<array<u8, 4>, read>', w: 'buffer<u64, read_write>', n: 'u32', written: 'buffer<u32, write>' }, workgroup: 64,
}, ({ v, a, w, n, written }, { local }) => {
  const x: Value<'vec3<f32>'> = v.load(n);
  const y: Value<'f32'> = x.dot(x.mul(2)).add(x.y).add(x.reduce('max'));
  const pair: Value<'vec2<f32>'> = x.swizzle('zx');
  const one: Value<'f32'> = x.swizzle('z');
  const four: Value<'array<u32, 4>'> = a.load(0);
  const element: Value<'u32'> = four.at(n);
  const bits: Value<'bool'> = x.lt(y).reduce('or');
  const built: Value<'vec4<u32>'> = vector.construct('vec4<u32>', 1, vector.splat(n, 2), element);
  const carried: Value<'vec4<u32>'> = control.for({ to: n }, built, (i, c) => c.add(i));
  const array: Value<'array<u32, 4>'> = control.for({ to: 4 }, four, (i, c) => c.with(i, carried.at(i)));
  const chosen: Value<'vec3<f32>'> = control.if(bits, () => x, () => x.with(0, 1));
  const shared = buffer.workgroup('vec3<f32>', 4);
  const told: Value<'vec3<f32>'> = control.uniform_load(shared, 0);
  const sum: Value<'u32'> = subgroup.reduce(local.x, { combine: 'xor' });
  const ballot: Value<'vec4<u32>'> = subgroup.ballot(bits);
  const old: Value<'u64'> = w.atomicAdd(0, 1, 'acq_rel');
  v.store(0, told.add(chosen).add(1).add(one));
  buffer.async_copy(shared, 0, v, n, 4);
  buffer.async_wait();
  void [pair, built, array, sum, ballot, old];

  // @ts-expect-error a vec2 has no z
  pair.z.add(1);
  // @ts-expect-error vectors of different sizes
  x.add(pair);
  // @ts-expect-error vectors of different types
  x.add(built);
  // @ts-expect-error a vector where a scalar belongs
  v.load(built);
  // @ts-expect-error scalars have no components
  void n.x;
  // @ts-expect-error no dot product of conditions
  x.lt(1).dot(x.lt(2));
  // @ts-expect-error floats have no bitwise and
  x.reduce('and');
  // @ts-expect-error an element of another type
  four.with(0, y);
  // @ts-expect-error vectors have no atomics
  v.atomicAdd(0, 1);
  // @ts-expect-error there is no such ordering
  w.atomicAdd(0, 1, 'seq_cst');
  // @ts-expect-error a copy between buffers of different elements
  buffer.async_copy(shared, 0, a, 0, 1);
  // @ts-expect-error a copy into a read-only buffer
  buffer.async_copy(a, 0, a, 0, 1);
  // @ts-expect-error floats are not combined by xor
  subgroup.reduce(y, { combine: 'xor' });
  // @ts-expect-error a reduction says how
  subgroup.reduce(n);
  // @ts-expect-error the carried type changes
  control.for({ to: n }, built, () => x);
  // @ts-expect-error a write-only view is not read
  control.uniform_load(written, 0);
});

// @ts-expect-error bool has no buffer layout, in a vector neither
export const flags = defineKernel('flags', { params: { b: 'buffer<vec2<bool>, read>' }, workgroup: 1 }, () => {});

const inner = defineProgram('inner', { data: 'GpuBufferHandle', n: 'u32' }, ({ data, n }) => ({ first: buffer.read(data, 0, { element: 'u8' }), wide: buffer.read(data, n.to('u64'), { element: 'i64' }) }));
export const outer = defineProgram('outer', { data: 'GpuBufferHandle' }, ({ data }) => {
  const { first, wide } = control.call(inner, { data, n: 1 });
  const sum: Value<'i64'> = wide.add(first.to('i64'));
  control.assert(first.eq(u32(1)), 'it is one');
  // @ts-expect-error a missing argument
  control.call(inner, { data });
  // @ts-expect-error an argument of another type
  control.call(inner, { data, n: wide });
  // @ts-expect-error an assertion says what it asserts
  control.assert(first.eq(1));
  // @ts-expect-error a vector cannot be read into a program
  buffer.read(data, 0, { element: 'vec2<f32>' });
  return { sum };
});
