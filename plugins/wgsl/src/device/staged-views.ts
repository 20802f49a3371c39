import { byteSize } from '@sluice/core';
import type { KernelIr, Launch, LaunchArg, Memory } from '@sluice/core';
import type { Binding } from '../lower/lowered.ts';
import { encodeCopy } from './copy.ts';
import { DeviceMemory, padded, stretchOf } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';

/**
 * Encodes a launch whose views a kernel can bind as they are; where one starts within a word of the binding, or ends within
 * an element with other bytes behind it, the kernel gets a copy, and what it writes there is copied back.
 * @throws SluiceError `mem/too-large` where a copy is
 */
export function withWholeViews(gpu: OpenGpu, kernel: KernelIr, bindings: readonly Binding[], launch: Launch, signal: AbortSignal, encode: (launch: Launch) => void): void {
  if (!launch.args.some((arg) => arg.kind === 'buffer' && arg.memory.view !== undefined)) return encode(launch);
  const copies = new Map<number, { readonly view: Memory; readonly access: Binding['access']; readonly copy: DeviceMemory }>();
  const buffers: GPUBuffer[] = [];
  try {
    for (const binding of bindings) {
      const view = memoryOf(launch.args[binding.param]);
      const bytes = bytesBound(kernel, binding, view);
      if (bytes === undefined) continue;
      const block = gpu.createDeviceBlock(padded(bytes));
      buffers.push(block.buffer);
      copies.set(binding.param, { view, access: binding.access, copy: new DeviceMemory(gpu, block, view.byteLength) });
    }
    if (copies.size === 0) return encode(launch);
    for (const { view, copy } of copies.values()) encodeCopy(gpu, stretchOf(view, DeviceMemory), stretchOf(copy, DeviceMemory), signal);
    encode({ ...launch, args: launch.args.map((arg, i) => (arg.kind === 'buffer' ? { ...arg, memory: copies.get(i)?.copy ?? arg.memory } : arg)) });
    for (const { view, access, copy } of copies.values()) if (access !== 'read') encodeCopy(gpu, stretchOf(copy, DeviceMemory), stretchOf(view, DeviceMemory), signal);
  } finally {
    gpu.destroy(buffers);
  }
}

/** Bytes of all the elements of a view that has to be copied; undefined for one that can be bound as it is. */
function bytesBound(kernel: KernelIr, { param, wordBytes }: Binding, view: Memory): number | undefined {
  if (view.view === undefined) return undefined;
  const { offset, byteLength, toTheEnd } = stretchOf(view, DeviceMemory);
  const type = kernel.params[param]?.type;
  const size = (type?.kind === 'buffer' ? byteSize(type.element) : undefined) ?? wordBytes;
  const isOdd = offset % wordBytes !== 0 || (byteLength % size !== 0 && !toTheEnd);
  return isOdd ? Math.ceil(byteLength / size) * size : undefined;
}

function memoryOf(arg: LaunchArg | undefined): Memory {
  if (arg?.kind !== 'buffer') throw new RangeError('an argument is no buffer: verify before launching');
  return arg.memory;
}
