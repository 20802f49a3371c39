import { expect, test } from 'vitest';
import { buffer } from '../../build/host.ts';
import { defineKernel, kernel } from '../../build/kernel.ts';
import { defineProgram } from '../../build/program.ts';
import { print } from '../../text/print.ts';
import { after } from '../pass-fixture.ts';

test('two launches become one, and what lies between them never goes to memory', () => {
  const params = { from: 'buffer<u32, read>', to: 'buffer<u32, write>' } as const;
  const double = defineKernel('double', { params, workgroup: 64 }, ({ from, to }, { global: { x } }) => to.store(x, from.load(x).mul(2)));
  const next = defineKernel('next', { params, workgroup: 64 }, ({ from, to }, { global: { x } }) => to.store(x, from.load(x).add(1)));
  const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [between, out] = [buffer.alloc('u32', 64), buffer.alloc('u32', 64)];
    kernel.launch(double, { groups: 1 }, { from: data, to: between });
    kernel.launch(next, { groups: 1 }, { from: between, to: out });
    return { out };
  });
  expect(print(after(program, 'core.fuse', 'core.cse', 'core.dce'))).toMatchInlineSnapshot(`
    "kernel double_next(%from: buffer<u32, read>, %to: buffer<u32, read_write>, %to2: buffer<u32, write>) workgroup(64, 1, 1) {
      %3: u32 = kernel.global_id {axis = x}
      %4: u32 = buffer.load %from, %3
      %5: u32 = arith.constant {value = 2: u32}
      %6: u32 = arith.mul %4, %5
      %7: u32 = buffer.length %to
      %8: bool = arith.lt %3, %7
      %9: u32 = arith.constant {value = 0: u32}
      %10: u32 = arith.select %8, %6, %9
      %11: u32 = arith.constant {value = 1: u32}
      %12: u32 = arith.add %10, %11
      buffer.store %to2, %3, %12
      control.return
    }

    program p(%data: GpuBufferHandle) -> (out: GpuBufferHandle) {
      %1: u64 = arith.constant {value = 256: u64}
      %2: GpuBufferHandle = buffer.alloc %1 {init = zero}
      %3: GpuBufferHandle = buffer.alloc %1 {init = zero}
      %4: u32 = arith.constant {value = 1: u32}
      kernel.launch %4, %4, %4, %data, %2, %3 {kernel = @double_next}
      control.return %3
    }"
  `);
});
