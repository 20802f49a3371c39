/// <reference types="@webgpu/types" />
import { create } from 'webgpu';
import { noPeer, wrongValue } from '../../errors.ts';

// The numbers of the WebGPU specification: Dawn does not put the objects that name them into the global scope.
const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, STORAGE: 128 } as const;
const MAP_READ = 1;
const FLAG = 'SLUICE_WGSL_ADAPTER';

/** Dawn crashes when its instance is collected while something of it is alive. */
const kept: GPU[] = [];

/** One dispatch of what is written by hand. */
export interface Stage {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly groups: readonly [x: number, y?: number, z?: number];
}

export interface StageText {
  readonly code: string;
  /** At bindings 0, 1, ... of group 0. */
  readonly buffers: readonly GPUBuffer[];
  readonly groups: Stage['groups'];
}

/** A device of raw WebGPU, with the adapter that `@sluice/wgsl` takes, and no more around it than a careful author writes. */
export class Raw {
  readonly adapter: string;
  readonly isSoftware: boolean;
  readonly #device: GPUDevice;
  #failure: string | undefined;

  /** @throws SluiceError `bench/no-peer` where there is no adapter */
  static async open(): Promise<Raw> {
    const wanted = process.env[FLAG];
    const gpu = create(wanted === undefined || wanted === '' ? [] : [`adapter=${wanted}`]);
    kept.push(gpu);
    const adapter = await gpu.requestAdapter().catch(() => null);
    if (adapter === null) throw noPeer('Dawn finds no adapter', 'install a graphics driver and the Vulkan loader, or set SLUICE_TEST_ADAPTERS=swiftshader to measure in software', undefined);
    const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = adapter.limits;
    const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } });
    return new Raw(device, adapter.info);
  }

  private constructor(device: GPUDevice, info: GPUAdapterInfo) {
    this.#device = device;
    this.adapter = [info.description, info.device, info.vendor].find((part) => part !== '') ?? 'an adapter without a name';
    this.isSoftware = info.isFallbackAdapter || /swiftshader|llvmpipe/i.test(`${info.description} ${info.device}`);
    device.addEventListener('uncapturederror', (event) => void (this.#failure ??= event.error.message));
  }

  buffer(content: ArrayBufferView | { readonly zeros: number }): GPUBuffer {
    const bytes = 'zeros' in content ? content.zeros : content.byteLength;
    const buffer = this.#device.createBuffer({ size: bytes, usage: USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST, mappedAtCreation: !('zeros' in content) });
    if (!('zeros' in content)) {
      new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(content.buffer, content.byteOffset, bytes));
      buffer.unmap();
    }
    return buffer;
  }

  async stage({ code, buffers, groups }: StageText): Promise<Stage> {
    const module = this.#device.createShaderModule({ code });
    const pipeline = await this.#device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
    const bindings = this.#device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) });
    return { pipeline, bindings, groups };
  }

  /** All stages in order, `times` times, in one submission; resolves when the device has done them. */
  async run(stages: readonly Stage[], times: number): Promise<void> {
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < times; i++) {
      for (const { pipeline, bindings, groups } of stages) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindings);
        pass.dispatchWorkgroups(...groups);
      }
    }
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
    await this.#device.queue.onSubmittedWorkDone();
    if (this.#failure !== undefined) throw wrongValue('raw WebGPU', this.#failure);
  }

  async read(buffer: GPUBuffer, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const copy = this.#device.createBuffer({ size: length, usage: USAGE.MAP_READ | USAGE.COPY_DST });
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, copy, 0, length);
    this.#device.queue.submit([encoder.finish()]);
    await copy.mapAsync(MAP_READ);
    const bytes = new Uint8Array(copy.getMappedRange()).slice();
    copy.destroy();
    return bytes;
  }

  async close(): Promise<void> {
    await this.#device.queue.onSubmittedWorkDone();
    this.#device.destroy();
  }
}
