import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { Registry } from '@sluice/core';
import type { Device, Memory, Outcome, StorageDevice, Transfer } from '@sluice/core';
import { plugin } from '../src/plugin.ts';

/** A device of the backend and an empty folder for one test file; checks in the end that no descriptor is left open. */
export function openFixture(): { readonly storage: StorageDevice; path(name: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-fs-'));
  const registry = new Registry().with(plugin);
  let device: Device | undefined;
  let before: number | undefined;
  beforeAll(async () => {
    before = descriptors();
    device = await registry.backends.get('fs')?.open({ registry });
  });
  afterAll(async () => {
    await device?.close();
    rmSync(folder, { recursive: true });
    expect(descriptors()).toBe(before);
  });
  return {
    get storage() {
      return device!.storage!;
    },
    path: (name) => join(folder, name),
  };
}

/** Open descriptors of this process; undefined where the system does not list them. */
export function descriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

/** Host memory as core hands it out, its padding set to zero and the rest to `fill`. */
export function memory(byteLength: number, fill = 0xaa): Memory & { readonly bytes: Uint8Array<ArrayBuffer> } {
  const bytes = new Uint8Array((byteLength + 15) & ~15);
  return { space: 'host', byteLength, bytes: bytes.fill(fill, 0, byteLength) };
}

/** Memory that holds `data`. */
export function memoryOf(data: Uint8Array): Memory & { readonly bytes: Uint8Array<ArrayBuffer> } {
  const made = memory(data.length);
  made.bytes.set(data);
  return made;
}

/** Submits a batch and gives the outcomes, in the order of the batch. */
export function submit(storage: StorageDevice, batch: readonly Transfer[], signal: AbortSignal = new AbortController().signal): Promise<Outcome[]> {
  return new Promise((resolve, reject) => {
    const outcomes: Outcome[] = [];
    let left = batch.length;
    storage.submit(batch, (index, outcome) => {
      if (outcomes[index] !== undefined) reject(new Error(`transfer ${index} completed twice`));
      outcomes[index] = outcome;
      if (--left === 0) resolve(outcomes);
    }, signal);
  });
}

/** Bytes that depend on the seed alone (xorshift32). */
export function randomBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let x = seed;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** Equality of large arrays, with the place of the first difference in the message. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  if (Buffer.compare(actual, expected) !== 0) expect.fail(`differs at byte ${actual.findIndex((byte, i) => byte !== expected[i])}`);
}
