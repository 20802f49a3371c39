import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect } from 'vitest';
import { Registry } from '@sluice/core';
import { cuda } from '@sluice/cuda/plugin';
import { loadFake } from '@sluice/cuda/fake';
import type { Fake } from '@sluice/cuda/fake';
import { loadNative } from '../src/native.ts';
import { gds } from '../src/plugin.ts';
import type { GdsOptions } from '../src/plugin.ts';

const driver = loadFake('libcuda.so.1');
const library = loadFake('libcufile.so.0');
const addon = loadNative();
export const unavailable = typeof driver === 'string' ? driver : typeof library === 'string' ? library : 'native' in addon ? undefined : addon.reason;
/** The fakes that this process has. */
export const cudaFake = driver as Fake;
export const cufileFake = library as Fake;

export const registryWith = (options: GdsOptions = {}) => new Registry().with(cuda()).with(gds(options));

/** What is left of contexts, memory, registrations, handles and descriptors. */
export function left(): Readonly<Record<string, number>> {
  const [a, b] = [cudaFake.state(), cufileFake.state()];
  return Object.fromEntries(['contexts', 'device bytes', 'registered', 'streams', 'events', 'handles', 'buffers'].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}

/** A folder on the disk of the workspace; skips every test where there are no fakes, and resets them. */
export function useFakes(): { path(name: string): string } {
  const folder = mkdtempSync(join(process.cwd(), 'node_modules/.sluice-gds-'));
  beforeEach(({ skip }) => {
    skip(unavailable !== undefined, unavailable);
    expect(left()).toEqual({ contexts: 0, 'device bytes': 0, registered: 0, streams: 0, events: 0, handles: 0, buffers: 0 });
    cudaFake.reset();
    cufileFake.reset();
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return { path: (name) => join(folder, name) };
}

export function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 13);
}
