import type { Memory } from '@sluice/core';
import type { Block, CudaDevice } from './cuda-device.ts';

/** Device memory. */
export const DEVICE_SPACE = 'cuda';
/** Pinned memory of the host, which the device copies from and to by itself. */
export const PINNED_SPACE = 'cuda-host';

/** Memory of one device: its own, or, of a map, the pages of a file. */
export class DeviceMemory implements Memory {
  readonly space = DEVICE_SPACE;
  readonly byteLength: number;
  readonly device: CudaDevice;
  readonly block: Block;
  /** Bytes from the start of the block: of a map that starts inside a page. */
  readonly start: number;
  /** The pages of a file, which nobody writes through it. */
  readonly readOnly: boolean;
  #clearing: Promise<void> | undefined;

  constructor(device: CudaDevice, block: Block, byteLength: number, { start = 0, readOnly = false } = {}) {
    this.device = device;
    this.block = block;
    this.byteLength = byteLength;
    this.start = start;
    this.readOnly = readOnly;
  }

  /** Clears bytes on the device; whoever uses the memory waits for `cleared` first. */
  clear(at: number, bytes: number): void {
    const clearing = this.device.clear(this.block, this.start + at, bytes);
    this.#clearing = clearing;
    clearing.then(() => (this.#clearing = undefined), () => {});
  }

  /** Resolves when the memory is as it was asked for; undefined where it is already. */
  get cleared(): Promise<void> | undefined {
    return this.#clearing;
  }
}

export class PinnedMemory implements Memory {
  readonly space = PINNED_SPACE;
  readonly byteLength: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly device: CudaDevice;
  readonly block: Block;
  /** Plain pages: direct I/O may fill them, and `slack` bytes behind the last one. */
  readonly direct: { readonly slack: number };

  constructor(device: CudaDevice, block: Block, byteLength: number) {
    this.device = device;
    this.block = block;
    this.byteLength = byteLength;
    this.bytes = new Uint8Array(block.buffer as ArrayBuffer, 0, padded(byteLength));
    this.direct = { slack: block.capacity - byteLength };
  }
}

/** Bytes that `byteLength` takes: a multiple of 16, and not none. */
export function padded(byteLength: number): number {
  return Math.max(16, Math.ceil(byteLength / 16) * 16);
}

/** The memory of ours that a memory is or is a view of, and where in its block it starts. @throws RangeError for one that is not ours */
export function located(memory: Memory): { readonly of: DeviceMemory | PinnedMemory; readonly at: number } {
  const { of, offset } = memory.view ?? { of: memory, offset: 0 };
  if (of instanceof DeviceMemory) return { of, at: of.start + offset };
  if (of instanceof PinnedMemory) return { of, at: offset };
  throw new RangeError(`memory of space ${memory.space} that @sluice/cuda did not allocate`);
}
