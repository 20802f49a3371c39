import { expect, test } from 'vitest';
import { buffer } from '../../build/host.ts';
import { defineKernel, kernel } from '../../build/kernel.ts';
import { defineProgram } from '../../build/program.ts';
import { print } from '../../text/print.ts';
import { after } from '../pass-fixture.ts';

test('a value is an f32, a parameter is cast by the launch, memory holds bits, and what is exact is not rounded', () => {
  const least = defineKernel('least', { params: { data: 'buffer<vec2<f16>, read>', out: 'buffer<f16, write>', limit: 'f16' }, workgroup: 1 }, ({ data, out, limit }, { global: { x } }) => {
    const v = data.load(x);
    out.store(x, v.x.min(v.y).min(limit));
  });
  const program = defineProgram('p', { data: 'GpuBufferHandle', limit: 'f16' }, ({ data, limit }) => {
    kernel.launch(least, { groups: 4 }, { data, out: buffer.alloc('f16', 4), limit });
  });
  expect(print(after(program, 'core.legalize-f16', 'core.cse', 'core.dce'))).toMatchInlineSnapshot(`
    "kernel least(%data: buffer<u32, read>, %out: buffer<u16, write>, %limit: f32) workgroup(1, 1, 1) {
      %3: u32 = kernel.global_id {axis = x}
      %4: u32 = buffer.load %data, %3
      %5: u32 = arith.constant {value = 65535: u32}
      %6: u32 = arith.and %4, %5
      %7: u32 = arith.constant {value = 16: u32}
      %8: u32 = arith.shr %4, %7
      %9: u32 = arith.constant {value = 32767: u32}
      %10: u32 = arith.and %6, %9
      %11: u32 = arith.constant {value = 13: u32}
      %12: u32 = arith.shl %10, %11
      %13: u32 = arith.constant {value = 31744: u32}
      %14: bool = arith.ge %10, %13
      %15: u32 = arith.constant {value = 2139095040: u32}
      %16: u32 = arith.or %12, %15
      %17: u32 = arith.constant {value = 939524096: u32}
      %18: u32 = arith.add %12, %17
      %19: u32 = arith.select %14, %16, %18
      %20: u32 = arith.constant {value = 32768: u32}
      %21: u32 = arith.and %6, %20
      %22: u32 = arith.shl %21, %7
      %23: u32 = arith.constant {value = 1024: u32}
      %24: bool = arith.lt %10, %23
      %25: f32 = arith.cast %10 {to = f32}
      %26: f32 = arith.constant {value = 5.9604645e-8: f32}
      %27: f32 = arith.mul %25, %26
      %28: u32 = arith.bitcast %27 {to = u32}
      %29: u32 = arith.select %24, %28, %19
      %30: u32 = arith.or %22, %29
      %31: f32 = arith.bitcast %30 {to = f32}
      %32: u32 = arith.and %8, %9
      %33: u32 = arith.shl %32, %11
      %34: bool = arith.ge %32, %13
      %35: u32 = arith.or %33, %15
      %36: u32 = arith.add %33, %17
      %37: u32 = arith.select %34, %35, %36
      %38: u32 = arith.and %8, %20
      %39: u32 = arith.shl %38, %7
      %40: bool = arith.lt %32, %23
      %41: f32 = arith.cast %32 {to = f32}
      %42: f32 = arith.mul %41, %26
      %43: u32 = arith.bitcast %42 {to = u32}
      %44: u32 = arith.select %40, %43, %37
      %45: u32 = arith.or %39, %44
      %46: f32 = arith.bitcast %45 {to = f32}
      %47: vec2<f32> = vector.construct %31, %46 {type = vec2<f32>}
      %48: f32 = vector.swizzle %47 {pattern = "x"}
      %49: f32 = vector.swizzle %47 {pattern = "y"}
      %50: f32 = arith.min %48, %49
      %51: f32 = arith.min %50, %limit
      %52: u32 = arith.bitcast %51 {to = u32}
      %53: u32 = arith.constant {value = 2147483647: u32}
      %54: u32 = arith.and %52, %53
      %55: u32 = arith.constant {value = 4095: u32}
      %56: u32 = arith.add %54, %55
      %57: u32 = arith.shr %54, %11
      %58: u32 = arith.constant {value = 1: u32}
      %59: u32 = arith.and %57, %58
      %60: u32 = arith.add %56, %59
      %61: u32 = arith.constant {value = 4294959104: u32}
      %62: u32 = arith.and %60, %61
      %63: u32 = arith.constant {value = 23: u32}
      %64: u32 = arith.shr %54, %63
      %65: u32 = arith.constant {value = 126: u32}
      %66: u32 = arith.min %64, %65
      %67: u32 = arith.sub %66, %65
      %68: u32 = arith.neg %67
      %69: u32 = arith.constant {value = 25: u32}
      %70: u32 = arith.min %68, %69
      %71: u32 = arith.constant {value = 8388607: u32}
      %72: u32 = arith.and %54, %71
      %73: u32 = arith.constant {value = 8388608: u32}
      %74: u32 = arith.or %72, %73
      %75: u32 = arith.xor %70, %70
      %76: u32 = arith.add %75, %58
      %77: u32 = arith.sub %70, %58
      %78: u32 = arith.shl %76, %77
      %79: u32 = arith.sub %78, %58
      %80: u32 = arith.add %74, %79
      %81: u32 = arith.shr %74, %70
      %82: u32 = arith.and %81, %58
      %83: u32 = arith.add %80, %82
      %84: u32 = arith.shr %83, %70
      %85: u32 = arith.constant {value = 2147483648: u32}
      %86: u32 = arith.and %52, %85
      %87: bool = arith.gt %54, %15
      %88: u32 = arith.constant {value = 947912704: u32}
      %89: bool = arith.ge %54, %88
      %90: u32 = arith.constant {value = 1199570944: u32}
      %91: bool = arith.ge %62, %90
      %92: u32 = arith.sub %62, %17
      %93: u32 = arith.shr %92, %11
      %94: u32 = arith.select %91, %13, %93
      %95: u32 = arith.shr %86, %7
      %96: u32 = arith.select %89, %94, %84
      %97: u32 = arith.or %95, %96
      %98: u32 = arith.constant {value = 32256: u32}
      %99: u32 = arith.select %87, %98, %97
      buffer.store %out, %3, %99
      control.return
    }

    program p(%data: GpuBufferHandle, %limit: f16) {
      %2: u64 = arith.constant {value = 8: u64}
      %3: GpuBufferHandle = buffer.alloc %2 {init = zero}
      %4: u32 = arith.constant {value = 4: u32}
      %5: u32 = arith.constant {value = 1: u32}
      %6: f32 = arith.cast %limit {to = f32}
      kernel.launch %4, %5, %5, %data, %3, %6 {kernel = @least}
      control.return
    }"
  `);
});

test('a kernel without f16 is the same kernel', () => {
  const none = defineKernel('none', { params: { out: 'buffer<f32, write>' }, workgroup: 1 }, ({ out }) => out.store(0, 1));
  const program = defineProgram('p', {}, () => kernel.launch(none, 1, { out: buffer.alloc('f32', 1) }));
  expect(after(program, 'core.legalize-f16')).toBe(program);
});
