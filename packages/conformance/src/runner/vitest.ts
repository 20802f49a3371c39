import type { BackendUnderTest } from './backend.ts';
import { isFine, plan, runCase, staleOf } from './run.ts';
import type { ConformanceOptions } from './run.ts';

/** What is needed of a test framework; vitest's `describe`, `test` and `afterAll` fit. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  test(name: string, body: (context: { skip(note?: string): void }) => Promise<void> | void, timeout?: number): unknown;
  afterAll(body: () => Promise<void>): unknown;
}

/** Milliseconds for one case: some run hundreds of kernels. */
const LIMIT = 120_000;

/**
 * One test for each case on one backend; to be called, and awaited, at the top level of a test file. What is unsupported or
 * fails as expected is skipped with its reason, so that it is counted and listed.
 */
export async function conformanceTests({ describe, test, afterAll }: TestFramework, backend: BackendUnderTest, options: ConformanceOptions = {}): Promise<void> {
  const open = await backend.open({ mask: backend.mask ?? {} });
  const planned = plan(backend, open, options);
  describe(`conformance of ${backend.name}`, () => {
    afterAll(() => open.close());
    for (const p of planned) {
      test(p.id, async (context) => {
        const outcome = await runCase(backend, open, p);
        if (!isFine(outcome)) throw new Error(`${outcome.verdict}: ${outcome.reason}`);
        if (outcome.verdict !== 'passed') context.skip(`${outcome.verdict}: ${outcome.reason}`);
      }, LIMIT);
    }
    test('every exception covers a case', () => {
      const stale = staleOf(backend, planned).map((e) => e.case);
      if (stale.length > 0) throw new Error(`out of date: ${stale.join(', ')}`);
    });
  });
}
