import { buffer, control, defineKernel, defineProgram, kernel } from '@sluice/core';
import { randomWords } from './random.ts';
import type { Scale, Workload } from './workload.ts';

const TILE = 32;
const ROWS = 8;
/** A row of a tile in workgroup memory has one more, so that a column lies in different banks. */
const PITCH = TILE + 1;
const SIDE: Readonly<Record<Scale, number>> = { gpu: 8192, software: 1024, quick: 128 };

function programOf(side: number) {
  const transposed = defineKernel('transpose', { params: { from: 'buffer<u32, read>', to: 'buffer<u32, write>' }, workgroup: [TILE, ROWS] }, ({ from, to }, { local, workgroup }) => {
    const tile = buffer.workgroup('u32', TILE * PITCH);
    const [left, top] = [workgroup.x.mul(TILE), workgroup.y.mul(TILE)];
    for (let row = 0; row < TILE; row += ROWS) {
      const y = local.y.add(row);
      tile.store(y.mul(PITCH).add(local.x), from.load(top.add(y).mul(side).add(left).add(local.x)));
    }
    control.barrier();
    for (let row = 0; row < TILE; row += ROWS) {
      const y = local.y.add(row);
      to.store(left.add(y).mul(side).add(top).add(local.x), tile.load(local.x.mul(PITCH).add(y)));
    }
  });
  return defineProgram('transpose', { from: 'GpuBufferHandle', to: 'GpuBufferHandle', times: 'u32' }, ({ from, to, times }) => {
    control.for({ to: times }, () => kernel.launch(transposed, { groups: [side / TILE, side / TILE, 1] }, { from, to }));
  });
}

const byHand = (side: number) => `
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> target_: array<u32>;
var<workgroup> tile: array<u32, ${TILE * PITCH}>;

@compute @workgroup_size(${TILE}, ${ROWS})
fn main(@builtin(local_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let corner = group.xy * ${TILE};
  for (var row = 0u; row < ${TILE}; row += ${ROWS}) {
    let y = id.y + row;
    tile[y * ${PITCH} + id.x] = source[(corner.y + y) * ${side} + corner.x + id.x];
  }
  workgroupBarrier();
  for (var row = 0u; row < ${TILE}; row += ${ROWS}) {
    let y = id.y + row;
    target_[(corner.x + y) * ${side} + corner.y + id.x] = tile[id.x * ${PITCH} + y];
  }
}`;

/** A square matrix of 32-bit words transposed, tile by tile through workgroup memory. */
export function transpose(scale: Scale): Workload {
  const side = SIDE[scale];
  const length = side * side;
  const words = randomWords(length);
  return {
    name: 'wgsl/transpose', unit: 'GB/s', work: (2 * 4 * length) / 1e9,
    note: `${side} x ${side} words`,
    output: { element: 'u32', length, cost: 1, expected: (i) => words[(i % side) * side + Math.floor(i / side)] ?? NaN },
    async sluice(on) {
      const executable = await on.compile(programOf(side));
      const [from, to] = [await on.buffer(words), await on.buffer(new Uint32Array(length))];
      return { run: (times) => executable.run({ from, to, times }), output: to, buffers: [from, to] };
    },
    async byHand(on) {
      const buffers = [on.buffer(words), on.buffer({ zeros: 4 * length })] as const;
      return { stages: [await on.stage({ code: byHand(side), buffers, groups: [side / TILE, side / TILE] })], output: buffers[1], buffers };
    },
  };
}
