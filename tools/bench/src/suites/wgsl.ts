import type { Suite } from '../suite.ts';
import { histogram } from './wgsl/histogram.ts';
import { launchRow } from './wgsl/launch.ts';
import { lowerRow } from './wgsl/lower.ts';
import { matmul } from './wgsl/matmul.ts';
import { Raw } from './wgsl/raw.ts';
import { saxpy } from './wgsl/saxpy.ts';
import { scan } from './wgsl/scan.ts';
import { Sluice } from './wgsl/sluice.ts';
import { softmax } from './wgsl/softmax.ts';
import { sum } from './wgsl/sum.ts';
import { transpose } from './wgsl/transpose.ts';
import { measure } from './wgsl/workload.ts';
import type { Scale, Workload } from './wgsl/workload.ts';

/** Made one after the other: their inputs are large. */
const WORKLOADS: readonly ((scale: Scale) => Workload)[] = [
  (scale) => saxpy(scale, 'vec4<f32>'),
  (scale) => saxpy(scale, 'f32'),
  (scale) => matmul(scale, '4x4'),
  (scale) => matmul(scale, '8x8'),
  sum, histogram, transpose, softmax, scan,
];

/** Generated kernels beside the best that is written by hand, on the same adapter, through raw WebGPU. */
export const suite: Suite = {
  name: 'wgsl',
  async *rows({ quick }) {
    const raw = await Raw.open();
    const sluice = await Sluice.open();
    try {
      const scale = quick ? 'quick' : raw.isSoftware ? 'software' : 'gpu';
      for (const workload of WORKLOADS) yield await measure(workload(scale), sluice, raw, scale);
      yield await launchRow(sluice, raw, scale);
      yield await lowerRow(sluice, scale);
    } finally {
      await sluice.close();
      await raw.close();
    }
  },
};
