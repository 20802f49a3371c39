import { beforeAll, expect, test } from 'vitest';
import { useInstalled } from './installed.ts';

const installed = useInstalled();
beforeAll(() => installed.put('twice.mjs', `
import { buffer, defineKernel, defineProgram, kernel, u32 } from '@sluice/core';
const k = defineKernel('k', { params: { out: 'buffer<u32, write>' }, workgroup: 1 }, ({ out }) => {
  out.store(u32(1).add(2), u32(1).add(2));
});
export default defineProgram('twice', {}, () => kernel.launch(k, 1, { out: buffer.alloc('u32', 4) }));
`));

test('prints what the passes of a session make of a program', async () => {
  const { status, stdout, stderr } = await installed.run(['opt', 'twice.mjs']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.match(/= 3: u32/g)).toHaveLength(1);
  expect(stdout).not.toContain('arith.add');
});

test('runs the passes that are named, and prints after each that changes something', async () => {
  const { status, stdout, stderr } = await installed.run(['opt', 'twice.mjs', '--pass', 'core.fold,core.licm', '--pass', 'core.cse', '--print-after-each', '--time-passes']);
  expect(status).toBe(0);
  expect(stdout.match(/after core\.\w+/g)).toEqual(['after core.fold', 'after core.cse']);
  expect(stdout.match(/^program /gm)).toHaveLength(2);
  expect(stderr).toMatch(/^core\.fold +\d+\.\d+ +0$/m);
  expect(stderr).toMatch(/^core\.licm .* changed nothing$/m);
  expect(stderr).toMatch(/^all .* ops before$/m);
});

test('as one JSON value', async () => {
  const { status, stdout } = await installed.run(['opt', 'twice.mjs', '--pass', 'core.fold,core.dce', '--json']);
  const { passes, ...rest } = JSON.parse(stdout) as { passes: readonly { pass: string; ops: number; changed: boolean }[]; ok: boolean; ops: number; text: string };
  expect(status).toBe(0);
  expect(rest).toMatchObject({ ok: true, program: 'twice', problems: [], printed: [] });
  expect(passes.map((p) => [p.pass, p.changed])).toEqual([['core.fold', true], ['core.dce', true]]);
  expect(passes[1]?.ops).toBe(rest.ops - 4);
});

test('a pass that there is not is a bad command line, with those that there are', async () => {
  const { status, stdout, stderr } = await installed.run(['opt', 'twice.mjs', '--pass', 'core.flod']);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('cli/usage: there is no pass `core.flod`');
  expect(stderr).toContain('core.fold');
});
