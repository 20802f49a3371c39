import { buffer, control, defineKernel, defineProgram, kernel, vector } from '@sluice/core';
import type { Value } from '@sluice/core';
import { randomFloats } from './random.ts';
import type { Scale, Workload } from './workload.ts';

const WORKGROUP = 256;
const GROUPS: Readonly<Record<Scale, number>> = { gpu: 1024, software: 64, quick: 4 };
const LENGTH: Readonly<Record<Scale, number>> = { gpu: 2 ** 26, software: 2 ** 21, quick: 2 ** 16 };

/** A tree over the workgroup: the sum of all in invocation 0. */
function tree(mine: Value<'f32'>, lane: Value<'u32'>, finish: (sum: Value<'f32'>) => void): void {
  const shared = buffer.workgroup('f32', WORKGROUP);
  shared.store(lane, mine);
  for (let half = WORKGROUP / 2; half >= 1; half /= 2) {
    control.barrier();
    control.if(lane.lt(half), () => shared.store(lane, shared.load(lane).add(shared.load(lane.add(half)))));
  }
  control.if(lane.eq(0), () => finish(shared.load(0)));
}

/** `groups` workgroups in the first level, which has as many sums; one in the second. */
function programOf(groups: number) {
  const partial = defineKernel('partial_sums', { params: { x: 'buffer<vec4<f32>, read>', sums: 'buffer<f32, write>' }, workgroup: WORKGROUP }, ({ x, sums }, { global, local, workgroup }) => {
    const mine = control.for({ from: global.x, to: x.length, step: WORKGROUP * groups }, vector.construct('vec4<f32>', 0, 0, 0, 0), (i, sum) => sum.add(x.load(i)));
    tree(mine.reduce('add'), local.x, (sum) => sums.store(workgroup.x, sum));
  });
  const whole = defineKernel('sum_of_sums', { params: { sums: 'buffer<vec4<f32>, read>', out: 'buffer<f32, write>' }, workgroup: WORKGROUP }, ({ sums, out }, { local }) => {
    tree(sums.load(local.x).reduce('add'), local.x, (sum) => out.store(0, sum));
  });
  return defineProgram('sum', { x: 'GpuBufferHandle', sums: 'GpuBufferHandle', out: 'GpuBufferHandle', times: 'u32' }, ({ x, sums, out, times }) => {
    control.for({ to: times }, () => {
      kernel.launch(partial, { groups }, { x, sums });
      kernel.launch(whole, { groups: 1 }, { sums, out });
    });
  });
}

const TREE = `
  shared_sums[lane] = mine.x + mine.y + mine.z + mine.w;
  for (var half = ${WORKGROUP / 2}u; half > 0; half >>= 1) {
    workgroupBarrier();
    if (lane < half) { shared_sums[lane] += shared_sums[lane + half]; }
  }`;
const partialByHand = (groups: number) => `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
var<workgroup> shared_sums: array<f32, ${WORKGROUP}>;

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  var mine = vec4f();
  for (var i = id.x; i < arrayLength(&x); i += ${WORKGROUP * groups}u) { mine += x[i]; }${TREE}
  if (lane == 0) { sums[group.x] = shared_sums[0]; }
}`;
const WHOLE = `
@group(0) @binding(0) var<storage, read> sums: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
var<workgroup> shared_sums: array<f32, ${WORKGROUP}>;

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(local_invocation_index) lane: u32) {
  var mine = vec4f();
  if (lane < arrayLength(&sums)) { mine = sums[lane]; }${TREE}
  if (lane == 0) { out[0] = shared_sums[0]; }
}`;

/** A sum in two levels, each a tree over a workgroup. */
export function sum(scale: Scale): Workload {
  const groups = GROUPS[scale];
  const length = LENGTH[scale];
  const xs = randomFloats(length, 0, 1);
  const expected = xs.reduce((total, x) => total + x, 0);
  return {
    name: 'wgsl/sum', unit: 'GB/s', work: (4 * length) / 1e9,
    note: `${length} f32`,
    // Each addition rounds once; on the way to the sum there are as many as one invocation does, and those of two trees.
    output: { element: 'f32', length: 1, cost: 1, expected: () => expected, tolerance: () => expected * (length / (4 * WORKGROUP * groups) + 24) * 2 ** -24 },
    async sluice(on) {
      const executable = await on.compile(programOf(groups));
      const [x, sums, out] = [await on.buffer(xs), await on.buffer(new Float32Array(groups)), await on.buffer(new Float32Array(1))];
      return { run: (times) => executable.run({ x, sums, out, times }), output: out, buffers: [x, sums, out] };
    },
    async byHand(on) {
      const [x, sums, out] = [on.buffer(xs), on.buffer({ zeros: 4 * groups }), on.buffer({ zeros: 4 })];
      const stages = [await on.stage({ code: partialByHand(groups), buffers: [x, sums], groups: [groups] }), await on.stage({ code: WHOLE, buffers: [sums, out], groups: [1] })];
      return { stages, output: out, buffers: [x, sums, out] };
    },
  };
}
