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
    "kernel sum(%data: buffer<vec2<u32>, read>, %out: buffer<vec2<u32>, write>, %start_lo: u32, %start_hi: u32) workgroup(1, 1, 1) {
      %4: u32 = kernel.global_id {axis = x}
      %5: vec2<u32> = buffer.load %data, %4
      %6: u32 = arith.constant {value = 0: u32}
      %7: u32 = vector.extract %5, %6
      %8: u32 = arith.constant {value = 1: u32}
      %9: u32 = vector.extract %5, %8
      %10: bool = arith.lt %9, %start_hi
      %11: bool = arith.eq %9, %start_hi
      %12: bool = arith.lt %7, %start_lo
      %13: bool = arith.and %11, %12
      %14: bool = arith.or %10, %13
      %15: u32, %16: u32 = control.if %14 () {
        %17: u32 = arith.add %start_lo, %8
        %18: u32 = arith.add %start_hi, %6
        %19: bool = arith.lt %17, %start_lo
        %20: u32 = arith.cast %19 {to = u32}
        %21: u32 = arith.add %18, %20
        control.yield %17, %21
      } () {
        %22: u32 = arith.constant {value = 256: u32}
        control.yield %6, %22
      }
      %23: vec2<u32> = vector.construct %15, %16 {type = vec2<u32>}
      buffer.store %out, %4, %23
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
