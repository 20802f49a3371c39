import { SluiceError, inBounds } from '@sluice/core';
import type { Compute, KernelIr, Launch, PreparedKernel, Registry } from '@sluice/core';
import type { LowerKernel, LowerOptions } from '../lower/lowered.ts';
import { BindGroups } from './bind-groups.ts';
import { lowerThrough } from './kept-kernel.ts';
import type { Recalled } from './kept-kernel.ts';
import { RecordWriter, dispatchesOf } from './launch-record.ts';
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
    prepare: async (kernel, { registry, signal, cache }) => {
      signal?.throwIfAborted();
      gpu.health.check();
      return prepared(gpu, kernel, await pipelines(gpu, kernel, registry, (k, options) => lowerThrough(cache, lower, k, options)));
    },
    settled: (signal) => gpu.commands.done(signal),
  };
}

/** The forms of a kernel. */
interface Pipelines {
  /** For any launch. */
  readonly guarded: Pipeline;
  /** Without guards, for launches that are in bounds; where all accesses are proved, or none can be, it is not there. */
  readonly unguarded: Pipeline | undefined;
  /** For launches in bounds that are one dispatch too, with buffers bound from their start. */
  readonly plain: Pipeline;
}

async function pipelines(gpu: OpenGpu, kernel: KernelIr, registry: Registry, lower: (kernel: KernelIr, options: LowerOptions) => Promise<Recalled>): Promise<Pipelines> {
  const { features } = gpu.traits;
  const options = { registry, features: { f16: features.includes('shader-f16'), subgroups: features.includes('subgroups') } };
  const compiled = async ({ lowered, keep }: Recalled) => {
    const pipeline = await compilePipeline(gpu, kernel, lowered);
    await keep();
    return pipeline;
  };
  const guarded = await lower(kernel, { ...options, unguarded: false });
  refuseTooMuch(gpu, kernel, guarded.lowered.workgroupBytes);
  const unguarded = guarded.lowered.bounds.checked.size === 0 ? undefined : await lower(kernel, { ...options, unguarded: true });
  const plain = await lower(kernel, { ...options, unguarded: true, unshifted: true });
  const made = await Promise.all([compiled(guarded), unguarded === undefined ? undefined : compiled(unguarded), compiled(plain)]);
  return { guarded: made[0], unguarded: made[1], plain: made[2] };
}

/** The code may need more workgroup memory than the kernel does. @throws SluiceError `plan/limit` */
function refuseTooMuch({ limits }: OpenGpu, { name, span }: KernelIr, bytes: number): void {
  const most = limits.maxComputeWorkgroupStorageSize;
  if (bytes <= most) return;
  throw new SluiceError({ code: 'plan/limit', message: `kernel \`${name}\` takes ${bytes} bytes of workgroup memory on wgsl, with what emulated ops need, and the adapter has ${most}`, fix: 'use less workgroup memory, or smaller workgroups', where: { kernel: name, span } });
}

/** A launch is over when it is in the queue: all that touches the device's memory goes through there. One that may trap is over when it has run. */
function prepared(gpu: OpenGpu, kernel: KernelIr, { guarded, unguarded, plain }: Pipelines): PreparedKernel {
  const { commands, health, limits } = gpu;
  const most = limits.maxComputeWorkgroupsPerDimension;
  const { bindings, bounds, status } = guarded.lowered;
  const safe = formOf(gpu, guarded);
  const inside = unguarded === undefined ? safe : formOf(gpu, unguarded);
  const fast = formOf(gpu, plain);
  const formFor = (launch: Launch): Form => (!inBounds(bounds, launch) ? safe : isPlain(launch, most) ? fast : inside);

  const encode = (given: Launch, signal: AbortSignal, record: GPUBuffer | undefined) => {
    health.check();
    withWholeViews(gpu, kernel, bindings, given, signal, (launch) => {
      const { groups, records, pipeline } = formFor(launch);
      const bound = { pipeline, bindGroup: groups.of(launch, record) };
      for (const part of dispatchesOf(launch.groups, most)) commands.dispatch(signal, bound, records.of(launch, part), part.groups);
    });
  };
  const trapping = status === undefined ? undefined : new TrapStatus(gpu, kernel, guarded.lowered);
  const begin = (launch: Launch, signal: AbortSignal): void | Promise<void> => {
    signal.throwIfAborted();
    return trapping === undefined ? encode(launch, signal, undefined) : trapping.around(signal, (record) => encode(launch, signal, record));
  };
  return {
    launch(launch, signal) {
      const room = commands.room();
      return room === undefined ? begin(launch, signal) : room.then(() => begin(launch, signal));
    },
  };
}

/** One dispatch, with views that start where their buffers do. */
function isPlain({ groups, args }: Launch, most: number): boolean {
  return groups.every((n) => n <= most) && args.every((arg) => arg.kind === 'scalar' || (arg.memory.view?.offset ?? 0) === 0);
}

/** A pipeline with what its launches need. */
interface Form {
  readonly pipeline: GPUComputePipeline;
  readonly groups: BindGroups;
  readonly records: RecordWriter;
}

function formOf(gpu: OpenGpu, made: Pipeline): Form {
  return { pipeline: made.pipeline, groups: new BindGroups(gpu, made), records: new RecordWriter(made.lowered) };
}
