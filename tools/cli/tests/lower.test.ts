import { beforeAll, expect, test } from 'vitest';
import { useInstalled } from './installed.ts';

const installed = useInstalled();
beforeAll(() => installed.put('scale.mjs', `
import { buffer, control, defineKernel, defineProgram, kernel } from '@sluice/core';
const scale = defineKernel('scale', { params: { data: 'buffer<f32, read_write>', by: 'f32' }, workgroup: 64 }, ({ data, by }, { global: { x } }) => {
  control.if(x.lt(data.length), () => data.store(x, data.load(x).mul(by)));
});
const small = defineKernel('small', { params: { data: 'buffer<u8, read>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ data, out }) => out.store(0, data.load(3)));
export default defineProgram('both', {}, () => {
  const data = buffer.alloc('f32', 64);
  kernel.launch(scale, 64, { data, by: 2 });
  kernel.launch(small, 1, { data, out: buffer.alloc('u32', 1) });
});
`));

test('prints the WGSL of every kernel, with names from the source', async () => {
  const { status, stdout, stderr } = await installed.run(['lower', 'scale.mjs', '--target', 'wgsl']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.match(/^\/\/ Kernel .*/gm)).toEqual(['// Kernel scale of program both, lowered by @sluice/wgsl.', '// Kernel small of program both, lowered by @sluice/wgsl.']);
  expect(stdout).toMatch(/^\/\/ sha256 [0-9a-f]{64}$/m);
  expect(stdout).toContain('var<storage, read_write> data: array<f32>;');
});

test('the kernels that are named, as one JSON value', async () => {
  const { status, stdout } = await installed.run(['lower', 'scale.mjs', '--target', 'wgsl', '--kernel', 'small', '--features', 'none', '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, program: 'both', target: 'wgsl', kernels: [{ kernel: 'small', code: expect.stringContaining('array<u32>') as string }] });
});

test.each([
  [['lower', 'scale.mjs'], 'no --target is given'],
  [['lower', 'scale.mjs', '--target', 'metal'], '`metal` is no target'],
  [['lower', 'scale.mjs', '--target', 'wgsl', '--kernel', 'large'], 'has no kernel `large`'],
  [['lower', 'scale.mjs', '--target', 'wgsl', '--features', 'f61'], 'wgsl has no feature `f61`'],
])('a bad command line: %j', async (args, message) => {
  expect(await installed.run(args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(message) as string });
});
