import { describe, expect, test } from 'vitest';
import { API_VERSION } from '../global-slot.ts';
import { scalarAttribute } from '../ir/attributes.ts';
import type { Program } from '../ir/program.ts';
import { opId, walkOps } from '../ir/program.ts';
import { defineDialect, defineOp } from '../ops/op.ts';
import { definePlugin } from '../registry/plugin.ts';
import type { Hooks } from '../registry/plugin.ts';
import { Registry } from '../registry/registry.ts';
import { program } from '../verify/ir-fixture.ts';
import { verify } from '../verify/verify.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import type { Migration } from './migration.ts';
import { failure } from '../diagnostics/failure-fixture.ts';

const one = scalarAttribute('u32', 1);

/** A program of the given ops, each with the attribute that it names. */
const using = (...ops: readonly (readonly [id: string, attr: string])[]): Program => program('p', {}, {}, [], (b) => {
  for (const [id, attr] of ops) b.op(id, [], [], { [attr]: one, other: one });
  b.return();
});
const opsIn = (p: Program) => [...walkOps(p.body.region)].map((op) => [opId(p.body, op), ...Object.keys(op.attrs)].join(' '));

/** Dialect `acme` at a version, with op `acme.new`. */
const dialect = (version: string) => defineDialect({
  id: 'acme', version,
  ops: [defineOp({ id: 'acme.new', dialect: 'acme', version, summary: 'a test op', category: 'extension', level: 'both', operands: [], results: [], attrs: { count: { kind: 'u32' }, other: { kind: 'u32' } } })],
});
const plug = (name: string, register: (hooks: Hooks) => void) => definePlugin({ name, version: '1.0.0', api: API_VERSION, register });
const acme = (migrations: readonly Migration[], version = '2.0.0') => plug('acme', (h) => {
  h.dialect(dialect(version));
  for (const m of migrations) h.migration(m);
});
const CHAIN: readonly Migration[] = [{ from: 'acme.older', to: 'acme.old', attrs: { n: 'amount' } }, { from: 'acme.old', to: 'acme.new', attrs: { amount: 'count' } }];

describe('an op that was renamed', () => {
  test('is read under the name that it has now, through every name between, with its attributes', () => {
    const registry = new Registry().with(acme(CHAIN));
    const q = decode(encode(using(['acme.older', 'n'], ['acme.old', 'amount'], ['acme.new', 'count'], ['acme.gone', 'n'])), { registry });
    expect(opsIn(q)).toEqual(['acme.new count other', 'acme.new count other', 'acme.new count other', 'acme.gone n other', 'control.return']);
    expect(q.body.opNames).toEqual(['acme.new', 'acme.gone', 'control.return']);
    expect(verify(decode(encode(using(['acme.older', 'n'])), { registry }), registry)).toEqual([]);
  });

  test('stays as it is where nobody says so', () => {
    expect(opsIn(decode(encode(using(['acme.older', 'n']))))).toEqual(['acme.older n other', 'control.return']);
  });

  test('can be given beside the registry', () => {
    expect(opsIn(decode(encode(using(['acme.older', 'n'])), { migrations: CHAIN }))[0]).toBe('acme.new count other');
  });

  test('cannot get an attribute under a name that is taken', () => {
    const error = failure(() => decode(encode(using(['acme.old', 'amount'])), { migrations: [{ from: 'acme.old', to: 'acme.new', attrs: { amount: 'other' } }] }));
    expect([error.code, error.message]).toEqual(['wire/migration', '`acme.old` has two attributes that `acme.new` calls `other`']);
  });

  test('two attributes may change names with each other', () => {
    const q = decode(encode(using(['acme.old', 'amount'])), { migrations: [{ from: 'acme.old', to: 'acme.new', attrs: { amount: 'other', other: 'amount' } }] });
    expect(opsIn(q)[0]?.split(' ').sort()).toEqual(['acme.new', 'amount', 'other']);
  });
});

describe('migrations that make no sense', () => {
  const circle: readonly Migration[] = [{ from: 'acme.a', to: 'acme.b' }, { from: 'acme.b', to: 'acme.c' }, { from: 'acme.c', to: 'acme.b' }];

  test('circles are refused at registration and at decoding, and named', () => {
    const bytes = encode(using(['acme.x', 'n']));
    for (const run of [() => new Registry().with(acme(circle)), () => decode(bytes, { migrations: circle })]) {
      const error = failure(run);
      expect([error.code, error.message]).toEqual(['wire/migration-cycle', 'renamed ops go in a circle: `acme.b` -> `acme.c` -> `acme.b`']);
    }
    expect(failure(() => decode(bytes, { migrations: [{ from: 'acme.a', to: 'acme.a' }] })).code).toBe('wire/migration-cycle');
  });

  test('two of one op are refused', () => {
    const twice: readonly Migration[] = [{ from: 'acme.old', to: 'acme.a' }, { from: 'acme.old', to: 'acme.b' }];
    expect(failure(() => decode(encode(using(['acme.x', 'n'])), { migrations: twice })).code).toBe('wire/migration');
  });

  test('a plugin renames to its own ops, and nobody else has the old name', () => {
    expect(failure(() => new Registry().with(acme([{ from: 'acme.old', to: 'arith.add' }]))).message).toBe('acme: `acme.old` is renamed to `arith.add`, which the plugin does not register');
    const taken = failure(() => new Registry().with(acme([{ from: 'arith.add', to: 'acme.new' }])));
    expect([taken.code, taken.message]).toEqual(['registry/clash', '@sluice/core and acme 1.0.0 both register op `arith.add`']);
    const other = plug('other', (h) => {
      h.dialect(defineDialect({ id: 'other', version: '1.0.0', ops: [defineOp({ id: 'other.op', dialect: 'other', version: '1.0.0', summary: 'a test op', category: 'extension', level: 'both', operands: [], results: [] })] }));
      h.migration({ from: 'acme.old', to: 'other.op' });
    });
    expect(failure(() => new Registry().with(acme(CHAIN)).with(other)).message).toContain('both register op `acme.old`');
    expect(failure(() => new Registry().with(plug('odd', (h) => h.migration({ from: 1 } as never)))).code).toBe('registry/bad-plugin');
  });

  test('a long chain takes no longer than it is long', () => {
    const chain = Array.from({ length: 3000 }, (_, i): Migration => ({ from: `acme.v${i}`, to: i === 2999 ? 'acme.new' : `acme.v${i + 1}` }));
    expect(opsIn(decode(encode(using(['acme.v0', 'count'])), { migrations: chain }))[0]).toBe('acme.new count other');
  });
});

describe('dialect versions', () => {
  const [older, newer] = [new Registry().with(acme([], '1.9.0')), new Registry().with(acme([], '2.0.0'))];
  const written = encode(using(['acme.new', 'count']), { registry: newer });

  test('a newer major version than the one that is linked is refused', () => {
    const error = failure(() => decode(written, { registry: older }));
    expect([error.code, error.details]).toEqual(['wire/dialect-version', { offset: expect.any(Number) as number, dialect: 'acme', written: '2.0.0', linked: '1.9.0' }]);
    expect(error.message).toContain('the program was written with dialect `acme` 2.0.0, and 1.9.0 is linked');
  });

  test('the same or an older one is read, and one that is not linked at all', () => {
    for (const registry of [newer, new Registry()]) expect(decode(written, { registry }).name).toBe('p');
    expect(decode(encode(using(['acme.new', 'count']), { registry: older }), { registry: newer }).name).toBe('p');
  });
});
