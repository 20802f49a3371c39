import { Registry } from '@sluice/core';
import type { Compute, KernelIr, LaunchArg, Memory, ScalarValue } from '@sluice/core';
import type { CpuRefOptions } from '../backend.ts';
import { cpuRef } from '../plugin.ts';

/** Memory of `byteLength` bytes as a session allocates it: padded to 16 with zeros. */
export function allocate(byteLength: number): Memory & { readonly bytes: Uint8Array<ArrayBuffer> } {
  return { space: 'host', byteLength, bytes: new Uint8Array(Math.ceil(byteLength / 16) * 16) };
}

function memoryOf(view: ArrayBufferView<ArrayBuffer>): Memory {
  return { space: 'host', byteLength: view.byteLength, bytes: new Uint8Array(view.buffer, view.byteOffset, view.byteLength) };
}

export async function open(options: CpuRefOptions = {}, registry = new Registry()): Promise<{ readonly compute: Compute; readonly registry: Registry }> {
  const full = registry.with(cpuRef(options));
  const device = await full.backends.get('cpu-ref')?.open({ registry: full });
  if (device?.compute === undefined) throw new RangeError('cpu-ref did not open');
  return { compute: device.compute, registry: full };
}

type Given = ScalarValue | ArrayBufferView<ArrayBuffer> | LaunchArg;

/** Runs `kernel` once on a device of its own; typed arrays are bound in place. */
export async function launch(kernel: KernelIr, groups: number | readonly [number, number, number], args: readonly Given[], { signal, registry: given, ...options }: CpuRefOptions & { readonly signal?: AbortSignal; readonly registry?: Registry } = {}): Promise<void> {
  const { compute, registry } = await open(options, given);
  const prepared = await compute.prepare(kernel, { registry });
  await prepared.launch({ groups: typeof groups === 'number' ? [groups, 1, 1] : groups, args: args.map(argOf) }, signal ?? new AbortController().signal);
}

function argOf(given: Given): LaunchArg {
  if (typeof given !== 'object') return { kind: 'scalar', value: given };
  if ('kind' in given) return given;
  const { length } = given as unknown as Uint8Array;
  return { kind: 'buffer', memory: memoryOf(given), count: length };
}

/** What `compute` rejects with. */
export async function failure(of: Promise<unknown>): Promise<Error & { readonly code?: string; readonly fix?: string; readonly where?: { readonly op?: string; readonly path?: string; readonly kernel?: string } }> {
  try {
    await of;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}
