import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import { Registry } from '@sluice/core';
import type { Allocator, Device, Memory, Outcome, StorageDevice, Transfer } from '@sluice/core';
import { plugin } from '../src/plugin.ts';

export const registry = new Registry().with(plugin);
export const backend = registry.backends.get('io-uring')!;
const probe = await backend.probe();
/** Why io_uring cannot be tested on this machine. */
export const unavailable = probe.available ? undefined : `${probe.reason}: ${probe.fix}`;

/** A device of the backend and an empty folder for one test file; checks in the end that no descriptor or thread is left. */
export function openFixture(): { readonly storage: StorageDevice; readonly allocator: Allocator; path(name: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-io-uring-'));
  let device: Device | undefined;
  let before: readonly number[] = [];
  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));
  beforeAll(async () => {
    if (unavailable !== undefined) return;
    before = resources();
    device = await backend.open({ registry });
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    if (device === undefined) return;
    await device.close();
    await expectResources(before);
  });
  return {
    get storage() {
      return device!.storage!;
    },
    get allocator() {
      return device!.allocators![0]!;
    },
    path: (name) => join(folder, name),
  };
}

/** Resources are as they were. The kernel takes a thread that has ended off its list a little after everyone else knows. */
export async function expectResources(before: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(resources()).toEqual(before), 10_000);
}

/** Open descriptors, and threads of the engine, in this process. */
export function resources(): readonly number[] {
  const threads = readdirSync('/proc/self/task').filter((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim() === 'sluice-io';
    } catch {
      return false;
    }
  });
  return [readdirSync('/proc/self/fd').length, threads.length];
}

/** Takes memory of the allocator and puts `data` into it. */
export function filled(allocator: Allocator, data: Uint8Array): Memory {
  const memory = allocator.allocate(data.length, 'any');
  memory.bytes!.set(data);
  return memory;
}

/** The logical bytes. */
export function content(memory: Memory): Uint8Array {
  return memory.bytes!.subarray(0, memory.byteLength);
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

/** Numbers below `2^32` that depend on the seed alone (xorshift32). */
export function randomNumbers(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

export function randomBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  const next = randomNumbers(seed);
  for (let i = 0; i < words.length; i++) words[i] = next();
  return new Uint8Array(words.buffer, 0, length);
}

/** Equality of large arrays, with the place of the first difference in the message. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  if (Buffer.compare(actual, expected) !== 0) expect.fail(`differs at byte ${actual.findIndex((byte, i) => byte !== expected[i])}`);
}

/** Engines have so many threads; one that has ended is still there for a moment. */
export async function expectThreads(count: number): Promise<void> {
  await vi.waitFor(() => expect(resources()[1]).toBe(count), 10_000);
}
