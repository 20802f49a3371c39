import { control, defineKernel, defineProgram, kernel } from '@sluice/core';
import { randomIntegers } from './random.ts';
import type { Scale, Workload } from './workload.ts';

const WORKGROUP = 256;
/** Workgroups: as many as a dimension takes, on a GPU. */
const GROUPS: Readonly<Record<Scale, number>> = { gpu: 65_535, software: 1024, quick: 16 };
/** Whole numbers stay exact in an f32, however often it is added. */
const A = 2;

const vectors = defineKernel('saxpy', { params: { a: 'f32', x: 'buffer<vec4<f32>, read>', y: 'buffer<vec4<f32>, read_write>' }, workgroup: WORKGROUP }, ({ a, x, y }, { global }) => {
  y.store(global.x, x.load(global.x).mul(a).add(y.load(global.x)));
});
const scalars = defineKernel('saxpy', { params: { a: 'f32', x: 'buffer<f32, read>', y: 'buffer<f32, read_write>' }, workgroup: WORKGROUP }, ({ a, x, y }, { global }) => {
  y.store(global.x, x.load(global.x).mul(a).add(y.load(global.x)));
});

const params = { x: 'GpuBufferHandle', y: 'GpuBufferHandle', a: 'f32', groups: 'u32', times: 'u32' } as const;
const PROGRAMS = {
  'vec4<f32>': defineProgram('saxpy', params, ({ x, y, a, groups, times }) => control.for({ to: times }, () => kernel.launch(vectors, { groups }, { a, x, y }))),
  f32: defineProgram('saxpy', params, ({ x, y, a, groups, times }) => control.for({ to: times }, () => kernel.launch(scalars, { groups }, { a, x, y }))),
} as const;

const byHand = (element: string) => `
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<${element}>;
@group(0) @binding(2) var<storage, read_write> y: array<${element}>;

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&y)) {
    y[id.x] = a[0] * x[id.x] + y[id.x];
  }
}`;

/** y = a x + y, over vectors of four or element by element. */
export function saxpy(scale: Scale, element: keyof typeof PROGRAMS): Workload {
  const groups = GROUPS[scale];
  const length = groups * WORKGROUP * (element === 'f32' ? 1 : 4);
  const [xs, ys] = [randomIntegers(length, -128, 256), randomIntegers(length, -128, 256)];
  return {
    name: element === 'f32' ? 'wgsl/saxpy-scalar' : 'wgsl/saxpy',
    unit: 'GB/s',
    work: (3 * 4 * length) / 1e9,
    note: `${length} f32, as ${element}`,
    output: { element: 'f32', length, cost: 1, expected: (i, launches) => (ys[i] ?? NaN) + launches * A * (xs[i] ?? NaN) },
    async sluice(on) {
      const executable = await on.compile(PROGRAMS[element]);
      const [x, y] = [await on.buffer(xs), await on.buffer(ys)];
      return { run: (times) => executable.run({ x, y, a: A, groups, times }), output: y, buffers: [x, y] };
    },
    async byHand(on) {
      const buffers = [on.buffer(Float32Array.of(A)), on.buffer(xs), on.buffer(ys)] as const;
      return { stages: [await on.stage({ code: byHand(element), buffers, groups: [groups] })], output: buffers[2], buffers };
    },
  };
}
