import { SluiceError } from '../diagnostics/error.ts';
import { stagingSpace } from '../plan/staging.ts';
import type { DeviceBuffer } from './api.ts';
import { copyFailed } from './buffer-steps.ts';
import { Handle } from './memory.ts';
import type { Base } from './memory.ts';
import { Task } from './order.ts';
import type { SessionState } from './state.ts';

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** A handle in the application's hands: a slot and a generation; the memory stays with the session. */
class BufferObject implements DeviceBuffer {
  readonly '~buffer' = 1;
  readonly slot: number;
  readonly generation: number;
  readonly byteLength: bigint;
  readonly space: string;
  readonly #owner: Buffers;

  constructor(owner: Buffers, slot: number, generation: number, handle: Handle) {
    this.#owner = owner;
    this.slot = slot;
    this.generation = generation;
    this.byteLength = BigInt(handle.byteLength);
    this.space = handle.base.memory.space;
  }

  read(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#owner.read(this);
  }

  close(): Promise<void> {
    this.#owner.close(this);
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toJSON(): unknown {
    return { slot: this.slot, generation: this.generation, byteLength: String(this.byteLength), space: this.space };
  }

  [INSPECT](): string {
    return `DeviceBuffer ${this.slot}.${this.generation} (${this.byteLength} bytes in ${this.space})`;
  }
}

/** The buffers that a session has given to the application, by slot and generation. */
export class Buffers {
  readonly #session: SessionState;
  readonly #handles: (Handle | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  readonly #objects = new WeakSet<object>();

  constructor(session: SessionState) {
    this.#session = session;
  }

  /** Gives a handle to the application; the hold on its memory goes with it. */
  give(handle: Handle): DeviceBuffer {
    const slot = this.#free.pop() ?? this.#handles.length;
    const generation = this.#generations[slot] ?? 0;
    this.#handles[slot] = handle;
    this.#generations[slot] = generation;
    // Frozen: a slot that is changed would be somebody else's bytes.
    const object = Object.freeze(new BufferObject(this, slot, generation, handle));
    this.#objects.add(object);
    return object;
  }

  /**
   * The handle behind an object of this session.
   * @throws SluiceError `mem/foreign-handle`, `mem/stale-handle`
   */
  resolve(object: object): Handle {
    if (!this.#objects.has(object)) throw new SluiceError({ code: 'mem/foreign-handle', message: 'a device buffer of another session or thread', fix: 'pass a buffer of this session, or its bytes' });
    const { slot, generation } = object as BufferObject;
    const handle = this.#handles[slot];
    if (handle === undefined || this.#generations[slot] !== generation) {
      throw new SluiceError({ code: 'mem/stale-handle', message: `device buffer ${slot}.${generation} was closed`, fix: 'close a buffer after its last use' });
    }
    return handle;
  }

  /**
   * A new buffer in `space` with a copy of `data`; the caller holds it.
   * @throws SluiceError `mem/too-large`, `mem/budget`, `plan/no-path`
   */
  async upload(data: ArrayBufferView | ArrayBuffer, space: string, stop?: AbortSignal): Promise<Handle> {
    const bytes = bytesOf(data);
    const handle = await this.#allocate(bytes.byteLength, space, stop);
    const copyInto = (target: Handle) => {
      if (bytes.byteLength !== handle.byteLength) throw new SluiceError({ code: 'run/argument', message: `an array of ${handle.byteLength} bytes was detached or resized while the run waited for memory`, fix: 'leave it as it is until the run has begun' });
      if (target.bytes === undefined) throw new RangeError(`memory in ${target.memory.space} is no staging: the CPU cannot address it`);
      target.bytes.set(bytes);
    };
    try {
      if (handle.bytes !== undefined) copyInto(handle);
      else {
        await this.#withStaging(handle.byteLength, stagingSpace(this.#session.registry, space, 'in'), stop, async (staging) => {
          // Now: the array may have been taken away while this waited for memory.
          copyInto(staging);
          await this.#copy(staging, handle);
        });
      }
      return handle;
    } catch (error) {
      handle.base.drop();
      throw error;
    }
  }

  /** The bytes, when everything that was issued to write them is done. */
  read(object: object): Promise<Uint8Array<ArrayBuffer>> {
    return this.#session.track(this.#read(object));
  }

  async #read(object: object): Promise<Uint8Array<ArrayBuffer>> {
    const handle = this.resolve(object);
    const { base } = handle;
    const { budget } = this.#session;
    base.hold();
    budget.began();
    const task = await new Promise<Task>((begin) => {
      const reading = new Task(begin);
      base.order.access(reading, false);
      reading.ready();
    });
    try {
      if (handle.bytes !== undefined) return handle.bytes.slice();
      return await this.#withStaging(handle.byteLength, stagingSpace(this.#session.registry, base.memory.space, 'out'), undefined, async (staging) => {
        await this.#copy(handle, staging);
        return staging.bytes?.slice() ?? new Uint8Array();
      });
    } finally {
      base.drop();
      task.finish();
      budget.ended();
    }
  }

  async #allocate(byteLength: number, space: string, stop: AbortSignal | undefined): Promise<Handle> {
    return new Handle(await this.#session.budget.allocate(this.#session.allocator(space), BigInt(byteLength), 'any', stop));
  }

  /** Memory that the CPU can address, for as long as `use` takes. */
  async #withStaging<T>(byteLength: number, space: string, stop: AbortSignal | undefined, use: (staging: Handle) => Promise<T>): Promise<T> {
    const staging = await this.#allocate(byteLength, space, stop);
    try {
      return await use(staging);
    } finally {
      staging.base.drop();
    }
  }

  async #copy(from: Handle, to: Handle): Promise<void> {
    const transfer = this.#session.spaceTransfer(from.base.memory.space, to.base.memory.space);
    if (transfer === undefined) throw new SluiceError({ code: 'plan/no-path', message: `no transfer leads from memory in ${from.base.memory.space} to memory in ${to.base.memory.space}`, fix: 'import a plugin that registers one' });
    // Not to be aborted: its memory goes back to the pool when it ends.
    const controller = this.#session.controllers.take();
    try {
      await transfer.copy(from.memory, to.memory, controller.signal);
    } catch (cause) {
      throw copyFailed(transfer, cause);
    }
    this.#session.controllers.giveBack(controller);
  }

  /** Closing twice does nothing. */
  close(object: object): void {
    const { slot, generation } = object as BufferObject;
    const handle = this.#handles[slot];
    if (!this.#objects.has(object) || handle === undefined || this.#generations[slot] !== generation) return;
    this.#forget(slot, handle.base);
  }

  closeAll(): void {
    this.#handles.forEach((handle, slot) => {
      if (handle !== undefined) this.#forget(slot, handle.base);
    });
  }

  #forget(slot: number, base: Base): void {
    this.#handles[slot] = undefined;
    this.#generations[slot] = (this.#generations[slot] ?? 0) + 1;
    this.#free.push(slot);
    base.drop();
  }
}

/** @throws SluiceError `run/argument` for an array that was detached, or shrunk to less than the view */
function bytesOf(data: ArrayBufferView | ArrayBuffer): Uint8Array {
  try {
    return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
  } catch (cause) {
    throw new SluiceError({ code: 'run/argument', message: 'the bytes that are given lie in an array that was detached or resized', fix: 'pass the array before it is transferred, or a copy of it', cause });
  }
}
