import { Registry } from '@sluice/core';
import type { Mask, Plugin } from '@sluice/core';
import { cpuRef as cpuRefWith, plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as cuda } from '@sluice/cuda/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { plugin as gds } from '@sluice/gds/plugin';
import { plugin as ioUring } from '@sluice/io-uring/plugin';
import { wgsl } from '@sluice/wgsl/plugin';
import type { WgslOptions } from '@sluice/wgsl/plugin';
import type { BackendUnderTest } from '../src/runner/backend.ts';
import { registered } from '../src/runner/registered.ts';

/** The reference machine, whole or with a mask. */
export function reference(name: string, mask?: Mask): BackendUnderTest {
  return registered(new Registry().with(cpuRef), 'cpu-ref', { name, exact: true, ...(mask === undefined ? {} : { mask }) });
}

/** The reference machine with subgroups of that many lanes. */
export function referenceWithSubgroups(subgroupSize: number): BackendUnderTest {
  return registered(new Registry().with(cpuRefWith({ subgroupSize })), 'cpu-ref', { name: `cpu-ref with subgroups of ${subgroupSize}`, exact: true });
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
  return registered(new Registry().with(plugin), 'wgsl', { name: `wgsl on ${adapter}${what}`, programs, ...(mask === undefined ? {} : { mask }) });
}

/** Why nothing can run on an adapter here, if so. */
export async function whyNotWebgpu(adapter: string): Promise<string | undefined> {
  const probe = await new Registry().with(wgsl({ adapter })).backends.get('wgsl')?.probe();
  return probe?.available === false ? probe.reason : undefined;
}

const storages: Readonly<Record<string, Plugin>> = { fs, 'io-uring': ioUring, gds };

/** A storage backend, beside the reference for its kernels. */
export function storage(id: 'fs' | 'io-uring'): BackendUnderTest {
  return registered(new Registry().with(storages[id] as Plugin), id);
}

/** CUDA memory, filled by cuFile or, through a window of pinned memory, by io_uring; programs of storage launch nothing. */
export function cudaStorage(id: 'gds' | 'io-uring'): BackendUnderTest {
  const gathers = { case: 'io/transfers/a gather packs stretches of the file in order', reason: 'the offsets of a gather lie in device memory, which the CPU cannot address' };
  return { ...registered(new Registry().with(cuda).with(storages[id] as Plugin), id, { name: `${id} on cuda`, within: { backends: [id, 'cuda'], space: 'cuda' } }), unsupported: [gathers] };
}
