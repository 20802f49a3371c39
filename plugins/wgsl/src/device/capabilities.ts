import { dialects } from '@sluice/core';
import type { Capabilities, Cell } from '@sluice/core';
import { typeCells } from '../lower/types.ts';
import type { AdapterTraits, DeviceLimits } from './adapter.ts';
import { DEVICE_SPACE } from './memory.ts';

const native: Cell = { how: 'native' };
const unavailable = (reason: string): Cell => ({ how: 'unavailable', reason });

const ORDERED = Object.fromEntries(['acquire', 'release', 'acq_rel'].map((ordering) => [`ordering=${ordering}`, unavailable('WGSL has relaxed atomics alone')]));

/** What an adapter can do, once a device is opened on it with these traits. */
export function capabilitiesOf({ features, limits }: AdapterTraits): Capabilities {
  const lanes: Cell = features.includes('subgroups') ? native : { how: 'emulated', reason: 'through workgroup memory: the adapter has no subgroups' };
  return {
    default: native,
    ops: Object.fromEntries(dialects.flatMap((d) => d.ops).flatMap((op): [string, Capabilities['ops'][string]][] => {
      if (op.dialect === 'io') return [[op.id, unavailable('WebGPU moves no files')]];
      if (op.dialect === 'subgroup') return [[op.id, lanes]];
      if (Object.hasOwn(op.attrs, 'ordering')) return [[op.id, { default: native, ...ORDERED }]];
      return [];
    })),
    types: typeCells({ f16: features.includes('shader-f16') }),
    limits: {
      // One is the record that a trap is written to.
      buffers: limits.maxStorageBuffersPerShaderStage - 1,
      workgroupInvocations: Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      handleBytes: handleBytes(limits),
    },
    spaces: [DEVICE_SPACE],
    floats: { subnormals: 'unspecified', nonFinite: 'unspecified' },
  };
}

/** Bytes of one buffer that a kernel can bind whole. */
export function handleBytes({ maxBufferSize, maxStorageBufferBindingSize }: DeviceLimits): number {
  return Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / 16) * 16;
}
