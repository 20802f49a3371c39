import { buffer, control, defineKernel, defineProgram, kernel } from '@sluice/core';
import { randomWords } from './random.ts';
import type { Scale, Workload } from './workload.ts';

const BINS = 256;
const GROUPS: Readonly<Record<Scale, number>> = { gpu: 1024, software: 64, quick: 4 };
const BYTES: Readonly<Record<Scale, number>> = { gpu: 2 ** 28, software: 2 ** 23, quick: 2 ** 18 };

function programOf(groups: number) {
  const count = defineKernel('histogram', { params: { data: 'buffer<vec4<u32>, read>', bins: 'buffer<u32, read_write>' }, workgroup: BINS }, ({ data, bins }, { global, local }) => {
    const own = buffer.workgroup('u32', BINS);
    control.for({ from: global.x, to: data.length, step: BINS * groups }, (i) => {
      const words = data.load(i);
      for (const word of [words.x, words.y, words.z, words.w]) {
        for (const shift of [0, 8, 16, 24]) own.atomicAdd(word.shr(shift).and(255), 1);
      }
    });
    control.barrier();
    bins.atomicAdd(local.x, own.load(local.x));
  });
  return defineProgram('histogram', { data: 'GpuBufferHandle', bins: 'GpuBufferHandle', times: 'u32' }, ({ data, bins, times }) => {
    control.for({ to: times }, () => kernel.launch(count, { groups }, { data, bins }));
  });
}

const byHand = (groups: number) => `
@group(0) @binding(0) var<storage, read> data: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> bins: array<atomic<u32>>;
var<workgroup> own: array<atomic<u32>, ${BINS}>;

fn count(word: u32) {
  atomicAdd(&own[word & 255], 1);
  atomicAdd(&own[(word >> 8) & 255], 1);
  atomicAdd(&own[(word >> 16) & 255], 1);
  atomicAdd(&own[word >> 24], 1);
}

@compute @workgroup_size(${BINS})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  for (var i = id.x; i < arrayLength(&data); i += ${BINS * groups}u) {
    let words = data[i];
    count(words.x);
    count(words.y);
    count(words.z);
    count(words.w);
  }
  workgroupBarrier();
  atomicAdd(&bins[lane], atomicLoad(&own[lane]));
}`;

/** Counts of byte values: bins in workgroup memory, added to the result's at the end. */
export function histogram(scale: Scale): Workload {
  const groups = GROUPS[scale];
  const words = randomWords(BYTES[scale] / 4);
  const counts = new Float64Array(BINS);
  for (const byte of new Uint8Array(words.buffer)) counts[byte] = (counts[byte] ?? 0) + 1;
  return {
    name: 'wgsl/histogram', unit: 'GB/s', work: BYTES[scale] / 1e9,
    note: `${BYTES[scale]} bytes`,
    output: { element: 'u32', length: BINS, cost: 1, expected: (bin, launches) => ((counts[bin] ?? NaN) * launches) % 2 ** 32 },
    async sluice(on) {
      const executable = await on.compile(programOf(groups));
      const [data, bins] = [await on.buffer(words), await on.buffer(new Uint32Array(BINS))];
      return { run: (times) => executable.run({ data, bins, times }), output: bins, buffers: [data, bins] };
    },
    async byHand(on) {
      const buffers = [on.buffer(words), on.buffer({ zeros: 4 * BINS })] as const;
      return { stages: [await on.stage({ code: byHand(groups), buffers, groups: [groups] })], output: buffers[1], buffers };
    },
  };
}
