import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry, session } from '@sluice/core';
import type { Mask, Plugin, Registry as AnyRegistry, SessionOptions } from '@sluice/core';
import { cpuRef as cpuRefWith, plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as cuda } from '@sluice/cuda/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { plugin as gds } from '@sluice/gds/plugin';
import { plugin as ioUring } from '@sluice/io-uring/plugin';
import { wgsl } from '@sluice/wgsl/plugin';
import type { WgslOptions } from '@sluice/wgsl/plugin';
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

interface WebgpuOptions {
  /** Random programs of each batch. */
  readonly programs: number;
  readonly mask?: Mask;
  readonly without?: WgslOptions['without'];
}

/** WebGPU on an adapter; `what` says how it is masked. */
export function webgpu(adapter: string, what: string, { programs, mask, without }: WebgpuOptions): BackendUnderTest {
  const plugin = wgsl({ adapter, ...(without === undefined ? {} : { without }) });
  return {
    name: `wgsl on ${adapter}${what}`, tags: ['compute'], ...(mask === undefined ? {} : { mask }),
    open: async (o) => ({ ...(await openCompute(new Registry().with(plugin), 'wgsl', o.mask)), exact: false, programs }),
  };
}

/** Why nothing can run on an adapter here, if so. */
export async function whyNotWebgpu(adapter: string): Promise<string | undefined> {
  const probe = await new Registry().with(wgsl({ adapter })).backends.get('wgsl')?.probe();
  return probe?.available === false ? probe.reason : undefined;
}

/** A storage backend, beside the reference for its kernels. */
export function storage(id: 'fs' | 'io-uring'): BackendUnderTest {
  const plugins: Readonly<Record<string, Plugin>> = { fs, 'io-uring': ioUring };
  return onFiles(id, id, new Registry().with(plugins[id] as Plugin).with(cpuRef), { backends: [id, 'cpu-ref'] });
}

/** CUDA memory, filled by cuFile or, through a window of pinned memory, by io_uring; programs of storage launch nothing. */
export function cudaStorage(id: 'gds' | 'io-uring'): BackendUnderTest {
  const plugins: Readonly<Record<string, Plugin>> = { gds, 'io-uring': ioUring };
  const gathers = { case: 'io/transfers/a gather packs stretches of the file in order', reason: 'the offsets of a gather lie in device memory, which the CPU cannot address' };
  return { ...onFiles(`${id} on cuda`, id, new Registry().with(cuda).with(plugins[id] as Plugin), { backends: [id, 'cuda'], space: 'cuda' }), unsupported: [gathers] };
}

function onFiles(name: string, id: string, registry: AnyRegistry, options: Pick<SessionOptions, 'backends' | 'space'>): BackendUnderTest {
  return {
    name, tags: ['storage'],
    open: async ({ mask }) => {
      const capabilities = await effective(registry, id, mask);
      const opened = await session({ registry, ...options, masks: { [id]: mask } });
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
