import { buffer, control, defineKernel, defineProgram, kernel } from '@sluice/core';
import type { Value } from '@sluice/core';
import { randomFloats } from './random.ts';
import type { Scale, Workload } from './workload.ts';

const WORKGROUP = 256;
/** Vectors of a row that an invocation keeps. */
const HELD = 4;
const COLUMNS = WORKGROUP * HELD * 4;
const ROWS: Readonly<Record<Scale, number>> = { gpu: 16_384, software: 256, quick: 8 };

type F32 = Value<'f32'>;

/** A tree over the workgroup whose result every invocation has. */
function tree(mine: F32, lane: Value<'u32'>, combine: (a: F32, b: F32) => F32): F32 {
  const shared = buffer.workgroup('f32', WORKGROUP);
  shared.store(lane, mine);
  for (let half = WORKGROUP / 2; half >= 1; half /= 2) {
    control.barrier();
    control.if(lane.lt(half), () => shared.store(lane, combine(shared.load(lane), shared.load(lane.add(half)))));
  }
  control.barrier();
  return shared.load(0);
}

const rows = defineKernel('softmax', { params: { x: 'buffer<vec4<f32>, read>', y: 'buffer<vec4<f32>, write>' }, workgroup: WORKGROUP }, ({ x, y }, { local, workgroup }) => {
  const first = workgroup.x.mul(COLUMNS / 4).add(local.x);
  const held = Array.from({ length: HELD }, (_, i) => x.load(first.add(i * WORKGROUP)));
  const most = tree(held.reduce((a, b) => a.max(b)).reduce('max'), local.x, (a, b) => a.max(b));
  // The type of `exp` leaves out that what it gives is a vector again.
  const raised = held.map((v) => v.sub(most).exp() as Value<'vec4<f32>'>);
  const total = tree(raised.reduce((a, b) => a.add(b)).reduce('add'), local.x, (a, b) => a.add(b));
  for (const [i, v] of raised.entries()) y.store(first.add(i * WORKGROUP), v.div(total));
});
const program = defineProgram('softmax', { x: 'GpuBufferHandle', y: 'GpuBufferHandle', rows: 'u32', times: 'u32' }, ({ x, y, rows: groups, times }) => {
  control.for({ to: times }, () => kernel.launch(rows, { groups }, { x, y }));
});

const each = (text: (i: number) => string) => Array.from({ length: HELD }, (_, i) => text(i));
const treeByHand = (name: string, combine: (a: string, b: string) => string) => `
  for (var half = ${WORKGROUP / 2}u; half > 0; half >>= 1) {
    workgroupBarrier();
    if (lane < half) { ${name}[lane] = ${combine(`${name}[lane]`, `${name}[lane + half]`)}; }
  }
  workgroupBarrier();`;
const BY_HAND = `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
var<workgroup> greatest: array<f32, ${WORKGROUP}>;
var<workgroup> sums: array<f32, ${WORKGROUP}>;

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let first = group.x * ${COLUMNS / 4} + lane;
${each((i) => `  let x${i} = x[first + ${i * WORKGROUP}];`).join('\n')}
  let m = ${each((i) => `x${i}`).reduce((a, b) => `max(${a}, ${b})`)};
  greatest[lane] = max(max(m.x, m.y), max(m.z, m.w));${treeByHand('greatest', (a, b) => `max(${a}, ${b})`)}
  let most = greatest[0];
${each((i) => `  let e${i} = exp(x${i} - most);`).join('\n')}
  let s = ${each((i) => `e${i}`).join(' + ')};
  sums[lane] = s.x + s.y + s.z + s.w;${treeByHand('sums', (a, b) => `${a} + ${b}`)}
  let total = sums[0];
${each((i) => `  y[first + ${i * WORKGROUP}] = e${i} / total;`).join('\n')}
}`;

/** Of each row of a matrix, a workgroup a row, with the row in registers: it is read once and written once. */
export function softmax(scale: Scale): Workload {
  const length = ROWS[scale] * COLUMNS;
  const xs = randomFloats(length, -8, 16);
  let known = { row: -1, most: 0, total: 1 };
  const ofRow = (row: number) => {
    const values = xs.subarray(row * COLUMNS, (row + 1) * COLUMNS);
    const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
    return { row, most, total: values.reduce((sum, v) => sum + Math.exp(v - most), 0) };
  };
  const expected = (i: number) => {
    const row = Math.floor(i / COLUMNS);
    if (known.row !== row) known = ofRow(row);
    return Math.exp((xs[i] ?? NaN) - known.most) / known.total;
  };
  return {
    name: 'wgsl/softmax', unit: 'GB/s', work: (2 * 4 * length) / 1e9,
    note: `${ROWS[scale]} rows of ${COLUMNS} f32`,
    // WGSL lets exp(v) err by 3 + 2 |v| units in the last place, here up to 35; sums and the quotient add less than that again.
    output: { element: 'f32', length, cost: 4, expected, tolerance: (i) => expected(i) * 80 * 2 ** -23 },
    async sluice(on) {
      const executable = await on.compile(program);
      const [x, y] = [await on.buffer(xs), await on.buffer(new Float32Array(length))];
      return { run: (times) => executable.run({ x, y, rows: ROWS[scale], times }), output: y, buffers: [x, y] };
    },
    async byHand(on) {
      const buffers = [on.buffer(xs), on.buffer({ zeros: 4 * length })] as const;
      return { stages: [await on.stage({ code: BY_HAND, buffers, groups: [ROWS[scale]] })], output: buffers[1], buffers };
    },
  };
}
