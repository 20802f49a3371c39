import { expect, test } from 'vitest';
import { control } from '../../build/control.ts';
import { buffer } from '../../build/host.ts';
import { defineKernel, kernel } from '../../build/kernel.ts';
import { defineProgram } from '../../build/program.ts';
import { u64 } from '../../build/value.ts';
import { print } from '../../text/print.ts';
import { after } from '../pass-fixture.ts';

const sum = defineKernel('sum', { params: { data: 'buffer<u64, read>', out: 'buffer<u64, write>', start: 'u64' }, workgroup: 1 }, ({ data, out, start }, { global: { x } }) => {
  out.store(x, control.if(data.load(x).lt(start), () => start.add(1), () => u64(2n ** 40n)));
});

test('a value is two words: in memory, in parameters, through a branch, and in what a launch hands over', () => {
  const program = defineProgram('p', { start: 'u64' }, ({ start }) => {
    kernel.launch(sum, { groups: 4 }, { data: buffer.alloc('u64', 4), out: buffer.alloc('u64', 4), start });
  });
  expect(print(after(program, 'core.legalize-64', 'core.fold', 'core.cse', 'core.dce'))).toMatchInlineSnapshot(`
    "kernel sum(%data: buffer<u32, read>, %out: buffer<u32, write>, %start_lo: u32, %start_hi: u32) workgroup(1, 1, 1) {
      %4: u32 = kernel.global_id {axis = x}
      %5: u32 = arith.constant {value = 2147483648: u32}
      %6: bool = arith.lt %4, %5
      %7: u32 = arith.constant {value = 1: u32}
      %8: u32 = arith.shl %4, %7
      %9: u32 = arith.constant {value = 4294967295: u32}
      %10: u32 = arith.select %6, %8, %9
      %11: u32 = arith.or %8, %7
      %12: u32 = arith.select %6, %11, %9
      %13: u32 = buffer.load %data, %10
      %14: u32 = buffer.load %data, %12
      %15: bool = arith.lt %14, %start_hi
      %16: bool = arith.eq %14, %start_hi
      %17: bool = arith.lt %13, %start_lo
      %18: bool = arith.and %16, %17
      %19: bool = arith.or %15, %18
      %20: u32, %21: u32 = control.if %19 () {
        %22: u32 = arith.constant {value = 0: u32}
        %23: u32 = arith.add %start_lo, %7
        %24: u32 = arith.add %start_hi, %22
        %25: bool = arith.lt %23, %start_lo
        %26: u32 = arith.cast %25 {to = u32}
        %27: u32 = arith.add %24, %26
        control.yield %23, %27
      } () {
        %28: u32 = arith.constant {value = 0: u32}
        %29: u32 = arith.constant {value = 256: u32}
        control.yield %28, %29
      }
      buffer.store %out, %10, %20
      buffer.store %out, %12, %21
      control.return
    }

    program p(%start: u64) {
      %1: u64 = arith.constant {value = 32: u64}
      %2: GpuBufferHandle = buffer.alloc %1 {init = zero}
      %3: GpuBufferHandle = buffer.alloc %1 {init = zero}
      %4: u32 = arith.constant {value = 4: u32}
      %5: u32 = arith.constant {value = 1: u32}
      %6: u32 = arith.constant {value = 32: u32}
      %7: u64 = arith.shr %start, %6
      %8: u32 = arith.cast %start {to = u32}
      %9: u32 = arith.cast %7 {to = u32}
      kernel.launch %4, %5, %5, %2, %3, %8, %9 {kernel = @sum}
      control.return
    }"
  `);
});

test('a kernel without 64-bit integers is the same kernel, and one with an op that has no pairs stays', () => {
  const none = defineKernel('none', { params: { out: 'buffer<u32, write>' }, workgroup: 1 }, ({ out }) => out.store(0, 1));
  const atomic = defineKernel('atomic', { params: { out: 'buffer<u64, read_write>' }, workgroup: 1 }, ({ out }) => void out.atomicAdd(0, 1));
  const program = defineProgram('p', {}, () => {
    kernel.launch(none, 1, { out: buffer.alloc('u32', 1) });
    kernel.launch(atomic, 1, { out: buffer.alloc('u64', 1) });
  });
  expect(after(program, 'core.legalize-64')).toBe(program);
});
