import { afterEach, describe, expect, test } from 'vitest';
import { API_VERSION } from '../global-slot.ts';
import type { Backend } from './backend.ts';
import { defineDialect, defineOp } from '../ops/op.ts';
import type { OpSpec } from '../ops/op.ts';
import { definePlugin } from './plugin.ts';
import type { Hooks, Plugin } from './plugin.ts';
import { Registry, registerPlugin } from './registry.ts';
import { failure } from '../diagnostics/failure-fixture.ts';

const spec = (id: `${string}.${string}`, dialect: string): OpSpec => ({ id, dialect, version: '1.0.0', summary: 'a test op', category: 'extension', level: 'kernel', operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'r', type: 'u32' }] });
const plug = (name: string, register: (hooks: Hooks) => void, version = '1.0.0'): Plugin => definePlugin({ name, version, api: API_VERSION, register });
const dialect = (id: string, ...names: string[]) => defineDialect({ id, version: '1.0.0', ops: names.map((n) => defineOp(spec(`${id}.${n}`, id))) });
const backend = (id: string): Backend => ({ id, slot: 'primaryText', role: 'compute', rank: 1, probe: () => Promise.resolve({ available: false, reason: 'a test', fix: 'none' }), open: () => Promise.reject(new Error('no')) });

describe('snapshots', () => {
  test('`with` leaves the snapshot as it was', () => {
    const before = new Registry();
    const after = before.with(plug('a', (h) => h.dialect(dialect('acme', 'gelu'))));
    expect([before.lookup('acme.gelu'), after.lookup('acme.gelu')?.id]).toEqual([undefined, 'acme.gelu']);
    expect(Object.isFrozen(after)).toBe(true);
    expect(Object.isFrozen(after.lookup('acme.gelu'))).toBe(true);
  });

  test('the same plugin again gives the same snapshot', () => {
    const plugin = plug('a', (h) => h.dialect(dialect('acme', 'gelu')));
    const once = new Registry().with(plugin);
    expect(once.with(plugin)).toBe(once);
  });

  test('the same version with another value replaces, with a warning', () => {
    const one = new Registry().with(plug('a', (h) => h.dialect(dialect('acme', 'gelu'))));
    const two = one.with(plug('a', (h) => h.dialect(dialect('acme', 'relu'))));
    expect([two.lookup('acme.gelu'), two.lookup('acme.relu')?.id]).toEqual([undefined, 'acme.relu']);
    expect(two.warnings.map((w) => w.code)).toEqual(['registry/replaced']);
  });

  test('another version is a clash', () => {
    const one = new Registry().with(plug('a', () => {}));
    expect(failure(() => one.with(plug('a', () => {}, '2.0.0'))).message).toBe('a is registered at version 1.0.0 and at version 2.0.0');
  });

  test('interned integers are dense and follow the ids, whatever the order of registration', () => {
    const a = plug('a', (h) => h.dialect(dialect('acme', 'gelu')));
    const b = plug('b', (h) => h.dialect(dialect('beta', 'relu')));
    const [ab, ba] = [new Registry().with(a).with(b), new Registry().with(b).with(a)];
    const serials = (r: Registry) => [...r.ops.keys()].map((id) => r.intern(id));
    expect(serials(ab)).toEqual([...ab.ops.keys()].map((_, i) => i));
    expect(JSON.stringify(ab)).toBe(JSON.stringify(ba));
    expect(ab.intern('acme.none')).toBeUndefined();
  });
});

