import { expect, test } from 'vitest';
import { f32, u32 } from '../build/value.ts';
import { kernelAfter, programOf } from './pass-fixture.ts';

test('identities, absorbing elements, idempotence, involutions, and what a value is to itself', () => {
  const program = programOf(({ out, n }) => {
    out.store(0, n.add(0).mul(1).xor(0));
    out.store(1, n.and(0));
    out.store(2, n.max(n));
    out.store(3, n.not().not());
    out.store(4, n.shl(0));
    out.store(5, n.eq(n).select(n, out.load(0)));
  });
  expect(kernelAfter(program, 'core.simplify', 'core.dce')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = arith.constant {value = 0: u32}
      buffer.store %out, %4, %n
      %5: u32 = arith.constant {value = 0: u32}
      %6: u32 = arith.constant {value = 1: u32}
      buffer.store %out, %6, %5
      %7: u32 = arith.constant {value = 2: u32}
      buffer.store %out, %7, %n
      %8: u32 = arith.constant {value = 3: u32}
      buffer.store %out, %8, %n
      %9: u32 = arith.constant {value = 4: u32}
      buffer.store %out, %9, %n
      %10: bool = arith.constant {value = true: bool}
      %11: u32 = arith.constant {value = 0: u32}
      %12: u32 = buffer.load %out, %11
      %13: u32 = arith.select %10, %n, %12
      %14: u32 = arith.constant {value = 5: u32}
      buffer.store %out, %14, %13
      control.return
    }"
  `);
});

test('gathers the constants of ops that commute and associate', () => {
  const program = programOf(({ out, n }) => {
    out.store(0, n.add(3).add(4).add(0xfffffff8));
    out.store(1, u32(2).mul(n).mul(8));
  });
  expect(kernelAfter(program, 'core.simplify', 'core.dce')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = arith.constant {value = 4294967295: u32}
      %5: u32 = arith.add %n, %4
      %6: u32 = arith.constant {value = 0: u32}
      buffer.store %out, %6, %5
      %7: u32 = arith.constant {value = 16: u32}
      %8: u32 = arith.mul %n, %7
      %9: u32 = arith.constant {value = 1: u32}
      buffer.store %out, %9, %8
      control.return
    }"
  `);
});

test('floats keep their order, and x - x is not 0 for a NaN', () => {
  const program = programOf(({ f }) => {
    const x = f.load(0);
    f.store(0, x.add(1).add(2));
    f.store(1, x.sub(x));
    f.store(2, x.mul(f32(0)));
  });
  expect(kernelAfter(program, 'core.simplify')).toBe(kernelAfter(program));
});
