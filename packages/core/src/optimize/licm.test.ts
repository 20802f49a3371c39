import { expect, test } from 'vitest';
import { control } from '../build/control.ts';
import { kernelAfter, programOf } from './pass-fixture.ts';

test('what every iteration computes alike goes before the loop, as far out as its operands allow', () => {
  const program = programOf(({ out, n }) => {
    control.for({ to: n }, (i) => {
      control.for({ to: n }, (j) => {
        out.store(j, n.mul(3).add(i.mul(5)));
      });
    });
  });
  expect(kernelAfter(program, 'core.licm')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = arith.constant {value = 0: u32}
      %5: u32 = arith.constant {value = 1: u32}
      %6: u32 = arith.constant {value = 0: u32}
      %7: u32 = arith.constant {value = 1: u32}
      %8: u32 = arith.constant {value = 3: u32}
      %9: u32 = arith.mul %n, %8
      %10: u32 = arith.constant {value = 5: u32}
      control.for %4, %n, %5 (%11: u32) {
        %12: u32 = arith.mul %11, %10
        %13: u32 = arith.add %9, %12
        control.for %6, %n, %7 (%14: u32) {
          buffer.store %out, %14, %13
          control.yield
        }
        control.yield
      }
      control.return
    }"
  `);
});

test('loads stay, and so does what a branch may never reach', () => {
  const program = programOf(({ input, out, n }) => {
    control.for({ to: n }, (i) => {
      control.if(i.gt(3), () => out.store(i, n.div(input.load(0))));
    });
  });
  const text = kernelAfter(program, 'core.licm');
  const loop = text.slice(text.indexOf('control.for'));
  expect(loop).toContain('buffer.load');
  expect(loop).toContain('arith.div');
});

test('out of both parts of a while', () => {
  const program = programOf(({ out, n }) => {
    control.while({ i: n }, ({ i }) => i.gt(n.shr(1)), ({ i }) => {
      out.store(i, n.shl(2));
      return { i: i.sub(1) };
    });
  });
  expect(kernelAfter(program, 'core.licm')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = arith.constant {value = 1: u32}
      %5: u32 = arith.shr %n, %4
      %6: u32 = arith.constant {value = 2: u32}
      %7: u32 = arith.shl %n, %6
      %8: u32 = arith.constant {value = 1: u32}
      %9: u32 = control.while %n (%10: u32) {
        %11: bool = arith.gt %10, %5
        control.condition %11, %10
      } (%12: u32) {
        buffer.store %out, %12, %7
        %13: u32 = arith.sub %12, %8
        control.yield %13
      }
      control.return
    }"
  `);
});
