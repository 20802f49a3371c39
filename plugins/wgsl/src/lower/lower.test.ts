import { buffer, control, defineDialect, defineKernel, defineOp, definePlugin, functionsOf, i32, Registry, u32 } from '@sluice/core';
import type { Builder, KernelIr } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { lowerings } from './lowerings.ts';
import { lowerKernel } from './lower.ts';
import type { LowerOptions } from './lowered.ts';
import { WORDS } from './names.ts';

const registry = new Registry();
const lower = (kernel: KernelIr, options: Partial<LowerOptions> = {}) => lowerKernel(kernel, { registry, features: { f16: true, subgroups: true }, unguarded: false, ...options });
/** The statements of the entry point, without indentation. */
const statements = (code: string) => code.slice(code.indexOf('@compute')).split('\n').slice(1).map((line) => line.trim());

describe('what the device is told', () => {
  const kernel = defineKernel('k', { params: { data: 'buffer<vec3<f32>, read>', n: 'u32', on: 'bool', half: 'f16', out: 'buffer<u32, write>' }, workgroup: [8, 4] }, ({ data, n, on, out }, { global: { x } }) => out.store(x, on.select(data.length, n)));

  test('the launch record', () => {
    const { record, workgroup, entryPoint } = lower(kernel);
    expect({ workgroup, entryPoint, byteLength: record.byteLength }).toEqual({ workgroup: [8, 4, 1], entryPoint: 'k', byteLength: 64 });
    expect(record.fields.map(({ kind, name, offset }) => `${kind} ${name} ${offset}`)).toEqual(['groups groups 0', 'base base 16', 'offset data_offset 28', 'count data_count 32', 'scalar n 36', 'scalar on 40', 'scalar half 44', 'offset out_offset 48', 'count out_count 52']);
  });

  test('the bindings, with words of vectors that WGSL would pad', () => {
    expect(lower(kernel).bindings).toEqual([{ param: 0, binding: 1, access: 'read', wordBytes: 4 }, { param: 4, binding: 2, access: 'read_write', wordBytes: 4 }]);
    const pairs = defineKernel('pairs', { params: { data: 'buffer<vec2<f32>, read_write>' }, workgroup: 1 }, ({ data }) => data.store(0, data.load(1)));
    expect(lower(pairs).bindings).toMatchObject([{ wordBytes: 8 }]);
  });

  test('traps, and a status record only for a kernel that has some', () => {
    expect(lower(kernel)).toMatchObject({ traps: [], status: undefined, usesSubgroups: false });
    const stops = defineKernel('stops', { params: { out: 'buffer<u32, write>', by: 'i32' }, workgroup: 1 }, ({ out, by }) => {
      control.trap(3, { tag: 9, message: 'no' });
      out.store(0, control.for({ from: i32(0), to: i32(9), step: by }, u32(0), (_, n) => n.add(1)));
    });
    expect(lower(stops)).toMatchObject({ status: { binding: 2 }, traps: [{ code: 'run/trap', tag: 9, message: 'no', where: { op: 'control.trap' } }, { code: 'run/zero-step', where: { op: 'control.for' } }] });
  });

  test('each line that came from an op, with where that is', () => {
    const { code, lines } = lower(defineKernel('k', { params: { out: 'buffer<u32, write>' }, workgroup: 1, spans: 'op' }, ({ out }, { global: { x } }) => {
      control.if(x.lt(9), () => out.store(x, x.mul(3)));
    }));
    const text = code.split('\n');
    expect(lines.map(({ line, where }) => [text[line - 1]?.trim(), where.path])).toEqual([
      ['let v = global_id.x < 9u;', 'arith.lt[2]'],
      ['if (v) {', 'control.if[3]'],
      ['let v2 = global_id.x * 3u;', 'control.if[3]/then/arith.mul[1]'],
      ['if (global_id.x < launch.out_count) {', 'control.if[3]/then/buffer.store[2]'],
      ['}', 'control.if[3]'],
    ]);
    expect(lines[0]?.where.span?.file).toMatch(/lower\.test\.ts$/);
  });
});

describe('guards', () => {
  const kernel = defineKernel('k', { params: { data: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ data }, { global: { x } }) => {
    data.store(x, 1);
    control.if(x.lt(data.length), () => data.store(x, 2));
    data.store(data.load(0), 3);
  });
  const comparisons = (code: string) => statements(code).filter((line) => line.includes('launch.data_count'));

  test('are dropped where the index is proved, and in the second form where a launch tells', () => {
    expect(comparisons(lower(kernel).code)).toEqual([
      'if (global_id.x < launch.data_count) {', 'let v = global_id.x < launch.data_count;', 'let v2 = select(0u, data[launch.data_offset + 0u], 0u < launch.data_count);', 'if (v2 < launch.data_count) {',
    ]);
    expect(comparisons(lower(kernel, { unguarded: true }).code)).toEqual(['let v = global_id.x < launch.data_count;', 'if (v2 < launch.data_count) {']);
  });
});

