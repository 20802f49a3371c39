import { buffer, control, defineKernel, defineProgram, kernel, u32, vector } from '@sluice/core';
import type { BufferView, Value } from '@sluice/core';
import { randomWords } from './random.ts';
import type { Scale, Workload } from './workload.ts';

const WORKGROUP = 256;
/** Vectors of four in a row that an invocation scans. */
const HELD = 2;
const BLOCK = WORKGROUP * HELD * 4;
const LENGTH: Readonly<Record<Scale, number>> = { gpu: 2 ** 26, software: 2 ** 21, quick: 2 ** 15 };

type U32 = Value<'u32'>;

/** What the invocations below have together: an inclusive scan over the workgroup (Hillis and Steele 1986), less one's own. */
function below(mine: U32, lane: U32): U32 {
  const shared = buffer.workgroup('u32', WORKGROUP);
  shared.store(lane, mine);
  let sum = mine;
  for (let by = 1; by < WORKGROUP; by *= 2) {
    control.barrier();
    const other = control.if(lane.ge(by), () => shared.load(lane.sub(by)), () => u32(0));
    control.barrier();
    sum = sum.add(other);
    shared.store(lane, sum);
  }
  return sum.sub(mine);
}

const held = (x: BufferView<'vec4<u32>', 'read'>, first: U32) => Array.from({ length: HELD }, (_, i) => x.load(first.add(i)));

const sums = defineKernel('block_sums', { params: { x: 'buffer<vec4<u32>, read>', blocks: 'buffer<u32, write>' }, workgroup: WORKGROUP }, ({ x, blocks }, { global, local, workgroup }) => {
  const shared = buffer.workgroup('u32', WORKGROUP);
  shared.store(local.x, held(x, global.x.mul(HELD)).reduce((a, b) => a.add(b)).reduce('add'));
  for (let half = WORKGROUP / 2; half >= 1; half /= 2) {
    control.barrier();
    control.if(local.x.lt(half), () => shared.store(local.x, shared.load(local.x).add(shared.load(local.x.add(half)))));
  }
  control.if(local.x.eq(0), () => blocks.store(workgroup.x, shared.load(0)));
});

const scanBlocks = defineKernel('scan_blocks', { params: { x: 'buffer<vec4<u32>, read>', blocks: 'buffer<u32, read>', y: 'buffer<vec4<u32>, write>' }, workgroup: WORKGROUP }, ({ x, blocks, y }, { global, local, workgroup }) => {
  const first = global.x.mul(HELD);
  const mine = held(x, first);
  let running = below(mine.reduce((a, b) => a.add(b)).reduce('add'), local.x).add(blocks.load(workgroup.x));
  for (const [i, v] of mine.entries()) {
    const ends = [running];
    for (const component of [v.x, v.y, v.z, v.w]) ends.push((running = running.add(component)));
    const [a = running, b = running, c = running, d = running] = ends;
    y.store(first.add(i), vector.construct('vec4<u32>', a, b, c, d));
  }
});

/** `each`: blocks that an invocation of the one workgroup in the middle has. */
function programOf(each: number) {
  const offsets = defineKernel('block_offsets', { params: { blocks: 'buffer<u32, read_write>' }, workgroup: WORKGROUP }, ({ blocks }, { local }) => {
    const first = local.x.mul(each);
    const mine = control.for({ to: each }, u32(0), (i, sum) => sum.add(blocks.load(first.add(i))));
    control.for({ to: each }, below(mine, local.x), (i, running) => {
      const block = blocks.load(first.add(i));
      blocks.store(first.add(i), running);
      return running.add(block);
    });
  });
  return defineProgram('scan', { x: 'GpuBufferHandle', blocks: 'GpuBufferHandle', y: 'GpuBufferHandle', groups: 'u32', times: 'u32' }, ({ x, blocks, y, groups, times }) => {
    control.for({ to: times }, () => {
      kernel.launch(sums, { groups }, { x, blocks });
      kernel.launch(offsets, { groups: 1 }, { blocks });
      kernel.launch(scanBlocks, { groups }, { x, blocks, y });
    });
  });
}

