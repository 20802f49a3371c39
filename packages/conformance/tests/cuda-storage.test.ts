// The suites of storage on CUDA memory: of a fake libcuda and a fake libcufile, which the plugins know nothing of.
import { Registry } from '@sluice/core';
import { loadFake } from '@sluice/cuda/fake';
import cudaManifest from '@sluice/cuda/package.json' with { type: 'json' };
import { plugin as gds } from '@sluice/gds/plugin';
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

test('nothing of the fakes is in a package', () => {
  for (const { files, publishConfig } of [cudaManifest, gdsManifest]) {
    expect(files).toEqual(['dist', 'native/binding.gyp', 'native/binding', 'native/engine', 'native/prebuilds', 'LICENSE-*']);
    expect(JSON.stringify(publishConfig)).not.toContain('fake');
  }
});