describe('registration is all or nothing', () => {
  test('a plugin whose third op clashes adds none, and the error names both packages', () => {
    const first = new Registry().with(plug('acme-one', (h) => h.dialect(dialect('acme', 'x'))));
    const error = failure(() => first.with(plug('acme-two', (h) => {
      h.dialect(dialect('beta', 'a', 'b'));
      h.dialect(defineDialect({ id: 'acme', version: '1.0.0', ops: [] }));
    })));
    expect(error.code).toBe('registry/clash');
    expect(error.message).toContain('acme-one 1.0.0 and acme-two 1.0.0 both register dialect `acme`');
    expect(first.lookup('beta.a')).toBeUndefined();
  });

  test.each<[string, (h: Hooks) => void, string, RegExp]>([
    ['an op of core\'s dialect', (h) => h.op(defineOp(spec('arith.extra', 'arith'))), 'registry/closed-dialect', /dialect `arith`, which another package declares/],
    ['an op that core has', (h) => h.dialect(defineDialect({ id: 'mine', version: '1.0.0', ops: [defineOp(spec('arith.add', 'mine'))] })), 'registry/clash', /@sluice\/core and bad 1.0.0 both register op `arith.add`/],
    ['the same op twice', (h) => h.dialect(dialect('mine', 'x', 'x')), 'registry/clash', /registers op `mine.x` twice/],
    ['an intrinsic op', (h) => h.dialect(defineDialect({ id: 'mine', version: '1.0.0', ops: [defineOp({ ...spec('mine.x', 'mine'), category: 'intrinsic' })] })), 'registry/bad-plugin', /only core declares/],
    ['a code without its prefix', (h) => h.codes('mine', { 'other/code': { family: 'run', summary: 'x' } }), 'registry/bad-plugin', /does not start with `mine\/`/],
    ['an extension lowering without a backend', (h) => h.lowering('arith.add', { slot: 'extensions', build: 1 }), 'registry/bad-plugin', /names no backend/],
    ['a register that throws', () => { throw new Error('boom'); }, 'registry/bad-plugin', /register threw: boom/],
  ])('%s is refused', (_, register, code, message) => {
    const error = failure(() => new Registry().with(plug('bad', (h) => {
      h.backend(backend('bad-backend'));
      register(h);
    })));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('an op record that contradicts itself is refused where it is written', () => {
    expect(failure(() => defineOp({ ...spec('mine.x', 'mine'), operands: [{ name: 'a', type: 'Nope' }] })).code).toBe('registry/bad-op');
  });

  test('a plugin of another api is refused', () => {
    const error = failure(() => new Registry().with({ ...plug('old', () => {}), api: 99 }));
    expect([error.code, error.details]).toEqual(['registry/api-mismatch', { plugin: 'old', api: 99, core: API_VERSION }]);
  });

  test('a value that is no plugin is refused', () => {
    expect(failure(() => new Registry().with({ name: 'x' } as unknown as Plugin)).code).toBe('registry/bad-plugin');
  });
});

describe('lowerings', () => {
  const text = () => ['x'];
  const other = () => ['y'];

  test('the specific builder wins over the one for every consumer of the slot', () => {
    const r = new Registry().with(plug('a', (h) => {
      h.backend(backend('gpu'));
      h.lowering('arith.add', { slot: 'primaryText', build: text });
      h.lowering('arith.add', { slot: 'primaryText', backend: 'gpu', build: other });
    }));
    expect(r.getLowering('arith.add', 'gpu')).toMatchObject({ build: other });
    expect(r.getLowering('arith.add', 'primaryText', 'gpu')).toMatchObject({ build: other });
    expect(r.getLowering('arith.add', 'primaryText', 'another')).toMatchObject({ build: text, backend: '*' });
  });

  test('an op without an entry that has a compose is composed; one without either is missing', () => {
    const composite = defineOp({ ...spec('acme.twice', 'acme'), category: 'composite', compose: () => undefined });
    const r = new Registry().with(plug('a', (h) => {
      h.backend(backend('gpu'));
      h.dialect(defineDialect({ id: 'acme', version: '1.0.0', ops: [composite, defineOp(spec('acme.bare', 'acme'))] }));
    }));
    expect(r.getLowering('acme.twice', 'gpu')).toEqual({ kind: 'compose' });
    expect(r.getLowering('acme.bare', 'gpu')).toBeUndefined();
    expect(r.getLowering('acme.unknown', 'gpu')).toBeUndefined();
    expect(r.getLowering('arith.add', 'no-such-backend')).toBeUndefined();
  });

  test('the reference answers with the meaning that stands beside the op', () => {
    const found = new Registry().getLowering('arith.add', 'reference');
    expect(found).toMatchObject({ kind: 'builder', slot: 'cpuRef' });
  });

  test('lowerings of ops and backends that are not there are accepted and listed', () => {
    const r = new Registry().with(plug('a', (h) => {
      h.lowering('later.op', { slot: 'primaryText', build: text });
      h.lowering('arith.add', { slot: 'primaryText', backend: 'later', build: text });
    }));
    expect(r.dangling.map((d) => [d.code, d.message])).toMatchSnapshot();
  });
});

describe('snapshots', () => {
  test('are immutable, not only in TypeScript', () => {
    const r = new Registry();
    const ops = r.ops as Map<string, unknown>;
    for (const change of [() => ops.delete('arith.add'), () => ops.set('arith.add', {}), () => ops.clear(), ...(['plugins', 'rejected', 'warnings', 'dangling', 'transfers'] as const).map((list) => () => (r[list] as unknown[]).push({})), () => Object.assign(r, { ops: new Map() })]) {
      expect(change).toThrow(TypeError);
    }
    const add = r.lookup('arith.add') as unknown as { traits: string[]; effects: unknown[]; operands: { type: string }[]; typeVars: Record<string, string[]> };
    for (const change of [() => add.traits.push('x'), () => add.effects.push(1), () => Object.assign(add.operands[0]!, { type: 'f32' }), () => add.typeVars['T']!.push('bool')]) expect(change).toThrow(TypeError);
    expect(r.lookup('arith.add')?.id).toBe('arith.add');
  });

  test('several faults of one plugin are one error that lists them', () => {
    const error = failure(() => new Registry().with(plug('bad', (h) => {
      h.type({ spelling: 'queue', summary: '' });
      h.pass({ id: 'core.mine', summary: '', run: (p) => p });
    })));
    expect(error.code).toBe('registry/rejected');
    expect(error.problems.map((p) => p.code)).toEqual(['registry/bad-plugin', 'registry/bad-plugin']);
  });
});

describe('the default registry', () => {
  const before = Registry.default;
  afterEach(() => Registry.install(before));

  test('importing queues; a later read sees it; a clash rejects every party and keeps the rest', () => {
    Registry.install(new Registry());
    registerPlugin(plug('good', (h) => h.dialect(dialect('good', 'x'))));
    registerPlugin(plug('one', (h) => h.dialect(dialect('same', 'x'))));
    registerPlugin(plug('two', (h) => h.dialect(dialect('same', 'y'))));
    const r = Registry.default;
    expect(r.plugins.map((p) => p.name)).toEqual(['good']);
    expect(r.rejected.map((x) => [x.plugin.name, x.error.code])).toEqual([['one', 'registry/clash'], ['two', 'registry/clash']]);
    expect(r.lookup('good.x')?.id).toBe('good.x');
    expect(Registry.default).toBe(r);
  });

  test('two versions of one package reject each other', () => {
    Registry.install(new Registry());
    registerPlugin(plug('p', () => {}));
    registerPlugin(plug('p', () => {}, '2.0.0'));
    expect(Registry.default.rejected.map((x) => x.error.message)).toEqual([expect.stringContaining('p 1.0.0 and p 2.0.0'), expect.stringContaining('p 1.0.0 and p 2.0.0')]);
  });

  test('registering the same value again changes nothing', () => {
    Registry.install(new Registry());
    const plugin = plug('p', () => {});
    registerPlugin(plugin);
    const r = Registry.default;
    registerPlugin(plugin);
    expect(Registry.default).toBe(r);
  });

  test('a session refuses a default registry with rejected plugins', async () => {
    const { session } = await import('../run/session.ts');
    Registry.install(new Registry());
    registerPlugin(plug('one', (h) => h.dialect(dialect('same', 'x'))));
    registerPlugin(plug('two', (h) => h.dialect(dialect('same', 'y'))));
    await expect(session()).rejects.toMatchObject({ code: 'registry/clash', message: 'one 1.0.0 and two 1.0.0 both register dialect `same`' });
  });
});
