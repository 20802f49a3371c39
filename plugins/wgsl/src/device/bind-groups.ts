import type { Launch } from '@sluice/core';
import { DeviceMemory, stretchOf } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';
import type { Pipeline } from './pipeline.ts';

/** Bind groups that one pipeline keeps; a program that runs again has the same few buffers. */
const KEPT = 64;

/** The bind groups of a pipeline, by the buffers in them. */
export class BindGroups {
  readonly pipeline: Pipeline;
  readonly #gpu: OpenGpu;
  readonly #kept = new Map<string, GPUBindGroup>();

  constructor(gpu: OpenGpu, pipeline: Pipeline) {
    this.#gpu = gpu;
    this.pipeline = pipeline;
  }

  /** Each buffer is bound whole: where a view starts in it, and how long it is, stands in the launch record. */
  of({ args }: Launch, status: GPUBuffer | undefined): GPUBindGroup {
    const { lowered, layout } = this.pipeline;
    const blocks = lowered.bindings.map(({ param, binding }) => {
      const arg = args[param];
      if (arg?.kind !== 'buffer') throw new RangeError(`argument ${param} is no buffer: verify before launching`);
      return { binding, block: stretchOf(arg.memory, DeviceMemory).of.block };
    });
    const create = () => this.#gpu.device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: this.#gpu.commands.records, size: lowered.record.byteLength } },
        ...blocks.map(({ binding, block }) => ({ binding, resource: { buffer: block.buffer } })),
        ...(lowered.status === undefined || status === undefined ? [] : [{ binding: lowered.status.binding, resource: { buffer: status } }]),
      ],
    });
    if (status !== undefined) return create();
    const key = blocks.map(({ block }) => block.serial).join(' ');
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const made = create();
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, made);
    return made;
  }
}
