import { expect, test } from 'vitest';
import { API_VERSION, Registry, decode, defineDialect, defineOp, definePlugin, encode, equal, parse, print, verify } from '../src/index.ts';
import type { Hooks, OpSpec } from '../src/index.ts';
import { failure } from '../src/diagnostics/failure-fixture.ts';

const spec = (id: OpSpec['id'], dialect: string) => ({ id, dialect, version: '1.0.0', summary: 'a test op', category: 'extension' } as const);
const plug = (name: string, register: (hooks: Hooks) => void) => definePlugin({ name, version: '1.0.0', api: API_VERSION, register });

test('a type that a plugin registers is a value between ops, in text and wire', () => {
  const r = new Registry().with(plug('acme', (h) => {
    h.type({ spelling: 'acme.queue', summary: 'A queue.' });
    h.dialect(defineDialect({ id: 'acme', version: '1.0.0', ops: [
      defineOp({ ...spec('acme.open', 'acme'), level: 'host', operands: [], results: [{ name: 'queue', type: 'acme.queue' }] }),
      defineOp({ ...spec('acme.push', 'acme'), level: 'host', operands: [{ name: 'queue', type: 'acme.queue' }, { name: 'n', type: 'u32' }], results: [] }),
    ] }));
  }));
  expect([...r.types.keys()]).toEqual(['acme.queue']);
  const text = 'program p() {\n  %q: acme.queue = acme.open\n  %n: u32 = arith.constant {value = 7: u32}\n  acme.push %q, %n\n  control.return\n}';
  const program = parse(text, r);
  expect(verify(program, r)).toEqual([]);
  expect(print(program)).toBe(text);
  expect(equal(decode(encode(program, { registry: r }), { registry: r }), program)).toBe(true);
  expect(verify(parse('program p(%n: u32) {\n  acme.push %n, %n\n  control.return\n}\n', r), r).map((p) => p.code)).toEqual(['verify/operand-type']);
  for (const spelling of ['queue', 'other queue', '']) {
    expect(failure(() => new Registry().with(plug('bad', (h) => h.type({ spelling, summary: '' })))).code).toBe('registry/bad-plugin');
  }
});
