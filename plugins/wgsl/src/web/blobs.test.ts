import { expect, test } from 'vitest';
import { Registry, buffer, control, defineKernel, defineProgram, fd, grant, io, isSluiceError, kernel, opCell, session } from '@sluice/core';
import type { FileSource, Memory, OpenFile, Outcome, SluiceError, StorageDevice, Transfer } from '@sluice/core';
import { wgsl } from '../plugin.ts';
import * as entry from '../web-plugin.ts';

const { plugin } = entry;
const registry = new Registry().with(plugin);
const device = await registry.backends.get('web')!.open({ registry });
const storage = device.storage!;
const MiB = 2 ** 20;

function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 131 + (i >> 8);
  return bytes;
}
const open = (source: FileSource) => storage.open(source, { rights: 'r', create: 'no' });
const memory = (byteLength: number): Memory & { readonly bytes: Uint8Array<ArrayBuffer> } => ({ space: 'host', byteLength, bytes: new Uint8Array((byteLength + 15) & ~15) });
const words = (values: readonly number[]): Memory => ({ space: 'host', byteLength: values.length * 8, bytes: new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer) });
const reading = (file: OpenFile, offset: number | bigint, into: Memory): Transfer => ({ kind: 'read', file, offset: BigInt(offset), memory: into });

function submit(batch: readonly Transfer[], signal: AbortSignal = new AbortController().signal): Promise<Outcome[]> {
  return new Promise((resolve) => {
    const outcomes: Outcome[] = [];
    let left = batch.length;
    storage.submit(batch, (index, outcome) => {
      outcomes[index] = outcome;
      if (--left === 0) resolve(outcomes);
    }, signal);
  });
}

async function refused(opening: ReturnType<StorageDevice['open']>): Promise<SluiceError> {
  const error: unknown = await opening.then(() => expect.fail('it opened'), (e: unknown) => e);
  if (!isSluiceError(error)) throw error;
  return error;
}

test('the entry ./web/plugin registers nothing; ./web does', async () => {
  expect(Object.keys(entry)).toEqual(['plugin']);
  expect(Registry.default.backends.has('web')).toBe(false);
  await import('../web.ts');
  expect(Registry.default.backends.get('web')).toBe(registry.backends.get('web'));
});

test('the probe promises copies, and no maps', async () => {
  const probe = await registry.backends.get('web')!.probe();
  if (!probe.available) return expect.fail(probe.reason);
  for (const op of ['io.dma_from_nvme', 'io.write_back_to_nvme', 'io.gather']) expect(opCell(probe.capabilities, op)).toMatchObject({ how: 'copied', via: 'buffered', reason: expect.stringContaining('File') as string });
  for (const op of ['mem.zerocopy_map', 'mem.unmap', 'kernel.launch']) expect(opCell(probe.capabilities, op)).toMatchObject({ how: 'unavailable', reason: expect.stringMatching(/./) as string });
});

test('any offset and length give exactly these bytes, counted as copied, and touch no padding', async () => {
  const data = bytesOf(9 * MiB);
  for (const source of [new Blob([data]), new File([data.subarray(0, MiB), data.subarray(MiB)], 'data.bin')]) {
    const file = await open(source);
    expect(await file.size()).toBe(BigInt(data.length));
    for (const [offset, size] of [[0, 0], [0, 1], [511, 17], [4095, 4 * MiB], [7, 4 * MiB + 1], [MiB - 1, 8 * MiB]] as const) {
      const into = memory(size);
      expect(await submit([reading(file, offset, into)])).toEqual([{ ok: true, direct: 0, buffered: 0, bounced: size }]);
      expect(Buffer.compare(into.bytes.subarray(0, size), data.subarray(offset, offset + size))).toBe(0);
      expect(into.bytes.subarray(size).every((byte) => byte === 0)).toBe(true);
    }
    await file.close();
  }
});

test('a read that the file is too short for says how much of it there was', async () => {
  const file = await open(new File([bytesOf(5 * MiB)], 'short.bin'));
  const into = memory(8 * MiB);
  const [outcome, beyond, far] = await submit([reading(file, 100, into), reading(file, 2n ** 40n, memory(1)), reading(file, 2n ** 62n + 1n, memory(1))]);
  expect(outcome).toMatchObject({ ok: false, transferred: 5 * MiB - 100, error: { code: 'io/short-read' } });
  expect((outcome as { error: SluiceError }).error.message).toContain('short.bin');
  expect([beyond, far]).toMatchObject([{ ok: false, transferred: 0, error: { code: 'io/short-read' } }, { ok: false, transferred: 0, error: { code: 'io/short-read' } }]);
  expect(Buffer.compare(into.bytes.subarray(0, 5 * MiB - 100), bytesOf(5 * MiB).subarray(100))).toBe(0);
});

