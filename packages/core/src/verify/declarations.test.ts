import { describe, expect, it } from 'vitest';
import type { Kernel, Param } from '../ir/program.ts';
import { handle, vector, scalar } from '../ir/types.ts';
import { Registry } from '../registry/registry.ts';
import { kernel, program } from './ir-fixture.ts';
import { verify, verifyKernel } from './verify.ts';

const registry = new Registry();
const text = (e: { code: string; message: string }) => `${e.code}: ${e.message}`;

function ofKernel(params: Record<string, string>, change: Partial<Kernel> = {}): string[] {
  return verifyKernel({ ...kernel('k', params, (b) => b.return()), ...change }, registry).map(text);
}

function ofProgram(params: Record<string, string>, change: (p: Param[]) => void = () => {}): string[] {
  const p = program('p', params, {}, [], (b) => b.return());
  change(p.params as Param[]);
  return verify(p, registry).map(text);
}

describe('workgroup sizes', () => {
  it.each([[[0, 1, 1]], [[1.5, 1, 1]], [[-64, 1, 1]], [[65537, 1, 1]], [[NaN, 1, 1]]] as [[number, number, number]][])('refuses %j', (workgroup) => {
    expect(ofKernel({}, { workgroup })).toEqual([`verify/workgroup-size: kernel \`k\` has a workgroup of ${workgroup.join(' x ')}: ${workgroup[0]} is not a whole number from 1 to 65536`]);
  });

  it('refuses more than 1024 invocations, and takes as many', () => {
    expect(ofKernel({}, { workgroup: [32, 33, 1] })).toEqual(['verify/workgroup-size: kernel `k` has 1056 invocations in a workgroup of 32 x 33 x 1, at most 1024 are possible']);
    expect(ofKernel({}, { workgroup: [32, 32, 1] })).toEqual([]);
  });
});

describe('parameters of kernels', () => {
  it('takes buffers that have a layout and computed scalars', () => {
    expect(ofKernel({ a: 'buffer<u8, read>', b: 'buffer<vec3<f32>, write>', c: 'buffer<array<i16, 4>, read_write>', d: 'u64', e: 'bool', f: 'f16' })).toEqual([]);
  });

  it('refuses all else', () => {
    expect(ofKernel({ a: 'buffer<bool, read>', b: 'buffer<u32, workgroup>', c: 'GpuBufferHandle', d: 'u8', e: 'vec2<f32>', f: 'fd:r' })).toEqual([
      'verify/param: parameter `a` is buffer<bool, read>: bool has no layout in memory',
      'verify/param: parameter `b` is buffer<u32, workgroup>: workgroup memory is made in the kernel, with buffer.workgroup',
      'verify/param: parameter `c` is GpuBufferHandle, neither a buffer nor a computed scalar',
      'verify/param: parameter `d` is u8, neither a buffer nor a computed scalar',
      'verify/param: parameter `e` is vec2<f32>, neither a buffer nor a computed scalar',
      'verify/param: parameter `f` is a grant: kernels see no files',
    ]);
  });

  it('refuses names that are empty or taken, and block arguments that are not the parameters', () => {
    const { params } = kernel('k', { a: 'u32', b: 'u32' }, (b) => b.return());
    expect(ofKernel({ a: 'u32', b: 'u32' }, { params: params.map((p) => ({ ...p, name: 'a' })) })).toEqual(['verify/param: two parameters are named `a`']);
    expect(ofKernel({ a: 'u32' }, { params: params.slice(0, 1).map((p) => ({ ...p, name: '' })) })).toEqual(['verify/param: parameter `` has an empty name']);
    expect(ofKernel({ a: 'i32' }, { params: params.slice(0, 1) })).toEqual(['verify/region-args: the body has block arguments (i32), its parameters are (u32)']);
  });
});

describe('parameters of programs', () => {
  it('takes grants, scalars and handles', () => {
    expect(ofProgram({ a: 'fd:r', b: 'fd:w', c: 'fd:rw', d: 'i64', e: 'f32', f: 'bool', g: 'GpuBufferHandle' })).toEqual([]);
  });

  it('refuses all else', () => {
    expect(ofProgram({ a: 'buffer<u32, read>', b: 'i16', c: 'fd:x' })).toEqual([
      'verify/param: parameter `a` is buffer<u32, read>, neither a computed scalar nor a GpuBufferHandle',
      'verify/param: parameter `b` is i16, neither a computed scalar nor a GpuBufferHandle',
      'verify/param: parameter `c` has attribute `grant`, which is `x`, expected one of r, w, rw',
    ]);
    expect(ofProgram({ a: 'u32' }, (params) => (params[0] = { ...(params[0] as Param), attrs: { grant: { kind: 'enum', value: 'r' } } }))).toEqual(['verify/param: parameter `a` is a grant of type u32: a grant\'s number is an i32']);
    expect(ofProgram({ a: 'i32' }, (params) => (params[0] = { ...(params[0] as Param), attrs: { size: { kind: 'bool', value: true } } }))).toEqual(['verify/param: parameter `a` has attribute `size`, which is unknown']);
  });
});

describe('results and kernels of programs', () => {
  it('refuses results that are no scalars or handles, or have one name', () => {
    const p = program('p', { h: 'GpuBufferHandle' }, { a: 'GpuBufferHandle' }, [], (b, h) => b.return(h));
    expect(verify(p, registry)).toEqual([]);
    expect(verify({ ...p, results: [{ name: 'a', type: vector(scalar('f32'), 2) }] }, registry).map(text)).toEqual([
      'verify/results: result `a` is vec2<f32>: a program returns scalars and handles',
      'verify/results: `control.return` hands on (GpuBufferHandle), the results of the program are (vec2<f32>)',
    ]);
    const twice = program('p', { h: 'GpuBufferHandle' }, {}, [], (b, h) => b.return(h, h));
    expect(verify({ ...twice, results: [{ name: 'a', type: handle }, { name: 'a', type: handle }] }, registry).map(text)).toEqual(['verify/results: two results of program `p` are named `a`']);
  });

  it('refuses kernels of one name, or of none', () => {
    const named = (name: string) => kernel(name, {}, (b) => b.return());
    expect(verify(program('p', {}, {}, [named('k'), named('k'), named('')], (b) => b.return()), registry).map(text)).toEqual([
      'verify/kernel-name: a kernel has an empty name',
      'verify/kernel-name: two kernels of program `p` are named `k`',
    ]);
  });

  it('gives a kernel\'s span for what has none of its own', () => {
    const span = { file: 'a.ts', line: 3, column: 1 };
    const k = { ...kernel('k', {}, (b) => b.op('arith.neg')), span, workgroup: [0, 1, 1] as const };
    expect(verifyKernel(k, registry).map((e) => e.where)).toEqual([
      { program: undefined, kernel: 'k', span },
      ...[1, 2].map(() => ({ program: undefined, kernel: 'k', span, op: 'arith.neg', path: 'arith.neg[0]' })),
    ]);
  });
});
