// Mode `direct`, in a process of its own: cuFile keeps the mode that it is opened in.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { session } from '@sluice/core';
import { bytesOf, cufileFake, registryWith, useFakes } from './fixture.ts';

const { path } = useFakes();

test('a file that would go through memory of the host is refused, with every reason and remedy', async () => {
  writeFileSync(path('file'), bytesOf(10));
  const registry = registryWith({ mode: 'direct' });
  cufileFake.fail('cuFileDriverOpen', 5001, 0, false);
  const unopened = await registry.backends.get('gds')?.probe();
  expect(unopened).toMatchObject({ available: false, reason: 'cuFile cannot be opened: CU_FILE_DRIVER_NOT_INITIALIZED, nvidia-fs is not loaded', fix: expect.stringContaining('modprobe nvidia-fs') as string });
  await using s = await session({ registry, backends: ['gds', 'cuda'] });
  await expect(s.grant(path('file'))).rejects.toMatchObject({ code: 'gds/not-direct', message: expect.stringMatching(/would go through memory of the host, and the mode is `direct`: nvidia-fs is not loaded/) as string, fix: expect.stringContaining('modprobe nvidia-fs') as string });
  // The library itself is told, too.
  expect(process.report.getReport()).toMatchObject({ environmentVariables: { CUFILE_ALLOW_COMPAT_MODE: 'false' } });
});
