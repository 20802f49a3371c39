import { expect, test } from 'vitest';
import { control } from '../build/control.ts';
import { kernelAfter, programOf } from './pass-fixture.ts';

test('unused ops and loads go, with what only they used', () => {
  const program = programOf(({ input, out, n }, { global: { x } }) => {
    input.load(n.mul(n).add(1));
    out.store(x, n);
  });
  expect(kernelAfter(program, 'core.dce')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = kernel.global_id {axis = x}
      buffer.store %out, %4, %n
      control.return
    }"
  `);
});

test('a branch that does nothing goes; effects, ways out and loops stay', () => {
  const program = programOf(({ input, out, n }, { global: { x } }) => {
    control.if(n.gt(1), () => void input.load(n));
    control.if(n.gt(2), () => out.store(0, 1));
    control.if(n.gt(3), () => control.return());
    control.for({ to: n }, () => {});
    out.atomicAdd(x, 1);
  });
  expect(kernelAfter(program, 'core.dce')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = kernel.global_id {axis = x}
      %5: u32 = arith.constant {value = 2: u32}
      %6: bool = arith.gt %n, %5
      control.if %6 () {
        %7: u32 = arith.constant {value = 0: u32}
        %8: u32 = arith.constant {value = 1: u32}
        buffer.store %out, %7, %8
        control.yield
      }
      %9: u32 = arith.constant {value = 3: u32}
      %10: bool = arith.gt %n, %9
      control.if %10 () {
        control.return
      }
      %11: u32 = arith.constant {value = 0: u32}
      %12: u32 = arith.constant {value = 1: u32}
      control.for %11, %n, %12 (%13: u32) {
        control.yield
      }
      %14: u32 = arith.constant {value = 1: u32}
      %15: u32 = buffer.atomic_add %out, %4, %14
      control.return
    }"
  `);
});
