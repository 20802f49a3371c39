import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry, isSluiceError, session } from '@sluice/core';
import type { Session, SessionOptions } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { expect, onTestFinished } from 'vitest';
import type { LoadOptions, Model } from '../src/index.ts';

/** A session on real files and the reference; when it ends with the test it must hold no memory. */
export async function open(options: SessionOptions = {}): Promise<Session> {
  const opened = await session({ registry: new Registry().with(fs).with(cpuRef), backends: ['fs', 'cpu-ref'], ...options });
  onTestFinished(async () => {
    await opened.close();
    expect(held(opened).memory.used).toBe(0);
  });
  return opened;
}

/** What the session holds. */
export function held(s: Session): { readonly grants: number; readonly memory: { readonly used: number } } {
  return (s as unknown as { toJSON(): ReturnType<typeof held> }).toJSON();
}

export function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-formats-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes a file into a folder of the test's own, unless one is named. */
export function file(name: string, bytes: Uint8Array | string, dir = folder()): string {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
}

/** Everything that a model loads, in the order in which it came. */
export async function loadAll(model: Model, options?: LoadOptions): Promise<readonly { readonly name: string; readonly dtype: string; readonly bytes: Uint8Array<ArrayBuffer> }[]> {
  const all = [];
  for await (const { tensor, dtype, buffer } of model.load(options)) {
    all.push({ name: tensor.name, dtype, bytes: await buffer.read() });
    await buffer.close();
  }
  return all;
}

export async function codeOf(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (isSluiceError(error)) return error.code;
    throw error;
  }
  return 'none';
}

/** Bytes with no short period. */
export function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const next = random(seed);
  return Uint8Array.from({ length }, () => next(256));
}

/** Whole numbers below a bound, the same ones for the same seed. */
export function random(seed: number): (below: number) => number {
  let x = (seed ^ 0x9e3779b9) >>> 0;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x = (x ^ (x << 5)) >>> 0;
    return x % below;
  };
}

export function bytes(...parts: readonly (Uint8Array | readonly number[] | string)[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part)))));
}

export function u32(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, true);
  return new Uint8Array(view.buffer);
}

export function u64(value: bigint | number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(view.buffer);
}

interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A file in safetensors, written as https://github.com/huggingface/safetensors#format says; tensors stand in the order given. */
export function safetensors(tensors: Readonly<Record<string, Stored>>, metadata?: Readonly<Record<string, string>>, padding = 0): Uint8Array<ArrayBuffer> {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const start = end;
    end += data.length;
    return [name, { dtype, shape, data_offsets: [start, end] }] as const;
  });
  // The order of keys says nothing about the order of bytes.
  const header = JSON.stringify({ ...Object.fromEntries(entries.toReversed()), ...(metadata === undefined ? {} : { __metadata__: metadata }) }) + ' '.repeat(padding);
  return safetensorsOf(header, ...Object.values(tensors).map((t) => t.data));
}

/** A file with this text as its header, right or wrong. */
export function safetensorsOf(header: string, ...data: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  return bytes(u64(text.length), text, ...data);
}

/** A value of GGUF metadata with the number of its type in front. */
export const gguf = {
  string: (s: string) => bytes(u64(new TextEncoder().encode(s).length), s),
  pair: (key: string, type: number, value: Uint8Array | readonly number[]) => bytes(gguf.string(key), u32(type), value),
  list: (type: number, values: readonly Uint8Array[]) => bytes(u32(type), u64(values.length), ...values),
  info: (name: string, dimensions: readonly (number | bigint)[], type: number, offset: number | bigint) => bytes(gguf.string(name), u32(dimensions.length), ...dimensions.map(u64), u32(type), u64(offset)),
  header: (pairs: readonly Uint8Array[], infos: readonly Uint8Array[], version = 3) => bytes('GGUF', u32(version), u64(infos.length), u64(pairs.length), ...pairs, ...infos),
} as const;

interface StoredGguf {
  readonly name: string;
  readonly type: number;
  /** As ggml has them: the innermost one first. */
  readonly dimensions: readonly number[];
  readonly data: Uint8Array;
}

/** A file in GGUF, written as docs/gguf.md of ggml says. */
export function ggufFile(pairs: readonly Uint8Array[], tensors: readonly StoredGguf[], alignment = 32): Uint8Array<ArrayBuffer> {
  const pad = (length: number) => new Uint8Array((alignment - (length % alignment)) % alignment);
  let end = 0;
  const infos: Uint8Array[] = [];
  const data: Uint8Array[] = [];
  for (const t of tensors) {
    infos.push(gguf.info(t.name, t.dimensions, t.type, end));
    data.push(t.data, pad(t.data.length));
    end += t.data.length + pad(t.data.length).length;
  }
  const header = gguf.header(pairs, infos);
  return bytes(header, pad(header.length), ...data);
}
