import { afterAll, describe, inject, test } from 'vitest';
import { conformanceTests } from '../src/index.ts';
import { webgpu, whyNotWebgpu } from './backends.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly adapters: readonly string[];
  }
}

for (const adapter of inject('adapters')) {
  const reason = await whyNotWebgpu(adapter);
  if (reason === undefined) await conformanceTests({ describe, test, afterAll }, webgpu(adapter));
  else test(`conformance of wgsl on ${adapter}`, ({ skip }) => skip(reason));
}
