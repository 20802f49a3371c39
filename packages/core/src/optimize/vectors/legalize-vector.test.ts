import { expect, test } from 'vitest';
import { functionsOf } from '../../build/functions.ts';
import { buffer } from '../../build/host.ts';
import { defineKernel, kernel } from '../../build/kernel.ts';
import { defineProgram } from '../../build/program.ts';
import { arith as dialect } from '../../dialects/arith.ts';
import type { Program } from '../../ir/program.ts';
import { masked } from '../../registry/capabilities.ts';
import type { Capabilities, Mask } from '../../registry/capabilities.ts';
import { print } from '../../text/print.ts';
import { verify } from '../../verify/verify.ts';
import { after, registry } from '../pass-fixture.ts';
import { optimize } from '../passes.ts';

const arith = functionsOf(dialect);
const all: Capabilities = { default: { how: 'native' }, ops: {}, types: {}, limits: {}, spaces: ['host'], floats: { subnormals: 'kept', nonFinite: 'ieee' } };
const legal = (program: Program, mask: Mask, ...more: readonly string[]) => {
  const made = optimize(program, { registry, passes: ['core.legalize-vector', ...more], target: { backend: 'some', capabilities: masked(all, mask) } });
  expect(verify(made, registry)).toEqual([]);
  return made;
};

const k = defineKernel('k', { params: { data: 'buffer<vec2<f32>, read_write>' }, workgroup: 1 }, ({ data }, { global: { x } }) => {
  const v = data.load(x);
  data.store(x, v.add(v.dot(v)));
});
const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => kernel.launch(k, { groups: 1 }, { data }));

test('an op that the target has on scalars alone is computed by component; the others stay', () => {
  expect(print(legal(program, { ops: ['vector.dot'] }, 'core.cse', 'core.dce').kernels[0] ?? program)).toMatchInlineSnapshot(`
    "kernel k(%data: buffer<vec2<f32>, read_write>) workgroup(1, 1, 1) {
      %1: u32 = kernel.global_id {axis = x}
      %2: vec2<f32> = buffer.load %data, %1
      %3: u32 = arith.constant {value = 0: u32}
      %4: f32 = vector.extract %2, %3
      %5: u32 = arith.constant {value = 1: u32}
      %6: f32 = vector.extract %2, %5
      %7: f32 = arith.mul %4, %4
      %8: f32 = arith.mul %6, %6
      %9: f32 = arith.add %7, %8
      %10: vec2<f32> = vector.splat %9 {size = 2: u32}
      %11: vec2<f32> = arith.add %2, %10
      buffer.store %data, %1, %11
      control.return
    }"
  `);
});

test('vectors that the target lacks are scalars, and memory holds arrays', () => {
  expect(print(legal(program, { types: ['vec2<f32>'] }, 'core.cse', 'core.dce').kernels[0] ?? program)).toMatchInlineSnapshot(`
    "kernel k(%data: buffer<array<f32, 2>, read_write>) workgroup(1, 1, 1) {
      %1: u32 = kernel.global_id {axis = x}
      %2: array<f32, 2> = buffer.load %data, %1
      %3: u32 = arith.constant {value = 0: u32}
      %4: f32 = vector.extract %2, %3
      %5: u32 = arith.constant {value = 1: u32}
      %6: f32 = vector.extract %2, %5
      %7: f32 = arith.mul %4, %4
      %8: f32 = arith.mul %6, %6
      %9: f32 = arith.add %7, %8
      %10: f32 = arith.add %4, %9
      %11: f32 = arith.add %6, %9
      %12: array<f32, 2> = vector.construct %10, %11 {type = array<f32, 2>}
      buffer.store %data, %1, %12
      control.return
    }"
  `);
  expect(print(legal(program, { ops: ['vector.dot', 'vector.construct'] }))).toEqual(print(legal(program, { types: ['vec2<f32>'] })));
});

test('a target that lacks nothing, or has no vectors of its own to lack, keeps the program', () => {
  for (const mask of [{}, { types: ['vec3<f32>'] }, { ops: ['arith.fma', 'vector.reduce'] }]) expect(legal(program, mask)).toBe(program);
});

test('an op that takes a vector and no components keeps its kernel as it is', () => {
  const pack = defineKernel('pack', { params: { data: 'buffer<vec4<f32>, read>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ data, out }) => out.store(0, arith.pack4x8unorm(data.load(0))));
  const packs = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => kernel.launch(pack, { groups: 1 }, { data, out: buffer.alloc('u32', 1) }));
  expect(after(packs, 'core.legalize-vector')).toBe(packs);
});
