import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { API_VERSION, NO_ATTRIBUTES, Registry, opCell } from '@sluice/core';
import type { OpenFile, Op, TransferContext } from '@sluice/core';
import { memory } from '../tests/fixture.ts';
import * as entry from './plugin.ts';

const { plugin } = entry;

test('the package and its plugin have one name and version', () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { name: string; version: string };
  expect({ name: plugin.name, version: plugin.version }).toEqual({ name: manifest.name, version: manifest.version });
  expect(plugin.api).toBe(API_VERSION);
});

test('the entry ./plugin exports the value alone and registers nothing; the main entry registers it', async () => {
  expect(Object.keys(entry)).toEqual(['plugin']);
  expect(Registry.default.backends.has('fs')).toBe(false);
  const main = await import('./index.ts');
  expect(main.plugin).toBe(plugin);
  expect(Registry.default.backends.has('fs')).toBe(true);
});

test('it lowers the two transfers and neither of the maps', () => {
  const registry = new Registry().with(plugin);
  const lowered = ['io.dma_from_nvme', 'io.write_back_to_nvme', 'mem.zerocopy_map', 'mem.unmap'].map((op) => registry.getLowering(op, 'fs')?.kind);
  expect(lowered).toEqual(['builder', 'builder', undefined, undefined]);
  expect(new Registry().getLowering('io.dma_from_nvme', 'nativeModule')).toBeUndefined();
});

test('lowerings map operands to transfers', () => {
  const registry = new Registry().with(plugin);
  const file: OpenFile = { name: 'f', identity: '1:1', via: 'buffered', viaReason: '', size: async () => 0n, close: async () => {} };
  const host = memory(16);
  const op: Op = { name: 0, operands: [0, 1, 2], results: [3], attrs: NO_ATTRIBUTES, regions: [] };
  const operands: Record<string, unknown> = { fd: file, offset: 7n, handle: host };
  const get = (name: string) => operands[name] ?? expect.fail(`there is no operand ${name}`);
  const ctx = { where: {}, file: get, u64: get, memory: get } as unknown as TransferContext;
  const built = (id: string) => {
    const found = registry.getLowering(id, 'nativeModule', 'fs');
    return found?.kind === 'builder' && found.slot === 'nativeModule' ? (found.build as (op: Op, ctx: TransferContext) => unknown)(op, ctx) : undefined;
  };
  expect(built('io.dma_from_nvme')).toEqual({ kind: 'read', file, offset: 7n, memory: host });
  expect(built('io.write_back_to_nvme')).toEqual({ kind: 'write', file, offset: 7n, memory: host });
});

test('the probe says what it can do, and why not the rest', async () => {
  const backend = new Registry().with(plugin).backends.get('fs')!;
  expect(backend).toMatchObject({ id: 'fs', slot: 'nativeModule', role: 'storage', rank: 10 });
  const probe = await backend.probe();
  if (!probe.available) return expect.fail(probe.reason);
  const { capabilities } = probe;
  expect(capabilities.spaces).toEqual(['host']);
  expect(opCell(capabilities, 'io.dma_from_nvme')).toMatchObject({ how: 'native', via: 'buffered' });
  expect(opCell(capabilities, 'io.write_back_to_nvme')).toMatchObject({ how: 'native', via: 'buffered' });
  for (const op of ['mem.zerocopy_map', 'mem.unmap', 'kernel.launch']) {
    const cell = opCell(capabilities, op);
    expect(cell.how).toBe('unavailable');
    expect(cell.reason).not.toBe('');
  }
});

test('an aborted open of the backend rejects with the reason', async () => {
  const registry = new Registry().with(plugin);
  const reason = new Error('enough');
  await expect(registry.backends.get('fs')!.open({ registry, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
