import { afterAll, describe, inject, test } from 'vitest';
import { conformanceTests, suites } from '../src/index.ts';
import { webgpu, whyNotWebgpu } from './backends.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly adapters: readonly string[];
  }
}

/** Random programs in each of 8 batches. */
const PROGRAMS = Number(process.env['SLUICE_TEST_PROGRAMS'] ?? 4);

const vectors = [2, 3, 4].flatMap((n) => ['i32', 'u32', 'f32', 'bool'].map((scalar) => `vec${n}<${scalar}>`));

/** What other devices lack. Where they lack it, other code is run: what suites find that depends on it is run again. */
const MASKS = {
  ' without features': { without: ['shader-f16', 'subgroups'] },
  ' without vectors': { mask: { types: vectors } },
  ' as a small device': { mask: { ops: ['arith.fma', 'arith.popcount', 'vector.dot', 'buffer.atomic_compare_exchange', 'subgroup.size'], limits: { buffers: 8, workgroupInvocations: 128, workgroupBytes: 8192 } } },
} as const;
const AGAIN = ['capabilities/refusals', 'control/flow', 'programs/generated'];

for (const adapter of inject('adapters')) {
  const reason = await whyNotWebgpu(adapter);
  if (reason !== undefined) {
    test(`conformance of wgsl on ${adapter}`, ({ skip }) => skip(reason));
    continue;
  }
  await conformanceTests({ describe, test, afterAll }, webgpu(adapter, '', { programs: PROGRAMS }));
  for (const [what, options] of Object.entries(MASKS)) {
    await conformanceTests({ describe, test, afterAll }, webgpu(adapter, what, { ...options, programs: Math.ceil(PROGRAMS / 4) }), { suites: suites().filter((s) => AGAIN.includes(s.id)) });
  }
}
