import { byteSize } from '@sluice/core';
import type { KernelIr, Launch, LaunchArg, Memory } from '@sluice/core';
import type { Binding } from '../lower/lowered.ts';
import { encodeCopy } from './copy.ts';
import { DeviceMemory, stretchOf } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';
import { USAGE } from './webgpu.ts';

/**
 * Encodes a launch whose views a kernel can bind as they are; where one starts within a word of the binding, or ends within
 * an element with other bytes behind it, the kernel gets a copy, and what it writes there is copied back.
 */
export function withWholeViews(gpu: OpenGpu, kernel: KernelIr, bindings: readonly Binding[], launch: Launch, signal: AbortSignal, encode: (launch: Launch) => void): void {
  const odd = bindings.filter((b) => isOdd(kernel, b, launch.args[b.param]));
  if (odd.length === 0) return encode(launch);
  const copies = new Map(odd.map(({ param, access }) => {
    const view = memoryOf(launch.args[param]);
    const block = gpu.createBlock(Math.ceil((view.byteLength + 16) / 16) * 16, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST);
    return [param, { view, access, copy: new DeviceMemory(gpu, block, view.byteLength) }];
  }));
  for (const { view, copy } of copies.values()) encodeCopy(gpu, stretchOf(view, DeviceMemory), stretchOf(copy, DeviceMemory), signal);
  encode({ ...launch, args: launch.args.map((arg, i) => (arg.kind === 'buffer' ? { ...arg, memory: copies.get(i)?.copy ?? arg.memory } : arg)) });
  for (const { view, access, copy } of copies.values()) if (access !== 'read') encodeCopy(gpu, stretchOf(copy, DeviceMemory), stretchOf(view, DeviceMemory), signal);
  gpu.commands.flush();
  for (const { copy } of copies.values()) copy.block.buffer.destroy();
}

function isOdd(kernel: KernelIr, { param, wordBytes }: Binding, arg: LaunchArg | undefined): boolean {
  if (arg?.kind !== 'buffer' || arg.memory.view === undefined) return false;
  const { offset, byteLength, toTheEnd } = stretchOf(arg.memory, DeviceMemory);
  const type = kernel.params[param]?.type;
  const size = (type?.kind === 'buffer' ? byteSize(type.element) : undefined) ?? wordBytes;
  return offset % wordBytes !== 0 || (byteLength % size !== 0 && !toTheEnd);
}

function memoryOf(arg: LaunchArg | undefined): Memory {
  if (arg?.kind !== 'buffer') throw new RangeError('an argument is no buffer: verify before launching');
  return arg.memory;
}
