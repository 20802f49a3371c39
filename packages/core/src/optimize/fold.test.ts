import { expect, test } from 'vitest';
import { f32, i32, u32 } from '../build/value.ts';
import { control } from '../build/control.ts';
import { kernelAfter, programOf } from './pass-fixture.ts';

test('computes what depends on constants alone, with every bit', () => {
  const program = programOf(({ out, f }) => {
    out.store(u32(1).add(2), u32(0xffffffff).add(u32(3).mul(5)));
    out.store(1, i32(-7).div(i32(2)).to('u32'));
    f.store(0, f32(0.1).mul(3));
    f.store(1, f32(-0));
  });
  expect(kernelAfter(program, 'core.fold', 'core.dce')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = arith.constant {value = 3: u32}
      %5: u32 = arith.constant {value = 14: u32}
      buffer.store %out, %4, %5
      %6: u32 = arith.constant {value = 4294967293: u32}
      %7: u32 = arith.constant {value = 1: u32}
      buffer.store %out, %7, %6
      %8: f32 = arith.constant {value = 0.3: f32}
      %9: u32 = arith.constant {value = 0: u32}
      buffer.store %f, %9, %8
      %10: f32 = arith.constant {value = -0: f32}
      %11: u32 = arith.constant {value = 1: u32}
      buffer.store %f, %11, %10
      control.return
    }"
  `);
});

test('what it has computed is a constant for the next op, in branches and loops too', () => {
  const program = programOf(({ out, n }) => {
    const four = u32(2).add(2);
    control.if(n.gt(four), () => out.store(four, four.mul(four).rem(7)));
  });
  expect(kernelAfter(program, 'core.fold', 'core.dce')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = arith.constant {value = 4: u32}
      %5: bool = arith.gt %n, %4
      control.if %5 () {
        %6: u32 = arith.constant {value = 2: u32}
        buffer.store %out, %4, %6
        control.yield
      }
      control.return
    }"
  `);
});

test('leaves floats that are not finite, and ops that backends may compute otherwise', () => {
  const program = programOf(({ f }) => {
    f.store(0, f32(1).div(3)); // within 2.5 ulp on a device
    f.store(1, f32(3e38).mul(10));
    f.store(2, f32(NaN).add(1));
  });
  expect(kernelAfter(program, 'core.fold')).toBe(kernelAfter(program));
});

test('a branch on a constant is the region that runs; one that leads elsewhere stays', () => {
  const program = programOf(({ out, n }) => {
    const three = u32(1).add(2);
    out.store(0, control.if(three.gt(2), () => control.if(three.lt(3), () => n.add(1), () => n.add(2)), () => n.add(3)));
    control.if(three.eq(4), () => out.store(1, 1));
    control.if(three.eq(3), () => control.return());
  });
  expect(kernelAfter(program, 'core.fold', 'core.dce')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = arith.constant {value = 2: u32}
      %5: u32 = arith.add %n, %4
      %6: u32 = arith.constant {value = 0: u32}
      buffer.store %out, %6, %5
      %7: bool = arith.constant {value = true: bool}
      control.if %7 () {
        control.return
      }
      control.return
    }"
  `);
});
