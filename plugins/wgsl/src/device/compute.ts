import { SluiceError, inBounds } from '@sluice/core';
import type { Compute, KernelIr, Launch, PreparedKernel, Registry } from '@sluice/core';
import type { LowerKernel } from '../lower/lowered.ts';
import { BindGroups } from './bind-groups.ts';
import { dispatchesOf, writeRecord } from './launch-record.ts';
import { DEVICE_SPACE } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';
import { compilePipeline } from './pipeline.ts';
import type { Pipeline } from './pipeline.ts';
import { withWholeViews } from './staged-views.ts';
import { TrapStatus } from './trap-status.ts';

/** Runs kernels, as `lower` makes WGSL of them. */
export function computeOn(gpu: OpenGpu, lower: LowerKernel): Compute {
  return {
    space: DEVICE_SPACE,
    prepare: async (kernel, { registry, signal }) => {
      signal?.throwIfAborted();
      gpu.health.check();
      return prepared(gpu, kernel, await pipelines(gpu, kernel, registry, lower));
    },
    settled: (signal) => gpu.commands.done(signal),
  };
}

/** The second one has no guards, for launches that are in bounds; where all accesses are proved, or none can be, it is not there. */
type Pipelines = readonly [guarded: Pipeline, unguarded: Pipeline | undefined];

async function pipelines(gpu: OpenGpu, kernel: KernelIr, registry: Registry, lower: LowerKernel): Promise<Pipelines> {
  const { features } = gpu.traits;
  const options = { registry, features: { f16: features.includes('shader-f16'), subgroups: features.includes('subgroups') } };
  const guarded = lower(kernel, { ...options, unguarded: false });
  refuseTooMuch(gpu, kernel, guarded.workgroupBytes);
  const unguarded = guarded.bounds.checked.size === 0 ? undefined : lower(kernel, { ...options, unguarded: true });
  return Promise.all([compilePipeline(gpu, kernel, guarded), unguarded === undefined ? undefined : compilePipeline(gpu, kernel, unguarded)]);
}

/** The code may need more workgroup memory than the kernel does. @throws SluiceError `plan/limit` */
function refuseTooMuch({ limits }: OpenGpu, { name, span }: KernelIr, bytes: number): void {
  const most = limits.maxComputeWorkgroupStorageSize;
  if (bytes <= most) return;
  throw new SluiceError({ code: 'plan/limit', message: `kernel \`${name}\` takes ${bytes} bytes of workgroup memory on wgsl, with what emulated ops need, and the adapter has ${most}`, fix: 'use less workgroup memory, or smaller workgroups', where: { kernel: name, span } });
}

/** A launch is over when it is in the queue: all that touches the device's memory goes through there. One that may trap is over when it has run. */
function prepared(gpu: OpenGpu, kernel: KernelIr, [guarded, unguarded]: Pipelines): PreparedKernel {
  const { commands, health, limits } = gpu;
  const most = limits.maxComputeWorkgroupsPerDimension;
  const guardedGroups = new BindGroups(gpu, guarded);
  const unguardedGroups = unguarded === undefined ? guardedGroups : new BindGroups(gpu, unguarded);

  const encode = (given: Launch, signal: AbortSignal, status: GPUBuffer | undefined) => {
    const { bindings } = guarded.lowered;
    withWholeViews(gpu, kernel, bindings, given, signal, (launch) => dispatch(launch, signal, status));
  };
  const dispatch = (launch: Launch, signal: AbortSignal, status: GPUBuffer | undefined) => {
    const groups = unguarded !== undefined && inBounds(guarded.lowered.bounds, launch) ? unguardedGroups : guardedGroups;
    const { lowered, pipeline } = groups.pipeline;
    const bindGroup = groups.of(launch, status);
    for (const part of dispatchesOf(launch.groups, most)) {
      commands.dispatch(signal, lowered.record.byteLength, (view, at) => writeRecord(lowered, launch, part, view, at), (pass, record) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup, [record]);
        pass.dispatchWorkgroups(...part.groups);
      });
    }
  };

  const traps = guarded.lowered.status === undefined ? undefined : new TrapStatus(gpu, kernel, guarded.lowered.traps);
  return {
    async launch(launch, signal) {
      signal.throwIfAborted();
      const room = commands.room();
      if (room !== undefined) {
        await room;
        signal.throwIfAborted();
      }
      health.check();
      if (traps === undefined) encode(launch, signal, undefined);
      else await traps.around(signal, (status) => encode(launch, signal, status));
    },
  };
}
