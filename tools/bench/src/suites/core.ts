import type { Suite } from '../suite.ts';
import { detectRows } from './core/detect.ts';
import { launchRow } from './core/launch.ts';
import { opsRows } from './core/ops.ts';
import { programRows } from './core/programs.ts';

/** What the core costs with no device in sight: building, verifying and planning programs, one launch, kernels on the reference. */
export const suite: Suite = {
  name: 'core',
  async *rows(options) {
    yield* programRows(options);
    yield await launchRow(options);
    yield* opsRows(options);
    yield* detectRows(options);
  },
};
