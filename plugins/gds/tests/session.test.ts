// The backend on a fake libcuda and a fake libcufile: transfers, accounts, faults.
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buffer, control, defineProgram, fd, grant, io, mem, session, u32, u64 } from '@sluice/core';
import type { Session } from '@sluice/core';
import { bytesOf, cudaFake, cufileFake, left, registryWith, useFakes } from './fixture.ts';

const { path } = useFakes();
const open = (): Promise<Session> => session({ registry: registryWith(), backends: ['gds', 'cuda'], strict: true });

const read = defineProgram('read', { file: fd('r'), offset: 'u64', length: 'u64' }, ({ file, offset, length }) => ({ data: io.dma_from_nvme(file, offset, length) }));
const write = defineProgram('write', { file: fd('w'), data: 'GpuBufferHandle', offset: 'u64' }, ({ file, data, offset }) => io.write_back_to_nvme(data, file, offset));

const MiB = 2 ** 20;

test('reads of any offset and length; whole blocks by cuFile, the edges through the page cache', async () => {
  const size = 9 * MiB + 4321;
  const content = bytesOf(size);
  writeFileSync(path('file'), content);
  await using s = await open();
  const executable = await s.compile(read);
  expect(executable.placement.space).toBe('cuda');
  expect(executable.placement.ops[0]).toMatchObject({ op: 'io.dma_from_nvme', backend: 'gds', how: 'native', path: { via: 'compat', spaces: ['cuda'], bounces: 0 } });
  const file = await s.grant(path('file'));
  expect((await executable.bind({ file, offset: 0, length: 0 })).files).toMatchObject([{ backend: 'gds', via: 'compat', reason: expect.stringContaining('nvidia-fs is not loaded') as string }]);
  for (const [offset, length] of [[0, size], [0, 0], [size, 0], [0, 4096], [1, 4095], [1, 4096], [4095, 2], [4095, 4098], [4096, 8 * MiB], [511, 512], [4 * MiB - 1, 2], [5, 9 * MiB], [size - 1, 1]] as const) {
    const before = cufileFake.state();
    const { results, report } = await executable.run({ file, offset, length });
    expect(Buffer.compare(await results.data.read(), content.subarray(offset, offset + length)), `${length} bytes from ${offset}`).toBe(0);
    expect(report.bytes).toMatchObject({ direct: 0n, buffered: BigInt(length), bounced: 0n });
    const blocks = Math.max(0, Math.floor((offset + length) / 4096) - Math.ceil(offset / 4096));
    expect((cufileFake.state()['calls cuFileRead'] ?? 0) > (before['calls cuFileRead'] ?? 0), `${length} bytes from ${offset}`).toBe(blocks > 0);
    await results.data.close();
  }
});

test('writes leave every other byte alone, extend the file, and are durable where that is asked', async () => {
  await using s = await open();
  const executable = await s.compile(write);
  for (const [offset, length] of [[0, 10_000], [3, 100_000], [4096, 4096], [12_345, 1], [9_999, 8193], [50_000, 4 * MiB + 3], [0, 0]] as const) {
    const before = bytesOf(30_000, 7);
    writeFileSync(path('target'), before);
    const file = await s.grant(path('target'), { rights: 'w' });
    const data = bytesOf(length, 99);
    const { report } = await executable.run({ file, data, offset });
    expect(report.bytes).toMatchObject({ written: BigInt(length), bounced: 0n });
    const expected = new Uint8Array(length === 0 ? 30_000 : Math.max(30_000, offset + length));
    expected.set(before);
    expected.set(data, length === 0 ? 0 : offset);
    expect(Buffer.compare(readFileSync(path('target')), expected), `${length} bytes at ${offset}`).toBe(0);
    await file.close();
  }
});

test('a file copied in chunks; what is written back was cleared on the device first', async () => {
  const content = bytesOf(5 * MiB + 77);
  writeFileSync(path('from'), content);
  await using s = await open();
  const copy = await s.compile(defineProgram('copy', { from: fd('r'), to: fd('w') }, ({ from, to }) => {
    const size = grant.size(from);
    control.for({ from: u64(0), to: size, step: 1_000_000n }, (at) => io.write_back_to_nvme(io.dma_from_nvme(from, at, size.sub(at).min(1_000_000n)), to, at));
    io.write_back_to_nvme(buffer.alloc('u8', 5000), to, size);
  }));
  const from = await s.grant(path('from'));
  const to = await s.grant(path('to'), { rights: 'w', create: 'truncate' });
  for (let round = 0; round < 2; round++) {
    await copy.run({ from, to });
    expect(Buffer.compare(readFileSync(path('to')), Buffer.concat([content, new Uint8Array(5000)]))).toBe(0);
  }
});

