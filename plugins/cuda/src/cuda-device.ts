import { SluiceError } from '@sluice/core';
import { driverError, lostError, pinningError } from './errors.ts';
import type { DriverError } from './errors.ts';
import { findDevice } from './find-device.ts';
import type { FoundCuda } from './find-device.ts';
import { COMPLETION } from './native.ts';
import type { FoundDevice, NativeDevice, Pinning, Place, Refusal } from './native.ts';
import type { CudaOptions } from './options.ts';

/** Completions that one call of the addon brings at most. */
const COMPLETIONS = 256;

/** Something that the device reaches. */
export interface Block {
  /** Its number on the device. */
  readonly id: number;
  /** Bytes of it. */
  readonly capacity: number;
  /** Where the device has it; 0 of what has no address that anybody needs. */
  readonly address: bigint;
  /** Of pinned memory: what the CPU sees of it. */
  readonly buffer?: ArrayBuffer;
}

/** A stretch of a block, or of memory of JavaScript's own. */
export interface Stretch {
  readonly place: Place;
  readonly at: number;
}

/** Who is told of each block before it is freed. */
export interface BlockUser {
  forget(block: Block): void;
}

type Settle = (result: number) => void;

/** One device of this Node environment: its primary context, and one thread. It lives as long as somebody holds it. */
export class CudaDevice {
  static readonly #open = new Map<number, CudaDevice>();

  readonly traits: FoundDevice;
  readonly description: string;
  readonly #native: NativeDevice;
  readonly #completions = new Float64Array(COMPLETIONS * COMPLETION);
  /** By token. */
  readonly #waiting: (Settle | undefined)[] = [];
  readonly #tokens: number[] = [];
  readonly #users = new Set<BlockUser>();
  #holders = 0;
  #lost: SluiceError | undefined;

  private constructor({ native, device, description }: FoundCuda) {
    this.traits = device;
    this.description = description;
    try {
      this.#native = new native.Device(device.ordinal, (count) => this.#completed(count), this.#completions);
    } catch (cause) {
      const { result, resultName, resultText, errno } = cause as Refusal;
      throw new SluiceError({
        code: 'backend/open-failed', message: `${device.name} could not be opened: ${errno === 0 ? `${resultName}, ${resultText}` : `no thread could be started (errno ${errno})`}`,
        fix: result === 2 ? 'free memory on the device: nvidia-smi shows who has it' : 'see what the driver says, and whether nvidia-smi shows the device in exclusive use', cause,
      });
    }
  }

  /**
   * The device that the options choose, held until `release`.
   * @throws SluiceError `cuda/no-device`, `backend/open-failed`, `cuda/device-lost`
   */
  static acquire(options: CudaOptions): CudaDevice {
    const found = findDevice(options);
    if (!('device' in found)) throw new SluiceError({ code: 'cuda/no-device', family: 'unsupported', message: found.reason, fix: found.fix });
    const { ordinal } = found.device;
    let device = CudaDevice.#open.get(ordinal);
    if (device === undefined) {
      device = new CudaDevice(found);
      CudaDevice.#open.set(ordinal, device);
    }
    device.check();
    device.#holders++;
    return device;
  }

  release(): void {
    if (--this.#holders > 0) return;
    CudaDevice.#open.delete(this.traits.ordinal);
    this.#native.close();
  }

  /** @throws SluiceError `cuda/device-lost` */
  check(): void {
    this.#lost ??= this.#lossOf(this.#native.state().broken);
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** The primary context, as an address: what other libraries are to work in. */
  get context(): bigint {
    return this.#native.state().context;
  }

  /** Device memory. @throws SluiceError `cuda/out-of-memory`, `cuda/failed`, `cuda/device-lost` */
  allocate(bytes: number): Block {
    const { result, block, address } = this.#native.allocate(bytes);
    if (result !== 0) throw this.failure(`allocating ${bytes} bytes on ${this.traits.name}`, result);
    return { id: block, capacity: bytes, address };
  }

  /** Host memory that the device reads and writes. @throws SluiceError `cuda/pinning`, `cuda/device-lost` */
  pin(bytes: number): Block {
    const pinned = this.#native.pin(bytes);
    this.#refusePinning(`pinning ${bytes} bytes of host memory`, pinned);
    return { id: pinned.block, capacity: bytes, address: 0n, buffer: pinned.buffer };
  }

  /**
   * The pages of a file from `offset`, a multiple of 4096, on: shared, and read-only. The descriptor may be closed when it has resolved.
   * @throws SluiceError `cuda/pinning`, `cuda/device-lost`
   */
  async map(fd: number, offset: bigint, bytes: number): Promise<Block> {
    const mapped = await this.#native.map(fd, offset, bytes);
    this.#refusePinning(`mapping ${bytes} bytes of a file for ${this.traits.name}`, mapped);
    return { id: mapped.block, capacity: bytes, address: 0n };
  }

  /** Gives any of these back; nothing may use it any more. Of a device that is lost everything is gone already. */
  free(block: Block): void {
    for (const user of this.#users) user.forget(block);
    this.#native.release(block.id, block.buffer);
  }

  /** From now on `user` hears of each block before it is freed, until the function that this gives is called. */
  watch(user: BlockUser): () => void {
    this.#users.add(user);
    return () => void this.#users.delete(user);
  }

  /** Copies; resolves when the bytes are there. @throws SluiceError `cuda/failed`, `cuda/device-lost` */
  copy(to: Stretch, from: Stretch, bytes: number, outward = false): Promise<void> {
    return this.#job(`a copy of ${bytes} bytes`, (token) => this.#native.copy(token, outward, to.place, to.at, from.place, from.at, bytes));
  }

  /** Sets bytes of a block to 0. @throws SluiceError as `copy` does */
  clear(block: Block, at: number, bytes: number): Promise<void> {
    return this.#job(`clearing ${bytes} bytes`, (token) => this.#native.fill(token, block.id, at, bytes, 0));
  }

  #job(what: string, start: (token: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const token = this.#tokens.pop() ?? this.#waiting.length;
      this.#waiting[token] = (result) => (result === 0 ? resolve() : reject(this.failure(what, result)));
      try {
        start(token);
      } catch (error) {
        this.#forget(token);
        throw error;
      }
    });
  }

  #completed(count: number): void {
    const rows = this.#completions;
    for (let at = 0; at < count * COMPLETION; at += COMPLETION) {
      const token = rows[at] as number;
      const settle = this.#waiting[token];
      this.#forget(token);
      settle?.(rows[at + 1] as number);
    }
  }

  #forget(token: number): void {
    this.#waiting[token] = undefined;
    this.#tokens.push(token);
  }

  /** What a result of the driver means, which this or another library got from it. */
  failure(what: string, result: number): SluiceError {
    this.#lost ??= this.#lossOf(this.#native.state().broken);
    return this.#lost ?? driverError(what, this.#explained(result));
  }

  #lossOf(broken: number): SluiceError | undefined {
    return broken === 0 ? undefined : lostError(this.traits.name, this.#explained(broken));
  }

  #refusePinning(what: string, { errno, result }: Pinning): void {
    if (errno === 0 && result === 0) return;
    this.#lost ??= this.#lossOf(this.#native.state().broken);
    throw this.#lost ?? pinningError(what, errno, this.#explained(result));
  }

  #explained(result: number): DriverError {
    return { result, ...this.#native.explain(result) };
  }
}
