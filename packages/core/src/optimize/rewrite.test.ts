import { expect, test } from 'vitest';
import { defineKernel, kernel } from '../build/kernel.ts';
import { buffer } from '../build/host.ts';
import { defineProgram } from '../build/program.ts';
import { walkOps } from '../ir/program.ts';
import type { Op } from '../ir/program.ts';
import { authored } from '../ir/provenance.ts';
import { whereOf } from '../ir/where.ts';
import { defaultPasses, optimize } from './passes.ts';
import { registry } from './pass-fixture.ts';

const k = defineKernel('k', { params: { out: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 1, spans: 'op' }, ({ out, n }) => {
  n.mul(3); // unused
  out.store(n.add(1), n.add(1));
});
const untouched = defineKernel('untouched', { params: { out: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 1 }, ({ out, n }) => out.store(0, n));
const program = defineProgram('p', {}, () => {
  const out = buffer.alloc('u32', 4);
  kernel.launch(k, { groups: 1 }, { out, n: 1 });
  kernel.launch(untouched, { groups: 1 }, { out, n: 1 });
});

test('what nothing happens to is shared, down to the program', () => {
  const made = optimize(program, { registry });
  expect(made.kernels[1]).toBe(program.kernels[1]);
  expect(optimize(made, { registry, passes: ['core.licm'] })).toBe(made);
  expect(optimize(program, { registry, passes: [] })).toBe(program);
});

test('spans and paths are those of the program as it was written, through every pass', () => {
  const before = program.kernels[0]?.body;
  const { body } = optimize(program, { registry, passes: [...defaultPasses, ...defaultPasses] }).kernels[0] ?? program;
  const id = (op: Op) => body.opNames[op.name];
  const store = [...walkOps(body.region)].find((op) => id(op) === 'buffer.store') as Op;
  const source = authored(body, store);
  expect(source.body).toBe(before);
  expect(body.debug.spans.get(store)).toEqual(before?.debug.spans.get(source.op));
  expect(body.debug.spans.get(store)?.file).toContain('rewrite.test.ts');
  expect(body.region.ops.indexOf(store)).toBe(2);
  expect(whereOf({ kernel: 'k' }, body, store, () => []).path).toBe('buffer.store[6]');
});

test('an unknown pass is an error that names those that there are', () => {
  expect(() => optimize(program, { registry, passes: ['core.none'] })).toThrow('there is no pass `core.none`');
});
