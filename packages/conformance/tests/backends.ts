import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry, session } from '@sluice/core';
import type { Mask, Plugin, Registry as AnyRegistry } from '@sluice/core';
import { cpuRef as cpuRefWith, plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { plugin as ioUring } from '@sluice/io-uring/plugin';
import { wgsl } from '@sluice/wgsl/plugin';
import { effective } from '../src/runner/backend.ts';
import type { BackendUnderTest, OpenBackend } from '../src/runner/backend.ts';

/** The reference machine, whole or with a mask. */
export function reference(name: string, mask?: Mask): BackendUnderTest {
  return { name, tags: ['compute'], ...(mask === undefined ? {} : { mask }), open: (o) => openCompute(new Registry().with(cpuRef), 'cpu-ref', o.mask) };
}

/** The reference machine with subgroups of that many lanes. */
export function referenceWithSubgroups(subgroupSize: number): BackendUnderTest {
  return { name: `cpu-ref with subgroups of ${subgroupSize}`, tags: ['compute'], open: (o) => openCompute(new Registry().with(cpuRefWith({ subgroupSize })), 'cpu-ref', o.mask) };
}

const onAdapter = (adapter: string) => wgsl({ adapter });

/** WebGPU on an adapter. */
export function webgpu(adapter: string): BackendUnderTest {
  return { name: `wgsl on ${adapter}`, tags: ['compute'], open: async (o) => ({ ...(await openCompute(new Registry().with(onAdapter(adapter)), 'wgsl', o.mask)), exact: false }) };
}

/** Why nothing can run on an adapter here, if so. */
export async function whyNotWebgpu(adapter: string): Promise<string | undefined> {
  const probe = await new Registry().with(onAdapter(adapter)).backends.get('wgsl')?.probe();
  return probe?.available === false ? probe.reason : undefined;
}

/** A storage backend, beside the reference for its kernels. */
export function storage(id: 'fs' | 'io-uring'): BackendUnderTest {
  const plugins: Readonly<Record<string, Plugin>> = { fs, 'io-uring': ioUring };
  return {
    name: id, tags: ['storage'],
    open: async ({ mask }) => {
      const registry = new Registry().with(plugins[id] as Plugin).with(cpuRef);
      const capabilities = await effective(registry, id, mask);
      const opened = await session({ registry, backends: [id, 'cpu-ref'], masks: { [id]: mask } });
      const folder = await realpath(await mkdtemp(join(tmpdir(), 'sluice-conformance-')));
      let files = 0;
      return {
        session: opened, registry, capabilities, exact: true,
        file: async (content) => {
          const path = join(folder, `file${files++}`);
          await writeFile(path, content);
          return { source: path, read: async () => new Uint8Array(await readFile(path)), write: (bytes) => writeFile(path, bytes) };
        },
        close: async () => {
          await opened.close();
          await rm(folder, { recursive: true });
        },
      };
    },
  };
}

async function openCompute(registry: AnyRegistry, id: string, mask: Mask): Promise<OpenBackend> {
  const capabilities = await effective(registry, id, mask);
  const opened = await session({ registry, backends: [id], masks: { [id]: mask } });
  return { session: opened, registry, capabilities, exact: true, close: () => opened.close() };
}