test('a loop that counts by the least i32, of which there is no negative', () => {
  const kernel = defineKernel('k', { params: { out: 'buffer<i32, write>', x: 'i32' }, workgroup: 1 }, ({ out, x }) => out.store(0, control.for({ from: x, to: 0, step: -2147483648 }, i32(0), (_, n) => n.add(1))));
  expect(statements(lower(kernel).code)).toContain('for (var i = x; i > 0i; i += i32(-2147483648)) {');
});

describe('names', () => {
  test.each([...WORDS])('%s is none', (word) => {
    const { code } = lower(defineKernel('k', { params: { [word]: 'u32', out: 'buffer<u32, write>' }, workgroup: 1 }, (args) => (args as { out: { store(i: number, v: unknown): void } }).out.store(0, args[word])));
    expect(code).not.toMatch(new RegExp(`let ${word} `));
  });

  test('are made of what the source has, whatever that is', () => {
    const odd = { ...defineKernel('k', { params: { a: 'u32', b: 'u32', c: 'u32', d: 'u32', e: 'u32' }, workgroup: 1 }, () => undefined), name: '__main */ fn x() {\n' };
    const params = ['__x__y', '9', '', 'grün', 'add_f32'].map((name, i) => ({ ...odd.params[i]!, name }));
    const { code, entryPoint } = lower({ ...odd, params }, { program: 'evil\n@compute' });
    expect(entryPoint).toMatch(/^[a-z]\w*$/i);
    expect(code.split('\n')[0]).toBe('// Kernel __main */ fn x() {  of program evil @compute, lowered by @sluice/wgsl.');
    for (const [, name = ''] of code.matchAll(/let (\w+) = launch/g)) expect(name).toMatch(/^(?!__)[A-Za-z]\w*$/);
  });
});

describe('what is refused', () => {
  test('types that passes take out of kernels, and f16 without the feature', () => {
    const wide = defineKernel('wide', { params: { out: 'buffer<u64, write>' }, workgroup: 1 }, ({ out }) => out.store(0, 1n));
    expect(() => lower(wide)).toThrow(expect.objectContaining({ code: 'plan/type', message: 'wgsl has no u64' }));
    const half = defineKernel('half', { params: { out: 'buffer<f16, write>' }, workgroup: 1 }, ({ out }) => out.store(0, 1));
    expect(lower(half).code).toContain('enable f16;');
    expect(() => lower(half, { features: { f16: false, subgroups: false } })).toThrow(expect.objectContaining({ code: 'plan/type' }));
  });

  test('builders of this package elsewhere', () => {
    const build = lowerings['arith.add'] as Builder<string>;
    expect(() => build({} as never, { emit: () => undefined, where: {} } as never)).toThrow(expect.objectContaining({ code: 'plan/bad-lowering' }));
  });
});

describe('lowerings of other packages', () => {
  const twice = defineOp({ id: 'acme.twice', dialect: 'acme', version: '1.0.0', summary: 'Twice the value.', category: 'extension', level: 'kernel', operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'b', type: 'u32' }], traits: ['pure'] });
  const dialect = defineDialect({ id: 'acme', version: '1.0.0', ops: [twice] });
  const acme = (build: Builder<string>) => new Registry().with(definePlugin({
    name: 'acme', version: '1.0.0', api: 1,
    register(hooks) {
      hooks.dialect(dialect);
      hooks.lowering('acme.twice', { slot: 'primaryText', backend: 'wgsl', build });
      hooks.lowering('arith.mul', { slot: 'primaryText', backend: 'wgsl', build: (_, ctx) => [`own_mul(${ctx.operands.join(', ')})`] });
    },
  }));
  const kernel = defineKernel('k', { params: { out: 'buffer<u32, write>', n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
    const twofold = (functionsOf(dialect) as { twice(v: unknown): typeof n }).twice(n);
    out.store(0, twofold.mul(3));
  });

  test('stand beside those of this one, and in their place', () => {
    const { code } = lower(kernel, { registry: acme((_, ctx) => {
      ctx.declare('fn acme_twice(a: u32) -> u32 {\n  return a << 1u;\n}');
      const name = ctx.fresh('twofold');
      ctx.emit(`let ${name} = acme_twice(${ctx.operand(0)});`);
      return [`${name} + 0u`];
    }) });
    expect(code).toContain('\nfn acme_twice(a: u32) -> u32 {');
    expect(statements(code)).toEqual(expect.arrayContaining(['let twofold = acme_twice(n);', 'let v: u32 = twofold + 0u;', 'let v2: u32 = own_mul(v, 3u);']));
  });

  test('that throw are at fault', () => {
    expect(() => lower(kernel, { registry: acme(() => { throw new Error('not today'); }) })).toThrow(expect.objectContaining({ code: 'plan/bad-lowering', message: 'the lowering of `acme.twice` to WGSL throws: not today', where: expect.objectContaining({ op: 'acme.twice' }) }));
  });
});

test('workgroup memory that ops need is counted', () => {
  const kernel = defineKernel('k', { params: { data: 'buffer<array<u32, 3>, read_write>' }, workgroup: 32 }, ({ data }, { global: { x } }) => {
    buffer.workgroup('vec3<f32>', 10);
    data.store(x, control.uniform_load(data, 1));
  });
  expect(lower(kernel).workgroupBytes).toBe(10 * 12 + 3 * 4);
});
