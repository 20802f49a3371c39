import { expect, test } from 'vitest';
import { defineOp } from './op.ts';
import type { OpSpec } from './op.ts';

const good: OpSpec = {
  id: 'acme.move', dialect: 'acme', version: '1.0.0', summary: 'a test op', category: 'extension', level: 'host',
  operands: [{ name: 'fd', type: 'i32' }, { name: 'length', type: 'u64' }], results: [{ name: 'handle', type: 'GpuBufferHandle' }],
  effects: [{ kind: 'file-read', fd: 'fd', length: 'length' }, { kind: 'alloc', on: 'handle', byteLength: 'length' }, { kind: 'write', on: 'handle' }],
};

test('a record that is whole is accepted, and frozen', () => {
  expect(Object.isFrozen(defineOp(good))).toBe(true);
});

test.each<[string, Partial<OpSpec>, string]>([
  ['an id without a dot', { id: 'move' as 'a.b' }, 'an id is `<name>.<name>`'],
  ['a composite without compose', { category: 'composite' }, 'it is composite and has no `compose`'],
  ['an extension with compose', { compose: () => undefined }, 'it is extension and has a `compose`'],
  ['two operands of one name', { operands: [{ name: 'fd', type: 'i32' }, { name: 'fd', type: 'u64' }] }, 'two of its operands and results are called `fd`'],
  ['an effect on nothing', { effects: [{ kind: 'write', on: 'hnadle' }] }, 'its effect `write` names `hnadle`, which is no operand or result'],
  ['a file effect on nothing', { effects: [{ kind: 'file-read', fd: 'df' }] }, 'its effect `file-read` names `df`, which is no operand'],
  ['an allocation of an operand', { effects: [{ kind: 'alloc', on: 'length' }] }, 'its effect `alloc` names `length`, which is no result'],
  ['a launch effect on nothing', { effects: [{ kind: 'launch', args: 'args' }] }, 'its effect `launch` names `args`, which is no operand'],
  ['a caught terminator that may not stand there', { regions: [{ name: 'body', terminators: ['control.yield'], catches: ['control.break'] }] }, 'region `body` catches `control.break`, which may not end it'],
  ['a decision by nothing', { regions: [{ name: 'body', terminators: [], catches: [], decidedBy: ['n'] }] }, 'region `body` is decided by `n`, which is no operand'],
  ['a flow to nowhere', { flow: [{ from: 'fd', to: 'body' }] }, 'values flow to `body`, which is no region'],
  ['a flow from nowhere', { flow: [{ from: 'init', to: 'results' }] }, 'values flow from `init`, which is no operand or region'],
])('%s is registry/bad-op', (_, change, message) => {
  expect(() => defineOp({ ...good, ...change })).toThrow(expect.objectContaining({ code: 'registry/bad-op', message: `op \`${change.id ?? good.id}\`: ${message}` }) as Error);
});
