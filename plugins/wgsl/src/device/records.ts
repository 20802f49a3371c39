import { USAGE } from './webgpu.ts';

/** Bytes of the launch records of one submission. */
const BYTES = 64 * 1024;
/** `minUniformBufferOffsetAlignment` of every adapter is at most this. */
const SLOT = 256;

/**
 * The launch records of a submission, in a buffer that keeps those of earlier ones: a program that runs again mostly writes
 * what is there already, and then nothing is sent to the device.
 */
export class Records {
  readonly buffer: GPUBuffer;
  readonly #device: GPUDevice;
  /** What the buffer holds when `send` has been called. */
  readonly #words = new Uint32Array(BYTES / 4);
  /** In words: what is taken, the last record, and what has changed since `send`. */
  #used = 0;
  #last = 0;
  #length = 0;
  #from = Infinity;
  #to = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.buffer = device.createBuffer({ label: 'launch records', size: BYTES, usage: USAGE.UNIFORM | USAGE.COPY_DST });
  }

  /** Whether one more record of so many bytes can be added before `send`. */
  fits(byteLength: number): boolean {
    return this.#used * 4 + slotsOf(byteLength) <= BYTES;
  }

  /** Takes in a record, and gives the offset in the buffer at which it lies: where the one before lies, if that is the same. */
  add(record: Uint32Array): number {
    if (this.#isLast(record)) return this.#last * 4;
    const at = this.#used;
    this.#last = at;
    this.#length = record.length;
    this.#used += slotsOf(record.byteLength) / 4;
    for (let i = 0; i < record.length; i++) {
      if (this.#words[at + i] === record[i]) continue;
      this.#words[at + i] = record[i] as number;
      this.#from = Math.min(this.#from, at + i);
      this.#to = at + i + 1;
    }
    return at * 4;
  }

  #isLast(record: Uint32Array): boolean {
    if (record.length !== this.#length) return false;
    for (let i = 0; i < record.length; i++) if (record[i] !== this.#words[this.#last + i]) return false;
    return true;
  }

  /** Hands what has changed to the queue, ahead of the submission that uses it; records are added from the start then. */
  send(): void {
    if (this.#to > 0) this.#device.queue.writeBuffer(this.buffer, this.#from * 4, this.#words, this.#from, this.#to - this.#from);
    this.#used = this.#length = this.#to = 0;
    this.#from = Infinity;
  }
}

function slotsOf(byteLength: number): number {
  return Math.ceil(byteLength / SLOT) * SLOT;
}
