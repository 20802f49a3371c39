/** What scalar values and functions give, by type: `tsc` checks this file, nothing here runs. */
import { arith, control, defineKernel, f16, f32, i32, i64, math, u32, u64 } from '../index.ts';
import type { Executable, FloatOps, IntOps, Value } from '../index.ts';

/** Both ways assignable, as deep as functions of them: `Value<'f16'>` is no `Value<'f32'>`. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;
function is<Expected>() {
  return <Found>(_value: Found, _same: Same<Expected, Found>): void => undefined;
}

export const inferred = defineKernel('inferred', { params: { h: 'buffer<f16, read_write>', b: 'buffer<bf16, read_write>', s: 'buffer<i8, read_write>', t: 'buffer<u16, read>', x: 'f16' }, workgroup: 1 }, ({ h, b, s, t, x }) => {
  is<FloatOps<'f16'>>()(h.load(0), true);
  is<FloatOps<'f32'>>()(b.load(0), true);
  is<IntOps<'i32'>>()(s.load(0), true);
  is<IntOps<'u32'>>()(t.load(0), true);
  is<Value<'f16'>>()(x.add(1).fma(2, x).sin(), true);
  is<Value<'bool'>>()(x.isNan(), true);
  is<Value<'f32'>>()(x.to('f32'), true);
  is<Value<'u32'>>()(f32(1).bitcast('u32'), true);
  is<Value<'i64'>>()(u64(1).bitcast('i64').rotl(3), true);
  is<Value<'f16'>>()(x.lt(0).select(x, 1), true);
  is<Value<'u32'>>()(control.for({ to: 8 }, u32(0), (i, sum) => sum.add(i)), true);
  is<Value<'f16'>>()(control.for({ to: 8 }, f16(0), (_, sum) => sum.add(x)), true);
  is<Value<'u32'>>()(arith.popcount(u32(3)), true);
  is<Value<'f16'>>()(arith.fma(x, x, 1), true);
  is<Value<'f16'>>()(math.pow(x, 2), true);
  is<Value<'bool'>>()(math.is_nan(f32(1)), true);
  is<Value<'u32'>>()(arith.pack4xi8(arith.unpack4xi8(u32(1)).add(1)), true);
  is<Value<'i32'>>()(arith.select(x.lt(0), i32(1), i32(2)), true);
  const v = arith.unpack2xf16(u32(1));
  is<FloatOps<'f16', 2>['add']>()(v.add, true);
  is<'vec2<f16>'>()(v.mul(v).fma(2, x).sin()['~type'], true);
  is<'vec2<bool>'>()(v.lt(0)['~type'], true);
  is<'vec2<f16>'>()(v.lt(0).select(v, 0)['~type'], true);
  is<'vec2<f16>'>()(x.lt(0).select(v, 0)['~type'], true);
  is<'vec2<i32>'>()(v.to('i32').shl(3)['~type'], true);
  is<'vec2<f16>'>()(arith.add(v, 1)['~type'], true);
  is<'vec2<bool>'>()(math.is_inf(v)['~type'], true);
  // @ts-expect-error another number of components
  v.add(arith.unpack4xi8(u32(1)).to('f16'));
  // @ts-expect-error another component
  v.add(f32(1));
  // @ts-expect-error a scalar takes no vector
  x.add(v);
  h.store(0, x);
  h.store(0, 1.5);
  b.store(0, f32(1));
  s.store(0, i32(1));
  // @ts-expect-error f16 and f32 are not mixed
  x.add(f32(1));
  // @ts-expect-error an f16 buffer takes f16
  h.store(0, f32(1));
  // @ts-expect-error a bf16 buffer takes f32
  b.store(0, x);
  // @ts-expect-error u32 has no sign
  u32(1).sign();
  // @ts-expect-error integers have no sine
  i32(1).sin();
  // @ts-expect-error floats have no rotations
  x.rotl(1);
  // @ts-expect-error a bitcast keeps the width
  u32(1).bitcast('u64');
  // @ts-expect-error f16 has no integer of its width
  x.bitcast('u32');
  // @ts-expect-error bool has no bits
  u32(1).bitcast('bool');
  // @ts-expect-error counts are u32
  i64(1).rotl(i64(1));
  // @ts-expect-error only floats are multiplied and added at once
  arith.fma(u32(1), u32(1), u32(1));
});

export async function run(exe: Executable<{ x: 'f16' }, { y: Value<'f16'> }>): Promise<void> {
  const { results } = await exe.run({ x: 1.5 });
  is<number>()(results.y, true);
  // @ts-expect-error an f16 is a number
  await exe.run({ x: 1n });
}
