import { expect, test } from 'vitest';
import { failure } from '../diagnostics/failure-fixture.ts';
import { Registry } from '../registry/registry.ts';
import { optimize, passIds } from './passes.ts';
import { programOf } from './pass-fixture.ts';

test('a pass that there is not is refused, with those that there are', () => {
  const registry = new Registry();
  const error = failure(() => optimize(programOf(() => {}), { registry, passes: ['core.dce', 'core.dec'] }));
  expect(error).toMatchObject({ code: 'plan/unknown-pass', message: 'there is no pass `core.dec`', available: passIds(registry) });
});
