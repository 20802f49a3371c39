import { expect, test } from 'vitest';
import { control } from '../build/control.ts';
import { kernelAfter, programOf } from './pass-fixture.ts';

test('equal ops become one, whichever way round their operands stand where they commute', () => {
  const program = programOf(({ out, n }, { global: { x } }) => {
    out.store(x.add(n), n.add(x).mul(3));
    out.store(n.sub(x), x.sub(n).mul(3));
  });
  expect(kernelAfter(program, 'core.cse')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = kernel.global_id {axis = x}
      %5: u32 = arith.add %4, %n
      %6: u32 = arith.constant {value = 3: u32}
      %7: u32 = arith.mul %5, %6
      buffer.store %out, %5, %7
      %8: u32 = arith.sub %n, %4
      %9: u32 = arith.sub %4, %n
      %10: u32 = arith.mul %9, %6
      buffer.store %out, %8, %10
      control.return
    }"
  `);
});

test('only where the first is seen by the second: not from one branch to the other', () => {
  const program = programOf(({ out, n }, { global: { x } }) => {
    const sum = x.add(n);
    control.if(x.lt(n), () => {
      out.store(x.add(n), n.mul(5));
    }, () => {
      out.store(sum, n.mul(5));
    });
    out.store(1, n.mul(5));
  });
  expect(kernelAfter(program, 'core.cse')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = kernel.global_id {axis = x}
      %5: u32 = arith.add %4, %n
      %6: bool = arith.lt %4, %n
      control.if %6 () {
        %7: u32 = arith.constant {value = 5: u32}
        %8: u32 = arith.mul %n, %7
        buffer.store %out, %5, %8
        control.yield
      } () {
        %9: u32 = arith.constant {value = 5: u32}
        %10: u32 = arith.mul %n, %9
        buffer.store %out, %5, %10
        control.yield
      }
      %11: u32 = arith.constant {value = 5: u32}
      %12: u32 = arith.mul %n, %11
      %13: u32 = arith.constant {value = 1: u32}
      buffer.store %out, %13, %12
      control.return
    }"
  `);
});

test('loads of memory that nothing writes are equal, others are not', () => {
  const program = programOf(({ input, out }) => {
    out.store(0, input.load(1).add(input.load(1)));
    out.store(1, out.load(1).add(out.load(1)));
  });
  expect(kernelAfter(program, 'core.cse')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = arith.constant {value = 1: u32}
      %5: u32 = buffer.load %input, %4
      %6: u32 = arith.add %5, %5
      %7: u32 = arith.constant {value = 0: u32}
      buffer.store %out, %7, %6
      %8: u32 = buffer.load %out, %4
      %9: u32 = buffer.load %out, %4
      %10: u32 = arith.add %8, %9
      buffer.store %out, %4, %10
      control.return
    }"
  `);
});