test('short calls go on; large blocks are registered once, and deregistered before they are freed', async () => {
  cufileFake.set('most bytes of a call', 100 * 4096);
  const content = bytesOf(4 * MiB);
  writeFileSync(path('file'), content);
  const s = await open();
  const executable = await s.compile(read);
  const file = await s.grant(path('file'));
  for (let round = 0; round < 3; round++) {
    const { results } = await executable.run({ file, offset: 0, length: content.length });
    expect(Buffer.compare(await results.data.read(), content)).toBe(0);
    await results.data.close();
  }
  expect(cufileFake.state()).toMatchObject({ buffers: 1, 'calls cuFileBufRegister': 1 });
  expect(cufileFake.state()['unregistered calls'] ?? 0).toBe(0);
  await s.close();
  expect(left()).toMatchObject({ buffers: 0, handles: 0, 'device bytes': 0 });
});

test('a file that ends early is a short read, with the count', async () => {
  const content = bytesOf(3 * MiB);
  writeFileSync(path('file'), content);
  await using s = await open();
  const executable = await s.compile(read);
  const file = await s.grant(path('file'));
  for (const size of [2 * MiB, 2 * MiB + 100, 4096, 10, 0]) {
    truncateSync(path('file'), size);
    await expect(executable.run({ file, offset: 0, length: content.length })).rejects.toMatchObject({ code: 'io/short-read', details: { transferred: size } });
  }
});

test('errors of cuFile, of the system and of the driver, each with its code and the prefix that was moved', async () => {
  writeFileSync(path('file'), bytesOf(MiB));
  await using s = await open();
  const [reading, writing] = [await s.compile(read), await s.compile(write)];
  const file = await s.grant(path('file'), { rights: 'rw' });
  cufileFake.fail('cuFileRead', 5010, 0, false);
  await expect(reading.run({ file, offset: 0, length: MiB })).rejects.toMatchObject({ code: 'gds/failed', message: expect.stringContaining('CU_FILE_NVFS_DRIVER_ERROR') as string, details: { result: 'CU_FILE_NVFS_DRIVER_ERROR', transferred: 0 }, fix: 'see dmesg' });
  cufileFake.fail('cuFileRead', 5, 0, false);
  await expect(reading.run({ file, offset: 100, length: MiB - 100 })).rejects.toMatchObject({ code: 'io/read-failed', details: { errno: 'EIO', transferred: 3996 } });
  cufileFake.fail('cuFileWrite', 28, 0, false);
  await expect(writing.run({ file, data: bytesOf(8192), offset: 0 })).rejects.toMatchObject({ code: 'io/no-space', details: { written: 0 } });
  cufileFake.fail('cuFileRead', 4, 0, false);
  await (await reading.run({ file, offset: 0, length: 8192 })).results.data.close();
  cudaFake.fail('cuMemcpyAsync', 1, 0, false);
  await expect(reading.run({ file, offset: 1, length: 10 })).rejects.toMatchObject({ code: 'cuda/failed', message: expect.stringContaining('copying the edges of a read') as string });
  cufileFake.fail('cuFileBufRegister', 5036, 0, false);
  await (await reading.run({ file, offset: 0, length: MiB })).results.data.close();
  cufileFake.fail('cuFileHandleRegister', 5027, 0, false);
  await expect(s.grant(path('file'))).rejects.toMatchObject({ code: 'gds/file-refused', message: expect.stringContaining('CU_FILE_HANDLE_NOT_REGISTERED') as string, fix: expect.stringContaining('@sluice/io-uring') as string });
  await expect(s.grant(path('missing'))).rejects.toMatchObject({ code: 'io/not-found' });
  await expect(s.grant('/dev/null')).rejects.toMatchObject({ code: 'io/not-a-file' });
  expect(statSync(path('file')).size).toBe(MiB);
});

const summary = defineProgram('summary', { file: fd('r') }, ({ file }) => {
  const map = mem.zerocopy_map(file);
  const copy = buffer.alloc('u8', map.byteLength);
  buffer.copy(map, copy);
  const bytes = map.byteLength;
  mem.unmap(map);
  return { copy, bytes };
});

test('a map shows the pages of the granted window, and ends with the unmap', async () => {
  const content = bytesOf(30_001);
  writeFileSync(path('file'), content);
  await using s = await open();
  const executable = await s.compile(summary);
  expect(executable.placement.ops.slice(0, 2)).toMatchObject([{ op: 'mem.zerocopy_map', backend: 'gds', how: 'native', path: { via: 'mapped', spaces: ['cuda'], bounces: 0 } }, { op: 'buffer.byte_length' }]);
  for (const [offset, length] of [[0, undefined], [1, 30_000], [4095, 2], [4096, 4096], [5000, undefined], [30_001, undefined], [7, 0]] as const) {
    const file = await s.grant(path('file'), { offset, ...(length === undefined ? {} : { length }) });
    const { results } = await executable.run({ file });
    const expected = content.subarray(offset, length === undefined ? undefined : offset + length);
    expect(results.bytes).toBe(BigInt(expected.length));
    expect(Buffer.compare(await results.copy.read(), expected), `${length} bytes from ${offset}`).toBe(0);
    await results.copy.close();
    await file.close();
    expect(cudaFake.state()['registered'] ?? 0).toBeLessThanOrEqual(3);
  }
});

