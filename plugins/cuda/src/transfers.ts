import { SluiceError } from '@sluice/core';
import type { Memory, SpaceTransfer } from '@sluice/core';
import type { CudaDevice, Stretch } from './cuda-device.ts';
import { DEVICE_SPACE, DeviceMemory, PINNED_SPACE, located } from './memory.ts';

type Copy = SpaceTransfer['copy'];

interface End extends Stretch {
  readonly device: CudaDevice;
}

/** Where a memory of ours lies, once it is as it was asked for. */
async function endOf(memory: Memory): Promise<End> {
  const { of, at } = located(memory);
  if (of instanceof DeviceMemory && of.cleared !== undefined) await of.cleared;
  return { place: of.block.id, at, device: of.device };
}

/** Both ends are of one device; `outward` for the stream of what leaves it. */
const within = (outward: boolean): Copy => async (from, to, signal) => {
  const [source, target] = [await endOf(from), await endOf(to)];
  if (source.device !== target.device) throw new SluiceError({ code: 'cuda/other-device', family: 'run', message: `memory of ${source.device.traits.name} (${source.device.traits.ordinal}) was to be copied to ${target.device.traits.name} (${target.device.traits.ordinal})`, fix: 'open one session for each device, and hand bytes over through the host' });
  signal.throwIfAborted();
  if (from.byteLength > 0) await source.device.copy(target, source, from.byteLength, outward);
};

const fromHost: Copy = async (from, to, signal) => {
  const target = await endOf(to);
  signal.throwIfAborted();
  if (from.byteLength > 0) await target.device.copy(target, hostEnd(from), from.byteLength);
};

const toHost: Copy = async (from, to, signal) => {
  const source = await endOf(from);
  signal.throwIfAborted();
  if (from.byteLength > 0) await source.device.copy(hostEnd(to), source, from.byteLength, true);
};

function hostEnd({ bytes, space }: Memory): Stretch {
  if (bytes === undefined) throw new RangeError(`the CPU cannot address memory of space ${space}`);
  return { place: bytes.buffer, at: bytes.byteOffset };
}

/** From and to plain memory of the host the driver's CPU code copies, through pinned memory of its own. */
export const transfers: readonly SpaceTransfer[] = [
  { from: PINNED_SPACE, to: DEVICE_SPACE, how: 'device', copy: within(false) },
  { from: DEVICE_SPACE, to: PINNED_SPACE, how: 'device', copy: within(true) },
  { from: DEVICE_SPACE, to: DEVICE_SPACE, how: 'device', copy: within(false) },
  { from: 'host', to: DEVICE_SPACE, how: 'cpu', copy: fromHost },
  { from: DEVICE_SPACE, to: 'host', how: 'cpu', copy: toHost },
];
