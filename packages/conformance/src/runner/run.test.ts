import { Registry } from '@sluice/core';
import { expect, test } from 'vitest';
import type { BackendUnderTest } from './backend.ts';
import { renderReport } from './report.ts';
import { runConformance } from './run.ts';
import type { Suite } from './suite.ts';
import { Unsupported } from './suite.ts';

const sample: Suite = {
  id: 'sample', summary: 'Cases of each kind.', tags: ['compute'],
  cases: () => [
    { id: 'good', run: () => Promise.resolve() },
    { id: 'bad', run: () => Promise.reject(new Error('7 is not 8')) },
    { id: 'cannot', run: () => Promise.reject(new Unsupported('no f16')) },
  ],
};
const closed: string[] = [];
const backend = (more: Partial<BackendUnderTest> = {}): BackendUnderTest => ({
  name: 'some', tags: ['compute'],
  open: ({ mask }) => Promise.resolve({ session: undefined as never, registry: new Registry(), capabilities: { default: { how: 'native' }, ops: {}, types: {}, limits: mask.limits ?? {}, spaces: [], floats: { subnormals: 'kept', nonFinite: 'ieee' } }, exact: true, close: () => Promise.resolve(void closed.push('some')) }),
  ...more,
});
const verdicts = async (more: Partial<BackendUnderTest>) => {
  const report = await runConformance([backend(more)], { suites: [sample] });
  return { ok: report.ok, verdicts: report.backends[0]!.outcomes.map((o) => o.verdict), report };
};

test('a failure fails the run; what capabilities rule out does not', async () => {
  expect(await verdicts({})).toMatchObject({ ok: false, verdicts: ['passed', 'failed', 'unsupported'] });
  expect(closed).toContain('some');
});

test('an expected failure that fails is fine, and one that passes fails the run', async () => {
  expect(await verdicts({ expectedFailures: [{ case: 'sample/bad', reason: 'issue 7' }] })).toMatchObject({ ok: true, verdicts: ['passed', 'expected-failure', 'unsupported'] });
  expect(await verdicts({ expectedFailures: [{ case: 'sample/bad', reason: 'issue 7' }, { case: 'sample/good', reason: 'issue 8' }] })).toMatchObject({ ok: false, verdicts: ['unexpected-pass', 'expected-failure', 'unsupported'] });
});

test('what is unsupported for good is not run, and an entry that covers nothing fails the run', async () => {
  expect(await verdicts({ unsupported: [{ case: 'sample/b*', reason: 'the device has no numbers' }] })).toMatchObject({ ok: true, verdicts: ['passed', 'unsupported', 'unsupported'] });
  const { ok, report } = await verdicts({ unsupported: [{ case: 'sample/bad', reason: 'never' }, { case: 'sample/gone', reason: 'renamed' }] });
  expect(ok).toBe(false);
  expect(renderReport(report)).toBe(`some: 1 passed, 2 unsupported
  out of date: \`sample/gone\` covers no case (renamed)
  unsupported, never: sample/bad
  unsupported, no f16: sample/cannot
does not conform
`);
});

test('a suite runs where its tags are, and its cases can be chosen', async () => {
  expect((await verdicts({ tags: ['storage'] })).verdicts).toEqual([]);
  const report = await runConformance([backend()], { suites: [sample], only: 'goo' });
  expect(report.backends[0]!.outcomes.map((o) => o.case)).toEqual(['good']);
});
