import { defineKernel, defineProgram, kernel } from '@sluice/core';
import { wrongValue } from '../../errors.ts';
import { interleave, median, microseconds, rowOf } from '../../harness.ts';
import type { Contestant } from '../../harness.ts';
import type { Row } from '../../suite.ts';
import type { Raw } from './raw.ts';
import type { Sluice } from './sluice.ts';
import type { Scale } from './workload.ts';

const LENGTH = 64;
/** Microseconds over raw WebGPU that a run may take. */
const GOAL = 5;

const step = defineKernel('step', { params: { y: 'buffer<u32, read_write>' }, workgroup: LENGTH }, ({ y }, { global: { x } }) => y.store(x, y.load(x).add(1)));
const program = defineProgram('launch', { y: 'GpuBufferHandle' }, ({ y }) => kernel.launch(step, LENGTH, { y }));

const BY_HAND = `
@group(0) @binding(0) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(${LENGTH})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&y)) { y[id.x] = y[id.x] + 1; }
}`;

/** What a run of a compiled program with one small launch takes, to its end, more than encoding, submitting and waiting by hand. */
export async function launchRow(sluice: Sluice, raw: Raw, scale: Scale): Promise<Row> {
  const runs = scale === 'quick' ? 5 : 200;
  const executable = await sluice.compile(program);
  const y = await sluice.buffer(new Uint32Array(LENGTH));
  const target = raw.buffer({ zeros: 4 * LENGTH });
  const stages = [await raw.stage({ code: BY_HAND, buffers: [target], groups: [1] })];
  const counting = (run: () => Promise<unknown>, read: () => Promise<Uint8Array<ArrayBuffer>>): Contestant => {
    let expected = 0;
    return {
      work: runs,
      run: async () => {
        for (let i = 0; i < runs; i++) await run();
      },
      check: async () => {
        expected += runs;
        const found = new Uint32Array((await read()).buffer);
        if (found.some((n) => n !== expected)) throw wrongValue('wgsl/launch', `an element is not ${expected} after as many runs`);
      },
    };
  };
  const [samples = [], peerSamples = []] = await interleave([
    counting(() => executable.run({ y }), () => sluice.read(y, 0, 4 * LENGTH)),
    counting(() => raw.run(stages, 1), () => raw.read(target, 0, 4 * LENGTH)),
  ], scale === 'quick' ? { warmup: 1, rounds: 2 } : { warmup: 3, rounds: 20 });
  const overhead = samples.map(({ seconds, cpuSeconds }, i) => ({ seconds: seconds - (peerSamples[i]?.seconds ?? NaN), cpuSeconds }));
  const of = (all: typeof samples) => microseconds(median(all.map((s) => s.seconds))).toFixed(1);
  return rowOf({
    name: 'wgsl/launch', unit: 'us', figure: microseconds, samples: overhead,
    ...(raw.isSoftware ? {} : { goals: [{ of: 'value', atMost: GOAL }] }),
    note: `a run of a compiled program with one launch of ${LENGTH} invocations, ${of(samples)} us, less encoding, submitting and waiting by hand, ${of(peerSamples)} us${raw.isSoftware ? `; the goal, value <= ${GOAL}, is for GPUs: here other threads of the process compute` : ''}`,
  });
}