test('a map that is returned lives until it is closed; one that shrank, and one that is written to, fail the run', async () => {
  const content = bytesOf(20_000);
  writeFileSync(path('file'), content);
  await using s = await open();
  const file = await s.grant(path('file'));
  const given = await s.compile(defineProgram('given', { file: fd('r') }, ({ file: from }) => ({ map: mem.zerocopy_map(from) })));
  const { results } = await given.run({ file });
  const pinned = cudaFake.state()['registered'] ?? 0;
  expect(Buffer.compare(await results.map.read(), content)).toBe(0);
  // Written to by whoever may, it shows that.
  writeFileSync(path('file'), bytesOf(20_000, 3));
  expect(Buffer.compare(await results.map.read(), bytesOf(20_000, 3))).toBe(0);
  await results.map.close();
  expect(cudaFake.state()['registered']).toBe(pinned);

  const shrinking = await s.compile(summary);
  cudaFake.fail('cuMemHostGetDevicePointer_v2', 801, 0, false);
  await expect(shrinking.run({ file })).rejects.toMatchObject({ code: 'cuda/pinning', where: { op: 'mem.zerocopy_map' } });
  const windowed = await s.grant(path('file'), { length: 20_000 });
  const during = await s.compile(defineProgram('during', { file: fd('r') }, ({ file: from }) => ({ map: mem.zerocopy_map(from), data: io.dma_from_nvme(from, 0, 10) })));
  await expect(during.run({ file }, { onProgress: () => truncateSync(path('file'), 15_000) })).rejects.toMatchObject({ code: 'io/truncated', details: { size: '15000' } });
  truncateSync(path('file'), 10_000);
  await expect(shrinking.run({ file: windowed })).rejects.toMatchObject({ code: 'io/short-read', details: { size: '10000' } });
  const writing = await s.compile(defineProgram('writing', { file: fd('r') }, ({ file: from }) => {
    const map = mem.zerocopy_map(from);
    buffer.fill(map, u32(0));
  }));
  await expect(writing.run({ file })).rejects.toMatchObject({ code: 'mem/read-only', where: { op: 'buffer.fill' } });
  const freeing = await s.compile(defineProgram('freeing', { file: fd('r') }, ({ file: from }) => buffer.free(mem.zerocopy_map(from))));
  await expect(freeing.run({ file })).rejects.toMatchObject({ code: 'mem/wrong-kind' });
  const unmapping = await s.compile(defineProgram('unmapping', {}, () => mem.unmap(buffer.alloc('u8', 10))));
  await expect(unmapping.run({})).rejects.toMatchObject({ code: 'mem/wrong-kind' });
});

test('an abort makes no more calls, and rejects with the reason', async () => {
  writeFileSync(path('file'), '');
  truncateSync(path('file'), 64 * MiB);
  await using s = await open();
  const executable = await s.compile(read);
  const file = await s.grant(path('file'));
  const reason = new Error('enough');
  const controller = new AbortController();
  const running = executable.run({ file, offset: 0, length: 64 * MiB }, { signal: controller.signal });
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
  const { results } = await executable.run({ file, offset: 0, length: 100 });
  expect(await results.data.read()).toEqual(new Uint8Array(100));
});

test('a lost device ends every transfer, and the session still closes', async () => {
  writeFileSync(path('file'), bytesOf(100));
  const s = await open();
  const executable = await s.compile(read);
  const file = await s.grant(path('file'));
  const { results } = await executable.run({ file, offset: 0, length: 100 });
  cudaFake.fail('cuMemAlloc_v2', 719, 0, true);
  await expect(s.buffer(bytesOf(10_000_000))).rejects.toMatchObject({ code: 'cuda/device-lost' });
  await expect(executable.run({ file, offset: 0, length: 100 })).rejects.toMatchObject({ code: 'cuda/device-lost' });
  await expect(results.data.read()).rejects.toMatchObject({ code: 'cuda/device-lost' });
  await s.close();
  // What the driver was asked to free it did not: the process has to be started anew.
  cudaFake.reset();
  cufileFake.reset();
});

test('the mode that cuFile was opened in stays', async () => {
  const probe = await registryWith({ mode: 'direct' }).backends.get('gds')?.probe();
  expect(probe).toMatchObject({ available: false, reason: 'cuFile was opened in mode `auto`, and keeps it for as long as the process runs: `direct` is not to be had' });
  expect(() => registryWith({ mode: 'fast' as 'auto' })).toThrow(/mode is "fast"/);
});
