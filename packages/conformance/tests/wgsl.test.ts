import { afterAll, describe, test } from 'vitest';
import { conformanceTests } from '../src/index.ts';
import { webgpu, whyNotWebgpu } from './backends.ts';

/** What the tests run on; see tools/testing/adapters.mjs. */
const adapters = (process.env['SLUICE_TEST_ADAPTERS'] ?? 'swiftshader').split(',').map((name) => name.trim());

for (const adapter of adapters) {
  const reason = await whyNotWebgpu(adapter);
  if (reason === undefined) await conformanceTests({ describe, test, afterAll }, webgpu(adapter));
  else test(`conformance of wgsl on ${adapter}`, ({ skip }) => skip(reason));
}
