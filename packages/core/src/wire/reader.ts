import { SluiceError } from '../diagnostics/error.ts';
import type { Code } from '../diagnostics/codes.ts';
import type { WireLimits } from './format.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a stretch of a file and never past it; whatever is wrong is a coded error with the offset in the file. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly limits: WireLimits;
  /** Offsets in the file. Hot loops move `at` themselves. */
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, limits: WireLimits, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.limits = limits;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  byte(what: string): number {
    if (this.at >= this.end) throw this.ends(what);
    return this.bytes[this.at++] as number;
  }

  /** LEB128 of at most 32 bits. */
  varint(what: string): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.at >= this.end) throw this.ends(what);
      const byte = this.bytes[this.at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 28 && byte > 15) break;
        return value >>> 0;
      }
    }
    throw this.malformed(`${what} has more than 32 bits`, start);
  }

  /** How many things follow that take `each` bytes or more: refused before anything is made of them if there is no room. */
  count(what: string, { each = 1, limit }: { readonly each?: number; readonly limit?: number } = {}): number {
    const start = this.at;
    const count = this.varint(`the number of ${what}`);
    if (limit !== undefined && count > limit) throw this.limit(`${count} ${what}, more than ${limit}`, start);
    if (count * each > this.left) throw this.malformed(`${count} ${what} are announced, and ${this.left} bytes follow`, start);
    return count;
  }

  /** An index into a table of `size` entries. */
  index(size: number, what: string): number {
    const start = this.at;
    const index = this.varint(what);
    if (index >= size) throw this.malformed(`${what} is number ${index} of ${size}`, start);
    return index;
  }

  string(what: string): string {
    const start = this.at;
    const head = this.varint(`the length of ${what}`);
    const length = head >>> 1;
    if (length > this.left) throw this.ends(what, start);
    const text = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    if ((head & 1) === 0) {
      try {
        return utf8.decode(text);
      } catch {
        throw this.malformed(`${what} is not UTF-8`, start);
      }
    }
    if (length % 2 !== 0) throw this.malformed(`${what} has half a character`, start);
    let wide = '';
    for (let i = 0; i < length; i += 2) wide += String.fromCharCode((text[i] as number) | ((text[i + 1] as number) << 8));
    return wide;
  }

  strings(what: string): readonly string[] {
    const strings: string[] = [];
    for (let n = this.count(what); n > 0; n--) strings.push(this.string('a string'));
    return strings;
  }

  /** Refuses bytes that nothing has read. */
  finish(what: string): void {
    if (this.left > 0) throw this.malformed(`${this.left} bytes are left over at the end of ${what}`);
  }

  ends(what: string, at = this.at): SluiceError {
    return wireError('wire/truncated', `the data ends within ${what}`, at);
  }

  malformed(message: string, at = this.at): SluiceError {
    return wireError('wire/malformed', message, at);
  }

  limit(message: string, at = this.at): SluiceError {
    return wireError('wire/limit', message, at, 'split the program, or pass `limits` to decode if the file comes from a source that you trust');
  }
}

/** An error of what is read, at an offset of the file. */
export function wireError(code: Code, message: string, offset: number, fix = 'get the file again from where it was made', details: Readonly<Record<string, unknown>> = {}): SluiceError {
  return new SluiceError({ code, message: `byte ${offset}: ${message}`, fix, details: { offset, ...details } });
}
