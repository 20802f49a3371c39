// The suites of storage on CUDA memory: of a fake libcuda and a fake libcufile, which the plugins know nothing of.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry, defineProgram, fd, io, session } from '@sluice/core';
import { loadFake } from '@sluice/cuda/fake';
import cudaManifest from '@sluice/cuda/package.json' with { type: 'json' };
import { plugin as gds } from '@sluice/gds/plugin';
import { plugin as cuda } from '@sluice/cuda/plugin';
import gdsManifest from '@sluice/gds/package.json' with { type: 'json' };
import { plugin as ioUring } from '@sluice/io-uring/plugin';
import { afterAll, describe, expect, test } from 'vitest';
import { conformanceTests } from '../src/index.ts';
import { cudaStorage } from './backends.ts';

const fakes = [loadFake('libcuda.so.1'), loadFake('libcufile.so.0')];
const notBuilt = fakes.find((f) => typeof f === 'string');

for (const [id, plugin] of [['gds', gds], ['io-uring', ioUring]] as const) {
  const probe = notBuilt === undefined ? await new Registry().with(plugin).backends.get(id)?.probe() : undefined;
  if (probe?.available === true) await conformanceTests({ describe, test, afterAll }, cudaStorage(id), { only: 'io/transfers/' });
  else test.skip(`${id} on cuda: ${String(notBuilt ?? (probe?.available === false ? probe.reason : 'not registered'))}`, () => {});
}

test('io_uring fills the window past the page cache, the device moves the bytes on, and the CPU copies none', async ({ skip }) => {
  skip(notBuilt !== undefined, String(notBuilt));
  const probe = await new Registry().with(ioUring).backends.get('io-uring')?.probe();
  skip(probe?.available !== true, 'no io_uring here');
  const folder = mkdtempSync(join(process.cwd(), 'node_modules/.sluice-window-'));
  const content = Uint8Array.from({ length: 300_001 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 13);
  try {
    writeFileSync(join(folder, 'from'), content);
    execFileSync('dd', [`if=${join(folder, 'from')}`, 'iflag=nocache', 'count=0'], { stdio: 'pipe' });
    await using s = await session({ registry: new Registry().with(cuda).with(ioUring), backends: ['io-uring', 'cuda'], space: 'cuda', strict: true });
    const copy = await s.compile(defineProgram('copy', { source: fd('r'), target: fd('w'), offset: 'u64', length: 'u64' }, ({ source, target, offset, length }) => {
      const data = io.dma_from_nvme(source, offset, length);
      io.write_back_to_nvme(data, target, offset);
      return { data };
    }));
    expect(copy.placement.ops.slice(0, 2)).toMatchObject([
      { op: 'io.dma_from_nvme', path: { spaces: ['cuda-host', 'cuda'], bounces: 0, via: 'direct' } },
      { op: 'io.write_back_to_nvme', path: { spaces: ['cuda', 'cuda-host'], bounces: 0, via: 'direct' } },
    ]);
    const source = await s.grant(join(folder, 'from'), { rights: 'rw' });
    const target = await s.grant(join(folder, 'to'), { rights: 'w', create: 'if-missing' });
    for (const [offset, length] of [[0, 300_001], [4096, 8192], [4096, 8193], [1, 100_000], [511, 2], [0, 0]] as const) {
      const { results, report } = await copy.run({ source, target, offset, length });
      expect(Buffer.compare(await results.data.read(), content.subarray(offset, offset + length)), `${length} bytes from ${offset}`).toBe(0);
      expect(report.bytes).toMatchObject({ bounced: 0n, read: BigInt(length), written: BigInt(length) });
      // The file system of a test machine may take no O_DIRECT; the bound placement says so.
      const direct = report.placement.files.every((f) => f.via === 'direct');
      if (direct && offset % 4096 === 0 && length > 0) expect(report.bytes.direct, `${length} bytes from ${offset}`).toBeGreaterThan(BigInt(length));
    }
    expect(Buffer.compare(readFileSync(join(folder, 'to')), content)).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('nothing of the fakes is in a package', () => {
  for (const { files, publishConfig } of [cudaManifest, gdsManifest]) {
    expect(files).toEqual(['dist', 'native/binding.gyp', 'native/binding', 'native/engine', 'native/prebuilds', 'LICENSE-*']);
    expect(JSON.stringify(publishConfig)).not.toContain('fake');
  }
});
