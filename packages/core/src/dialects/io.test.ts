import { describe, expect, test } from 'vitest';
import { fd, io, mem } from '../index.ts';
import { defineProgram } from '../build/program.ts';
import { grant } from '../build/host.ts';
import { session } from '../run/session.ts';
import { definePlugin } from '../registry/plugin.ts';
import type { Backend } from '../registry/backend.ts';
import { isSluiceError } from '../diagnostics/error.ts';
import { signatureOf, structuredIntrinsic } from '../ops/op.ts';
import { Registry } from '../registry/registry.ts';
import { API_VERSION } from '../global-slot.ts';
import { verify } from '../verify/verify.ts';

const registry = new Registry();
const IDS = ['io.dma_from_nvme', 'io.write_back_to_nvme', 'mem.zerocopy_map', 'mem.unmap', 'io.gather'] as const;

/** A storage backend that can do everything and is never opened: for planning alone. */
const storage: Backend = {
  id: 'acme-store', slot: 'nativeModule', role: 'storage', rank: 5,
  probe: () => Promise.resolve({ available: true, description: 'a test backend', capabilities: { default: { how: 'native', via: 'buffered' }, ops: {}, types: {}, limits: {}, spaces: ['host'], floats: { subnormals: 'kept', nonFinite: 'ieee' } } }),
  open: () => Promise.reject(new Error('never opened')),
};

const program = defineProgram('ingest', { file: fd('rw') }, ({ file }) => {
  const data = io.dma_from_nvme(file, 0, grant.size(file));
  io.write_back_to_nvme(data, file, 0);
  const map = mem.zerocopy_map(file);
  mem.unmap(map);
  io.gather(file, data, data, 16);
});

describe('the io dialect', () => {
  test.each([
    ['io.dma_from_nvme', [['fd', 'i32'], ['offset', 'u64'], ['length', 'u64']], [['handle', 'GpuBufferHandle']]],
    ['io.write_back_to_nvme', [['handle', 'GpuBufferHandle'], ['fd', 'i32'], ['offset', 'u64']], []],
    ['mem.zerocopy_map', [['fd', 'i32']], [['handle', 'GpuBufferHandle']]],
    ['mem.unmap', [['handle', 'GpuBufferHandle']], []],
    ['io.gather', [['fd', 'i32'], ['offsets', 'GpuBufferHandle'], ['lengths', 'GpuBufferHandle'], ['length', 'u64']], [['handle', 'GpuBufferHandle']]],
  ])('%s has the signature of the contract', (id, inputs, outputs) => {
    const op = registry.lookup(id);
    if (op === undefined) throw new Error(`${id} is not registered`);
    const pairs = (list: readonly { name: string; type: string }[]) => list.map((p) => [p.name, p.type]);
    const view = signatureOf(op);
    expect({ inputs: pairs(view.inputs), outputs: pairs(view.outputs), attrs: view.attrs, bytesExtraction: view.bytesExtraction }).toEqual({ inputs, outputs, attrs: [], bytesExtraction: id === 'io.gather' });
    expect([op.id, op.dialect, op.category, op.level]).toEqual([id, 'io', 'intrinsic', 'host']);
  });

  test('is a dialect of its own, with its five ops and no others', () => {
    expect(registry.dialects.get('io')?.ops.map((o) => o.id)).toEqual(IDS);
    for (const [id, dialect] of registry.dialects) if (id !== 'io') expect(dialect.ops.filter((o) => o.id.startsWith('io.') || o.id.startsWith('mem.'))).toEqual([]);
  });

  test.each(IDS)('%s has no lowering in any slot until a backend opts in', (id) => {
    for (const slot of ['cpuRef', 'primaryText', 'secondaryText', 'primaryBinary', 'nativeModule', 'extensions']) expect(registry.getLowering(id, slot)).toBeUndefined();
  });

  test.each(IDS)('%s carries the structured-intrinsic sentinel and no CPU path', (id) => {
    expect(registry.lookup(id)?.cpuRef).toBe(structuredIntrinsic);
    expect(registry.lookup(id)?.compose).toBeUndefined();
    expect(registry.getLowering(id, 'reference')).toEqual({ kind: 'structured-intrinsic' });
  });

  test('a plugin that lowers an op is found for its backend and for its slot', () => {
    const text = () => ['storageRead()'];
    const host = () => { throw new Error('not called'); };
    const plugin = definePlugin({
      name: 'acme-plugin', version: '1.0.0', api: API_VERSION,
      register({ backend, lowering }) {
        backend(storage);
        lowering('io.dma_from_nvme', { slot: 'nativeModule', backend: 'acme-store', build: host });
        lowering('io.dma_from_nvme', { slot: 'primaryText', backend: 'acme-shader', build: text });
      },
    });
    const linked = registry.with(plugin);
    expect(linked.getLowering('io.dma_from_nvme', 'acme-store')).toMatchObject({ kind: 'builder', slot: 'nativeModule', backend: 'acme-store', build: host });
    expect(linked.getLowering('io.dma_from_nvme', 'primaryText', 'acme-shader')).toMatchObject({ kind: 'builder', build: text });
    expect(linked.getLowering('io.dma_from_nvme', 'primaryText', 'another')).toBeUndefined();
    expect(linked.getLowering('io.write_back_to_nvme', 'acme-store')).toBeUndefined();
    expect(registry.getLowering('io.dma_from_nvme', 'nativeModule')).toBeUndefined();
  });

  test('a program of its ops builds and verifies with no plugin linked', () => {
    expect(verify(program, registry)).toEqual([]);
  });

  test('compiling it with no plugin linked fails with every gap and the packages to import', async () => {
    const s = await session({ registry });
    const error: unknown = await s.compile(program).catch((e: unknown) => e);
    await s.close();
    if (!isSluiceError(error)) throw error;
    expect([error.code, error.family]).toEqual(['plan/not-runnable', 'unsupported']);
    expect(error.problems.map((p) => [p.code, p.where?.op])).toEqual(IDS.map((id) => ['plan/no-lowering', id]));
    for (const p of error.problems) {
      expect(p.message).toContain(p.where?.op);
      for (const name of ['@sluice/io-uring', '@sluice/fs', '@sluice/gds']) expect(p.fix).toContain(name);
      expect(p.where?.span?.file).toContain('io.test.ts');
    }
  });

  test('a backend that lowers one of them leaves the others as gaps, with the reason', async () => {
    const plugin = definePlugin({
      name: 'acme-plugin', version: '1.0.0', api: API_VERSION,
      register({ backend, lowering }) {
        backend(storage);
        lowering('io.dma_from_nvme', { slot: 'nativeModule', backend: 'acme-store', build: () => { throw new Error('not called'); } });
      },
    });
    const s = await session({ registry: registry.with(plugin) });
    const error: unknown = await s.compile(program).catch((e: unknown) => e);
    await s.close();
    if (!isSluiceError(error)) throw error;
    expect(error.problems.map((p) => p.where?.op)).toEqual(IDS.slice(1));
    expect(error.problems[0]?.details['tried']).toEqual([{ backend: 'acme-store', reason: 'does not lower `io.write_back_to_nvme`' }]);
  });
});
