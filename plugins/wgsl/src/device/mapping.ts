import { SluiceError } from '@sluice/core';
import { UPLOAD_SPACE, padded } from './memory.ts';
import type { WindowMemory } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';
import { MAP } from './webgpu.ts';

/**
 * Maps the first `size` bytes of a buffer, once the device has done with it, and gives them: the caller unmaps.
 * @throws SluiceError what the device says is wrong with it, `wgsl/internal` where it does not
 */
export async function mapped({ health }: OpenGpu, buffer: GPUBuffer, mode: keyof typeof MAP, size: number): Promise<ArrayBuffer> {
  try {
    await buffer.mapAsync(MAP[mode], 0, size);
  } catch (cause) {
    throw health.take() ?? new SluiceError({ code: 'wgsl/internal', family: 'run', message: `a buffer could not be mapped: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'see the message', cause });
  }
  return buffer.getMappedRange(0, size);
}

/** Maps a window again, so that it can be filled or read. @throws SluiceError as `mapped` does */
export async function remap(memory: WindowMemory): Promise<void> {
  const { gpu, space, byteLength, block: { buffer, capacity } } = memory;
  memory.show(await (space === UPLOAD_SPACE ? mapped(gpu, buffer, 'WRITE', capacity) : mapped(gpu, buffer, 'READ', padded(byteLength))));
}
