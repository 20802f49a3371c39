import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, control, defineKernel, defineProgram, fd, grant, io, kernel, session } from '@sluice/core';
import type { Backend, Probe, Registry } from '@sluice/core';
import { cliError } from '../codes.ts';

/** Odd, so that the last workgroup, word and sector are partly filled. */
const ELEMENTS = 4097;
const FILE_BYTES = 100_003;

/**
 * Runs a small program on `backend` alone and compares every byte of what it gives with plain JavaScript. Says what was
 * done.
 * @throws SluiceError `cli/wrong-bytes`, or whatever the run failed with
 */
export function trial(backend: Backend, registry: Registry, signal: AbortSignal): Promise<string> {
  return trials[backend.role](backend, registry, signal);
}

const trials: Readonly<Record<Backend['role'], (backend: Backend, registry: Registry, signal: AbortSignal) => Promise<string>>> = {
  compute: computeTrial,
  storage: storageTrial,
};

/** Whether there is an op that a compute backend has: one without brings the memory of a device and no more. */
export function runsKernels(probe: Probe): boolean {
  if (!probe.available) return false;
  const { default: rest, ops } = probe.capabilities;
  return rest.how !== 'unavailable' || Object.keys(ops).length > 0;
}

const mix = defineKernel('mix', { params: { input: 'buffer<u32, read>', output: 'buffer<u32, write>', sum: 'buffer<u32, read_write>', seed: 'u32' }, workgroup: 64 }, ({ input, output, sum, seed }, { global: { x } }) => {
  control.if(x.lt(input.length), () => {
    const value = control.for({ to: 3 }, input.load(x), (i, c) => c.mul(0x9e3779b1).add(seed).xor(x.shl(i)));
    output.store(x, value);
    sum.atomicAdd(0, value);
  });
});

const compute = defineProgram('doctor_compute', { input: 'GpuBufferHandle', seed: 'u32' }, ({ input, seed }) => {
  const output = buffer.alloc('u32', ELEMENTS), sum = buffer.alloc('u32', 1);
  kernel.launch(mix, ELEMENTS, { input, output, sum, seed });
  return { output, sum };
});

async function computeTrial(backend: Backend, registry: Registry, signal: AbortSignal): Promise<string> {
  if (!runsKernels(await backend.probe())) return memoryTrial(backend, registry);
  const input = Uint32Array.from({ length: ELEMENTS }, (_, i) => Math.imul(i, 0x01000193));
  const seed = 0xdeadbeef;
  const expected = input.map((value, x) => [0, 1, 2].reduce((c, i) => (Math.imul(c, 0x9e3779b1) + seed) ^ (x << i), value));
  const total = Uint32Array.of(expected.reduce((a, b) => (a + b) >>> 0, 0));

  await using open = await session({ registry, backends: [backend.id] });
  const executable = await open.compile(compute, { signal });
  const { results } = await executable.run({ input, seed }, { signal });
  compare(backend, 'output', await results.output.read(), expected);
  compare(backend, 'sum', await results.sum.read(), total);
  return `a kernel gave the right ${ELEMENTS} values`;
}

/** Of a backend that has the memory of a device, and runs no kernels. */
async function memoryTrial(backend: Backend, registry: Registry): Promise<string> {
  await using open = await session({ registry, backends: [backend.id] });
  const bytes = Uint8Array.from({ length: FILE_BYTES }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 13);
  const held = await open.buffer(bytes);
  compare(backend, 'buffer', await held.read(), bytes);
  return `${FILE_BYTES} bytes were put into memory of ${held.space} and read back; it runs no kernels`;
}

const copy = defineProgram('doctor_storage', { source: fd('r'), target: fd('w') }, ({ source, target }) => {
  const size = grant.size(source), half = size.div(2);
  io.write_back_to_nvme(io.dma_from_nvme(source, half, size.sub(half)), target, half);
  io.write_back_to_nvme(io.dma_from_nvme(source, 0, half), target, 0);
});

async function storageTrial(backend: Backend, registry: Registry, signal: AbortSignal): Promise<string> {
  const folder = await temporaryFolder();
  try {
    const content = Uint8Array.from({ length: FILE_BYTES }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 13);
    await writeFile(join(folder, 'source'), content);
    await using open = await session({ registry, backends: [backend.id] });
    const executable = await open.compile(copy, { signal });
    const source = await open.grant(join(folder, 'source'), { signal });
    const target = await open.grant(join(folder, 'target'), { rights: 'w', create: 'if-missing', signal });
    await executable.run({ source, target }, { signal });
    compare(backend, 'target', await readFile(join(folder, 'target')), content);
    return `a file of ${FILE_BYTES} bytes was read and written back`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws SluiceError `cli/no-temporary-folder` */
async function temporaryFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'sluice-doctor-'));
  } catch (cause) {
    throw cliError('cli/no-temporary-folder', `no folder for the files of the test program can be made in \`${tmpdir()}\`: ${cause instanceof Error ? cause.message : String(cause)}`, 'set TMPDIR to a folder that exists and may be written to', { cause });
  }
}

function compare(backend: Backend, what: string, got: Uint8Array, expected: Uint8Array | Uint32Array): void {
  const want = new Uint8Array(expected.buffer, expected.byteOffset, expected.byteLength);
  const at = got.length === want.length ? got.findIndex((byte, i) => byte !== want[i]) : Math.min(got.length, want.length);
  if (at === -1) return;
  throw cliError('cli/wrong-bytes', `backend \`${backend.id}\` gave ${got.length} bytes as \`${what}\`, expected ${want.length}; byte ${at} is ${got[at] ?? 'missing'}, expected ${want[at] ?? 'none'}`, 'do not use this backend here: update its package and its driver, and report it to its author', {
    details: { backend: backend.id, what, at },
  });
}
