import { DeviceMemory, WindowMemory } from './memory.ts';
import type { Stretch } from './memory.ts';
import type { OpenGpu } from './open-gpu.ts';

/** Encodes the copy of all bytes of `from` to the start of `to`. */
export function encodeCopy(gpu: OpenGpu, from: Stretch, to: Stretch, signal: AbortSignal): void {
  const { commands, byteCopy } = gpu;
  const { byteLength } = from;
  if (byteLength === 0) return;
  const [source, target] = [from.of.block.buffer, to.of.block.buffer];
  if (source !== target && inWords(from, to)) {
    commands.copies(signal).copyBufferToBuffer(source, from.offset, target, to.offset, roundUp(byteLength));
    return;
  }
  // Whole words around the source go to a buffer in between first, where a kernel can read them; what a kernel cannot write to gets them from another.
  const lead = from.offset % 4;
  byteCopy.within(byteLength + lead, (read) => {
    commands.copies(signal).copyBufferToBuffer(source, from.offset - lead, read, 0, roundUp(byteLength + lead));
    if (to.of instanceof DeviceMemory) byteCopy.encode(signal, read, lead, target, to.offset, byteLength);
    else {
      byteCopy.within(byteLength, (written) => {
        byteCopy.encode(signal, read, lead, written, 0, byteLength);
        commands.copies(signal).copyBufferToBuffer(written, 0, target, to.offset, roundUp(byteLength));
      });
    }
  });
}

/** Copies of whole words do it. At the end of a window they bring along padding that is zero, or that nobody looks at. */
function inWords(from: Stretch, to: Stretch): boolean {
  if (from.offset % 4 !== 0 || to.offset % 4 !== 0) return false;
  const windowed = from.of instanceof WindowMemory || to.of instanceof WindowMemory;
  return from.byteLength % 4 === 0 || (windowed && from.toTheEnd && to.toTheEnd && to.byteLength === from.byteLength);
}

function roundUp(byteLength: number): number {
  return Math.ceil(byteLength / 4) * 4;
}
