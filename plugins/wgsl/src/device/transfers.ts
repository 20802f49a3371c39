import type { Memory, SpaceTransfer } from '@sluice/core';
import { readbackAllocator, uploadAllocator } from './allocators.ts';
import { encodeCopy } from './copy.ts';
import { remap } from './mapping.ts';
import { DEVICE_SPACE, DeviceMemory, READBACK_SPACE, UPLOAD_SPACE, WindowMemory, stretchOf } from './memory.ts';

type Copy = SpaceTransfer['copy'];

/** Ends when the window can be filled again: there are no more windows in flight than the session's memory allows. */
const upload: Copy = async (from, to, signal) => {
  const window = stretchOf(from, WindowMemory).of;
  const { gpu } = window;
  gpu.health.check();
  window.unmap();
  encodeCopy(gpu, stretchOf(from, WindowMemory), stretchOf(to, DeviceMemory), signal);
  await gpu.commands.done(signal);
  await remap(window);
};

const readback: Copy = async (from, to, signal) => {
  const window = stretchOf(to, WindowMemory).of;
  const { gpu } = window;
  gpu.health.check();
  window.unmap();
  encodeCopy(gpu, stretchOf(from, DeviceMemory), stretchOf(to, WindowMemory), signal);
  await gpu.commands.done(signal);
  await remap(window);
};

/** Ends when it is in the queue: whatever uses the memory comes behind it. */
const onDevice: Copy = async (from, to, signal) => {
  const source = stretchOf(from, DeviceMemory);
  const { gpu } = source.of;
  await gpu.commands.room();
  gpu.health.check();
  encodeCopy(gpu, source, stretchOf(to, DeviceMemory), signal);
};

const fromHost: Copy = async (from, to, signal) => {
  const { gpu } = stretchOf(to, DeviceMemory).of;
  const windows = uploadAllocator(gpu);
  const window = windows.allocate(from.byteLength, 'any');
  window.bytes?.set(logical(from));
  try {
    await upload(window, to, signal);
  } finally {
    windows.release(window);
    windows.close();
  }
};

const toHost: Copy = async (from, to, signal) => {
  const { gpu } = stretchOf(from, DeviceMemory).of;
  const windows = readbackAllocator(gpu);
  const window = windows.allocate(from.byteLength, 'any');
  try {
    await readback(from, window, signal);
    to.bytes?.set(logical(window));
  } finally {
    windows.release(window);
    windows.close();
  }
};

function logical({ bytes, byteLength }: Memory): Uint8Array {
  if (bytes === undefined) throw new RangeError('memory that the CPU cannot address now');
  return bytes.subarray(0, byteLength);
}

export const transfers: readonly SpaceTransfer[] = [
  { from: UPLOAD_SPACE, to: DEVICE_SPACE, how: 'device', copy: upload },
  { from: DEVICE_SPACE, to: READBACK_SPACE, how: 'device', copy: readback },
  { from: DEVICE_SPACE, to: DEVICE_SPACE, how: 'device', copy: onDevice },
  { from: 'host', to: DEVICE_SPACE, how: 'cpu', copy: fromHost },
  { from: DEVICE_SPACE, to: 'host', how: 'cpu', copy: toHost },
];
