import { padded } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';
import { COMPUTE_STAGE } from './webgpu.ts';

const WORKGROUP = 256;
const MOST_GROUPS = 65_535;

/** Each invocation owns whole words of the target: bytes beside the copy stay as they are. */
const CODE = `
struct Copy { source: u32, goal: u32, length: u32, stride: u32 }
@group(0) @binding(0) var<uniform> copy: Copy;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> goal: array<u32>;

@compute @workgroup_size(${WORKGROUP})
fn copy_bytes(@builtin(global_invocation_id) id: vec3u) {
  let last = (copy.goal + copy.length - 1u) >> 2u;
  for (var word = (copy.goal >> 2u) + id.x; word <= last; word += copy.stride) {
    var value = goal[word];
    for (var k = 0u; k < 4u; k++) {
      let at = word * 4u + k;
      if (at >= copy.goal && at - copy.goal < copy.length) {
        let origin = at - copy.goal + copy.source;
        value = insertBits(value, source[origin >> 2u] >> ((origin & 3u) * 8u), k * 8u, 8u);
      }
    }
    goal[word] = value;
  }
}
`;

/** Copies on the device whose ends are no multiples of 4 bytes, which `copyBufferToBuffer` does not take. */
export class ByteCopy {
  readonly #gpu: OpenGpu;
  #made: { readonly layout: GPUBindGroupLayout; readonly pipeline: GPUComputePipeline } | undefined;

  constructor(gpu: OpenGpu) {
    this.#gpu = gpu;
  }

  /** Encodes the copy of `length` bytes, at least one, between two buffers for storage that are not the same. */
  encode(signal: AbortSignal, source: GPUBuffer, from: number, target: GPUBuffer, to: number, length: number): void {
    const { commands, device } = this.#gpu;
    const { layout, pipeline } = (this.#made ??= make(device));
    const groups = Math.min(MOST_GROUPS, Math.ceil((length + 4) / 4 / WORKGROUP));
    const bindGroup = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: commands.records, size: 16 } }, { binding: 1, resource: { buffer: source } }, { binding: 2, resource: { buffer: target } }] });
    commands.dispatch(signal, { pipeline, bindGroup }, Uint32Array.of(from, to, length, groups * WORKGROUP), [groups, 1, 1]);
  }

  /** A buffer for bytes on their way, for as long as `use` encodes with it. @throws SluiceError `mem/too-large` */
  within(byteLength: number, use: (buffer: GPUBuffer) => void): void {
    const block = this.#gpu.createDeviceBlock(padded(byteLength));
    try {
      use(block.buffer);
    } finally {
      this.#gpu.destroy([block.buffer]);
    }
  }
}

function make(device: GPUDevice): { readonly layout: GPUBindGroupLayout; readonly pipeline: GPUComputePipeline } {
  const layout = device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: COMPUTE_STAGE, buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: 16 } },
      { binding: 1, visibility: COMPUTE_STAGE, buffer: { type: 'read-only-storage' } },
      { binding: 2, visibility: COMPUTE_STAGE, buffer: { type: 'storage' } },
    ],
  });
  const module = device.createShaderModule({ label: 'copy_bytes', code: CODE });
  return { layout, pipeline: device.createComputePipeline({ label: 'copy_bytes', layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }), compute: { module, entryPoint: 'copy_bytes' } }) };
}
