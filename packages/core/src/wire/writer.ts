import { SluiceError } from '../diagnostics/error.ts';

const utf8 = new TextEncoder();
const wellFormed = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes that grow. Hot loops `reserve` and write to `bytes` at `at` themselves. */
export class Writer {
  bytes: Uint8Array;
  at = 0;

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.at + count;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
      grown.set(this.bytes.subarray(0, this.at));
      this.bytes = grown;
    }
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  /** An unsigned integer below 2^32 as LEB128. */
  varint(value: number): void {
    this.reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  /**
   * An integer that came from outside the IR's own arrays.
   * @throws SluiceError `wire/unencodable` for one that is no u32
   */
  u32(value: number, what: string): void {
    if (value >>> 0 !== value) throw unencodable(`${what} is ${String(value)}, not an integer in [0, 2^32)`);
    this.varint(value);
  }

  /**
   * Twice the number of bytes, then UTF-8; or one more, then UTF-16, little-endian, for a string with a lone surrogate,
   * which UTF-8 cannot hold.
   */
  string(text: string): void {
    const encoded = utf8.encode(text);
    if (wellFormed.decode(encoded) === text) {
      this.varint(2 * encoded.length);
      this.append(encoded);
      return;
    }
    this.varint(4 * text.length + 1);
    this.reserve(2 * text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      this.bytes[this.at++] = unit & 255;
      this.bytes[this.at++] = unit >>> 8;
    }
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** A view of what was written. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }
}

export function unencodable(message: string): SluiceError {
  return new SluiceError({ code: 'wire/unencodable', message, fix: 'verify the program first: it says where the fault is' });
}