const each = (text: (i: number) => string) => Array.from({ length: HELD }, (_, i) => text(i));
const LOADS = each((i) => `  let v${i} = x[id.x * ${HELD} + ${i}];`).join('\n');
const ALL = `  let v = ${each((i) => `v${i}`).join(' + ')};\n  let mine = v.x + v.y + v.z + v.w;`;
const BELOW = `
  shared_sums[lane] = mine;
  var sum = mine;
  for (var by = 1u; by < ${WORKGROUP}; by <<= 1) {
    workgroupBarrier();
    var other = 0u;
    if (lane >= by) { other = shared_sums[lane - by]; }
    workgroupBarrier();
    sum += other;
    shared_sums[lane] = sum;
  }
  var running = sum - mine;`;
const SUMS = `
@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> blocks: array<u32>;
var<workgroup> shared_sums: array<u32, ${WORKGROUP}>;

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
${LOADS}
${ALL}
  shared_sums[lane] = mine;
  for (var half = ${WORKGROUP / 2}u; half > 0; half >>= 1) {
    workgroupBarrier();
    if (lane < half) { shared_sums[lane] += shared_sums[lane + half]; }
  }
  if (lane == 0) { blocks[group.x] = shared_sums[0]; }
}`;
const offsetsByHand = (blocks: number) => `
@group(0) @binding(0) var<storage, read_write> blocks: array<u32>;
var<workgroup> shared_sums: array<u32, ${WORKGROUP}>;

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(local_invocation_index) lane: u32) {
  let first = lane * ${blocks};
  var mine = 0u;
  for (var i = 0u; i < ${blocks}; i++) { mine += blocks[first + i]; }${BELOW}
  for (var i = 0u; i < ${blocks}; i++) {
    let block = blocks[first + i];
    blocks[first + i] = running;
    running += block;
  }
}`;
const SCAN = `
@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4u>;
var<workgroup> shared_sums: array<u32, ${WORKGROUP}>;

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
${LOADS}
${ALL}${BELOW}
  running += blocks[group.x];
${each((i) => `  let b${i} = running + v${i}.x;
  let c${i} = b${i} + v${i}.y;
  let d${i} = c${i} + v${i}.z;
  y[id.x * ${HELD} + ${i}] = vec4u(running, b${i}, c${i}, d${i});
  running = d${i} + v${i}.w;`).join('\n')}
}`;

/** Exclusive, of u32, in three kernels: sums of blocks, their scan, blocks scanned from there. */
export function scan(scale: Scale): Workload {
  const length = LENGTH[scale];
  const groups = length / BLOCK;
  // Whatever an invocation of the workgroup in the middle has beyond the blocks is zero.
  const blocksEach = Math.max(1, groups / WORKGROUP);
  const sumsHeld = blocksEach * WORKGROUP;
  const words = randomWords(length);
  const expected = new Uint32Array(length);
  for (let i = 1; i < length; i++) expected[i] = (expected[i - 1] ?? 0) + (words[i - 1] ?? 0);
  return {
    name: 'wgsl/scan', unit: 'GB/s', work: (3 * 4 * length) / 1e9,
    note: `${length} u32, read twice and written once`,
    output: { element: 'u32', length, cost: 1, expected: (i) => expected[i] ?? NaN },
    async sluice(on) {
      const executable = await on.compile(programOf(blocksEach));
      const [x, blocks, y] = [await on.buffer(words), await on.buffer(new Uint32Array(sumsHeld)), await on.buffer(new Uint32Array(length))];
      return { run: (times) => executable.run({ x, blocks, y, groups, times }), output: y, buffers: [x, blocks, y] };
    },
    async byHand(on) {
      const [x, blocks, y] = [on.buffer(words), on.buffer({ zeros: 4 * sumsHeld }), on.buffer({ zeros: 4 * length })];
      const stages = [
        await on.stage({ code: SUMS, buffers: [x, blocks], groups: [groups] }),
        await on.stage({ code: offsetsByHand(blocksEach), buffers: [blocks], groups: [1] }),
        await on.stage({ code: SCAN, buffers: [x, blocks, y], groups: [groups] }),
      ];
      return { stages, output: y, buffers: [x, blocks, y] };
    },
  };
}
