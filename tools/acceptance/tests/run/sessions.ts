import { mkdtempSync, realpathSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry, isSluiceError, session } from '@sluice/core';
import type { Session, SessionOptions, SluiceError } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { expect, onTestFinished } from 'vitest';

/** What most tests run on: real files through Node's fs, kernels on the reference. */
export const registry = new Registry().with(fs).with(cpuRef);

/** A session that ends with the test, and must then hold no memory. */
export async function open(options: SessionOptions = {}): Promise<Session> {
  const opened = await session({ registry, backends: ['fs', 'cpu-ref'], ...options });
  onTestFinished(async () => {
    await opened.close();
    expect(memoryUsed(opened)).toBe(0);
  });
  return opened;
}

/** Bytes of device memory that the session holds. */
export function memoryUsed(s: Session): number {
  return (s as unknown as { toJSON(): { memory: { used: number } } }).toJSON().memory.used;
}

/** A folder of the test's own. */
export function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-run-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A file with `content`, or with `length` bytes of a pattern that has no short period. */
export function file(dir: string, name: string, content: Uint8Array | number): string {
  const path = join(dir, name);
  writeFileSync(path, typeof content === 'number' ? pattern(content) : content);
  return path;
}

export function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let x = seed >>> 0;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

export function bytesOf(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}

/** The error that `work` rejects with, which must be a SluiceError of that code. */
export async function failure(work: Promise<unknown>, code: string): Promise<SluiceError> {
  const error: unknown = await work.then(() => expect.unreachable(`expected ${code}`), (reason: unknown) => reason);
  if (!isSluiceError(error)) throw error;
  expect(error.code, error.message).toBe(code);
  expect(error.fix).not.toBe('');
  return error;
}

/** A promise and the function that resolves it. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open: (value) => open(value) };
}

/** Lets everything happen that needs no more than the event loop. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Whether two stretches of bytes are equal; for those that are too long for `toEqual`. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
