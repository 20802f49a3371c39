import { expect, test } from 'vitest';
import { buffer } from '../../build/host.ts';
import { defineKernel, kernel } from '../../build/kernel.ts';
import { defineProgram } from '../../build/program.ts';
import { print } from '../../text/print.ts';
import { after } from '../pass-fixture.ts';

test('an element is bits of a word; the launch hands over how many there are', () => {
  const copy = defineKernel('copy', { params: { from: 'buffer<u8, read>', to: 'buffer<i16, write>' }, workgroup: 1 }, ({ from, to }, { global: { x } }) => to.store(x, from.load(x).to('i32')));
  const program = defineProgram('p', { from: 'GpuBufferHandle' }, ({ from }) => kernel.launch(copy, { groups: 4 }, { from, to: buffer.alloc('i16', 4) }));
  expect(print(after(program, 'core.legalize-small', 'core.cse', 'core.dce'))).toMatchInlineSnapshot(`
    "kernel copy(%from: buffer<u32, read>, %to: buffer<u32, read_write>, %from_length: u32, %to_length: u32) workgroup(1, 1, 1) {
      %4: u32 = kernel.global_id {axis = x}
      %5: bool = arith.lt %4, %from_length
      %6: u32 = arith.constant {value = 2: u32}
      %7: u32 = arith.shr %4, %6
      %8: u32 = arith.constant {value = 4294967295: u32}
      %9: u32 = arith.select %5, %7, %8
      %10: u32 = arith.constant {value = 3: u32}
      %11: u32 = arith.and %4, %10
      %12: u32 = arith.constant {value = 8: u32}
      %13: u32 = arith.mul %11, %12
      %14: u32 = buffer.load %from, %9
      %15: u32 = arith.shr %14, %13
      %16: u32 = arith.constant {value = 255: u32}
      %17: u32 = arith.and %15, %16
      %18: i32 = arith.cast %17 {to = i32}
      %19: bool = arith.lt %4, %to_length
      %20: u32 = arith.constant {value = 1: u32}
      %21: u32 = arith.shr %4, %20
      %22: u32 = arith.select %19, %21, %8
      %23: u32 = arith.and %4, %20
      %24: u32 = arith.constant {value = 16: u32}
      %25: u32 = arith.mul %23, %24
      %26: u32 = arith.constant {value = 0: u32}
      %27: u32 = buffer.atomic_or %to, %22, %26
      %28: u32 = arith.shr %27, %25
      %29: u32 = arith.cast %18 {to = u32}
      %30: u32 = arith.xor %28, %29
      %31: u32 = arith.constant {value = 65535: u32}
      %32: u32 = arith.and %30, %31
      %33: u32 = arith.shl %32, %25
      %34: u32 = buffer.atomic_xor %to, %22, %33
      control.return
    }

    program p(%from: GpuBufferHandle) {
      %1: u64 = arith.constant {value = 8: u64}
      %2: GpuBufferHandle = buffer.alloc %1 {init = zero}
      %3: u32 = arith.constant {value = 4: u32}
      %4: u32 = arith.constant {value = 1: u32}
      %5: u64 = buffer.byte_length %from
      %6: u32 = arith.cast %5 {to = u32}
      %7: u64 = buffer.byte_length %2
      %8: u64 = arith.constant {value = 1: u64}
      %9: u64 = arith.add %7, %8
      %10: u64 = arith.constant {value = 2: u64}
      %11: u64 = arith.div %9, %10
      %12: u32 = arith.cast %11 {to = u32}
      kernel.launch %3, %4, %4, %from, %2, %6, %12 {kernel = @copy}
      control.return
    }"
  `);
});
