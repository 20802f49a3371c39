import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PIECE = 16 * 2 ** 20;
// No two blocks of a piece are alike, and no piece is like the next one.
const pattern = new Uint32Array(PIECE / 4).map((_, i) => Math.imul(i + 1, 0x9e3779b1));

/** The bytes that files of the bench hold from `offset` on; both are multiples of 4. */
export function expectedAt(offset: number, length: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  for (let i = 0; i < words.length; i++) {
    const at = offset / 4 + i;
    words[i] = (pattern[at % pattern.length] ?? 0) ^ Math.floor(at / pattern.length);
  }
  return new Uint8Array(words.buffer);
}

/** An empty folder on the disk that temporary files are on; `remove` takes it away. */
export function scratch(): { readonly path: (name: string) => string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-io-'));
  return { path: (name) => join(folder, name), remove: () => rmSync(folder, { recursive: true }) };
}

/** Writes a file of `bytes` bytes, a multiple of 16 MiB, and puts it out of the page cache. */
export function layOut(path: string, bytes: number): void {
  const fd = openSync(path, 'w');
  for (let at = 0; at < bytes; at += PIECE) writeSync(fd, expectedAt(at, PIECE));
  fsyncSync(fd);
  closeSync(fd);
  coolDown(path);
}

/** Brings the first `bytes` of a file, a multiple of 1 MiB, into the page cache. */
export function warmUp(path: string, bytes: number): void {
  execFileSync('dd', [`if=${path}`, 'of=/dev/null', 'bs=1M', `count=${bytes / 2 ** 20}`], { stdio: 'pipe' });
}

/** Puts a file out of the page cache. */
export function coolDown(path: string): void {
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'pipe' });
}
