import { badHeader, formatError } from './codes.ts';
import { HEADER_LIMIT } from './tensor.ts';

/** Thrown where the header goes on behind the bytes that were read: with `needs` bytes of the file it gets further. */
export class Short {
  readonly needs: number;

  constructor(needs: number) {
    this.needs = needs;
  }
}

const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true });
const STRICT = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/**
 * Reads a header from its start on, little-endian. Everything is held against the size of the file before memory is taken
 * for it.
 */
export class Cursor {
  readonly name: string;
  readonly fileBytes: bigint;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array, fileBytes: bigint, name: string) {
    this.#bytes = bytes;
    this.fileBytes = fileBytes;
    this.name = name;
  }

  /** Bytes that were read. */
  get at(): number {
    return this.#at;
  }

  /** @throws Short; SluiceError `formats/header`, `formats/limit` */
  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (BigInt(end) > this.fileBytes) throw badHeader(this.name, `it ends in its header, at byte ${this.fileBytes}`);
    if (end > HEADER_LIMIT) throw formatError('formats/limit', `${this.name}: its header has more than ${HEADER_LIMIT} bytes`, 'take metadata out of the file');
    if (end > this.#bytes.length) throw new Short(end);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  view(length: number): DataView {
    const { buffer, byteOffset } = this.take(length);
    return new DataView(buffer, byteOffset, length);
  }

  u32(): number {
    return this.view(4).getUint32(0, true);
  }

  u64(): bigint {
    return this.view(8).getBigUint64(0, true);
  }

  /** How many of something follow, each of `least` bytes or more: no more than the file has room for. */
  count(what: string, least: number): number {
    const count = this.u64();
    if (count * BigInt(least) > this.fileBytes - BigInt(this.#at)) throw badHeader(this.name, `it would have ${count} ${what}, and has ${this.fileBytes} bytes`);
    return Number(count);
  }

  /** A text as it stands in metadata; bytes that are no UTF-8 come as U+FFFD. */
  string(): string {
    return LENIENT.decode(this.take(this.count('bytes in a text', 1)));
  }

  /** A text that names something, in UTF-8. */
  text(what: string): string {
    const bytes = this.take(this.count(`bytes in ${what}`, 1));
    try {
      return STRICT.decode(bytes);
    } catch (cause) {
      throw badHeader(this.name, `${what} is no UTF-8`, { cause });
    }
  }
}