test('pieces fill the memory one after the other', async () => {
  const data = bytesOf(100_000);
  const file = await open(new Blob([data]));
  const [offsets, lengths] = [[50_000, 3, 99_999, 0], [10_000, 0, 1, 4097]];
  const into = memory(14_098);
  const [outcome] = await submit([{ kind: 'read', file, offset: 0n, memory: into, pieces: { offsets: words(offsets), lengths: words(lengths) } }]);
  expect(outcome).toEqual({ ok: true, direct: 0, buffered: 0, bounced: 14_098 });
  expect(Buffer.compare(into.bytes.subarray(0, 14_098), Buffer.concat(offsets.map((offset, i) => data.subarray(offset, offset + lengths[i]!))))).toBe(0);
});

test('an abort starts nothing more', async () => {
  const file = await open(new Blob([new Uint8Array(40 * MiB)]));
  const before = await submit([reading(file, 0, memory(4))], AbortSignal.abort());
  expect(before).toMatchObject([{ ok: false, transferred: 0, error: { code: 'io/aborted' } }]);
  const controller = new AbortController();
  const during = submit([reading(file, 0, memory(40 * MiB)), { kind: 'sync', file }], controller.signal);
  queueMicrotask(() => controller.abort());
  const [cut, sync] = await during;
  expect(cut).toMatchObject({ ok: false, error: { code: 'io/aborted' } });
  expect(sync).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/aborted' } });
});

test('writing, and sources that a page cannot open, are refused with what to do instead', async () => {
  for (const rights of ['w', 'rw'] as const) {
    const error = await refused(storage.open(new File(['x'], 'x.bin'), { rights, create: 'no' }));
    expect(error).toMatchObject({ code: 'io/permission', family: 'run' });
    expect(error.message).toContain('x.bin');
    expect(error.fix).toContain('FileSystemFileHandle');
  }
  for (const source of ['x.bin', new URL('file:///x.bin'), {}, new Uint8Array(4)]) {
    const error = await refused(open(source));
    expect(error.code).toBe('io/source');
    expect(error.fix).toContain('File');
  }
  expect(await refused(open({ kind: 'directory', name: 'folder', isSameEntry: async () => false }))).toMatchObject({ code: 'io/is-directory' });
  const reason = new Error('enough');
  await expect(storage.open(new Blob([]), { rights: 'r', create: 'no', signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test('a file that changed since the page got it is a coded failure, with what to do', async () => {
  const gone = Object.assign(new Error('The file could not be read'), { name: 'NotReadableError' });
  const file = await open({ size: 100, name: 'changed.bin', slice: () => ({ arrayBuffer: () => Promise.reject(gone) }), arrayBuffer: () => Promise.reject(gone) });
  const [outcome] = await submit([reading(file, 0, memory(10))]);
  expect(outcome).toMatchObject({ ok: false, transferred: 0, error: { code: 'io/read-failed', cause: gone } });
  expect((outcome as { error: SluiceError }).error.fix).toContain('choose it again');
});

test('one source opened twice is one file', async () => {
  const blob = new Blob(['x']);
  const [a, b, c] = await Promise.all([open(blob), open(blob), open(new Blob(['x']))]);
  expect(b.identity).toBe(a.identity);
  expect(c.identity).not.toBe(a.identity);
});

test('a program reads a Blob, and says before and after that its bytes are copied', async ({ skip }) => {
  skip(process.platform !== 'linux' || process.arch !== 'x64', 'no SwiftShader for this platform');
  const count = defineKernel('count', { params: { data: 'buffer<u8, read>', bins: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ data, bins }, { global }) => {
    control.if(global.x.lt(data.length), () => void bins.atomicAdd(data.load(global.x), 1));
  });
  const histogram = defineProgram('histogram', { input: fd('r') }, ({ input }) => {
    const size = grant.size(input);
    const bins = buffer.alloc('u32', 256);
    kernel.launch(count, size, { data: io.dma_from_nvme(input, 0, size), bins });
    return { bins };
  });
  const data = bytesOf(10_000);
  const s = await session({ registry: registry.with(wgsl({ adapter: 'SwiftShader' })), backends: ['web', 'wgsl'] });
  const executable = await s.compile(histogram);
  expect(executable.placement.ops.find((o) => o.op === 'io.dma_from_nvme')).toMatchObject({ backend: 'web', how: 'copied' });
  const { results, report } = await executable.run({ input: await s.grant(new Blob([data]), { offset: 10, length: 9000 }) });
  const expected = new Uint32Array(256);
  for (const byte of data.subarray(10, 9010)) expected[byte]!++;
  expect(new Uint32Array((await results.bins.read()).buffer)).toEqual(expected);
  expect(report.bytes).toMatchObject({ bounced: 9000n, direct: 0n, buffered: 0n });
  await s.close();
  const strict = await session({ registry: registry.with(wgsl({ adapter: 'SwiftShader' })), backends: ['web', 'wgsl'], strict: true });
  await expect(strict.compile(histogram)).rejects.toMatchObject({ problems: expect.arrayContaining([expect.objectContaining({ code: 'plan/bounce', message: expect.stringContaining('the browser copies a File or Blob') as string })]) as unknown });
  await strict.close();
});
