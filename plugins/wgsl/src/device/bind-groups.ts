import type { Launch } from '@sluice/core';
import { DeviceMemory, stretchOf } from './memory.ts';
import type { Block } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';
import type { Pipeline } from './pipeline.ts';

/** Bind groups that one pipeline keeps; a program that runs again has the same few buffers. */
const KEPT = 64;

/** The bind groups of a pipeline, by the buffers in them. */
export class BindGroups {
  readonly pipeline: Pipeline;
  readonly #gpu: OpenGpu;
  readonly #kept = new Map<string, GPUBindGroup>();
  /** What was asked for last: mostly it is asked for again. */
  #last: { readonly blocks: readonly Block[]; readonly group: GPUBindGroup } | undefined;

  constructor(gpu: OpenGpu, pipeline: Pipeline) {
    this.#gpu = gpu;
    this.pipeline = pipeline;
  }

  /** Each buffer is bound whole: where a view starts in it, and how long it is, stands in the launch record. */
  of({ args }: Launch, status: GPUBuffer | undefined): GPUBindGroup {
    const { bindings } = this.pipeline.lowered;
    const last = status === undefined ? this.#last : undefined;
    if (last !== undefined && bindings.every(({ param }, i) => blockOf(args, param) === last.blocks[i])) return last.group;
    const blocks = bindings.map(({ param }) => blockOf(args, param));
    if (status !== undefined) return this.#create(blocks, status);
    const group = this.#keptOf(blocks);
    this.#last = { blocks, group };
    return group;
  }

  #keptOf(blocks: readonly Block[]): GPUBindGroup {
    const key = blocks.map(({ serial }) => serial).join(' ');
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const made = this.#create(blocks, undefined);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, made);
    return made;
  }

  #create(blocks: readonly Block[], status: GPUBuffer | undefined): GPUBindGroup {
    const { lowered, layout } = this.pipeline;
    return this.#gpu.device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: this.#gpu.commands.records, size: lowered.record.byteLength } },
        ...lowered.bindings.map(({ binding }, i) => ({ binding, resource: { buffer: (blocks[i] as Block).buffer } })),
        ...(lowered.status === undefined || status === undefined ? [] : [{ binding: lowered.status.binding, resource: { buffer: status } }]),
      ],
    });
  }
}

function blockOf(args: Launch['args'], param: number): Block {
  const arg = args[param];
  if (arg?.kind !== 'buffer') throw new RangeError(`argument ${param} is no buffer: verify before launching`);
  return stretchOf(arg.memory, DeviceMemory).of.block;
}
