import { describe, expect, test } from 'vitest';
import { scalarAttribute } from '../ir/attributes.ts';
import type { Kernel } from '../ir/program.ts';
import { parseType } from '../ir/types.ts';
import { Registry } from '../registry/registry.ts';
import { kernel } from './ir-fixture.ts';
import type { BodyBuilder } from './ir-fixture.ts';
import { workgroupMemory } from './valid-fixture.ts';
import { verifyKernel } from './verify.ts';

const registry = new Registry();
const problems = (k: Kernel) => verifyKernel(k, registry).map((d) => `${d.code}: ${d.message}`);
const RW = 'buffer<u32, read_write>';

/** One use of each op that a workgroup does as one. */
const USES: Readonly<Record<string, (b: BodyBuilder, buffer: number, index: number) => unknown>> = {
  'control.barrier': (b) => b.barrier(),
  'control.uniform_load': (b, buffer, index) => b.get('control.uniform_load', [buffer, index], 'u32'),
  'buffer.async_copy': (b, buffer, index) => b.op('buffer.async_copy', [buffer, index, buffer, index, index]),
  'buffer.async_wait': (b) => b.op('buffer.async_wait'),
  'subgroup.all': (b) => b.get('subgroup.all', [b.constant('bool', true)], 'bool'),
  'subgroup.ballot': (b) => b.get('subgroup.ballot', [b.constant('bool', true)], 'vec4<u32>'),
  'subgroup.shuffle_up': (b, _, index) => b.get('subgroup.shuffle_up', [b.id('local'), index], 'u32'),
  'subgroup.broadcast': (b) => b.get('subgroup.broadcast', [b.id('local')], 'u32', { lane: scalarAttribute('u32', 1) }),
  'subgroup.inclusive_scan': (b) => b.get('subgroup.inclusive_scan', [b.id('local')], 'u32', { combine: { kind: 'enum', value: 'add' } }),
};
const BARRIERS = ['control.barrier', 'control.uniform_load', 'buffer.async_wait'];

describe.each(Object.entries(USES))('%s', (id, use) => {
  test('stands in uniform control flow', () => {
    expect(problems(kernel('k', { out: RW, n: 'u32' }, (b, out, n) => {
      b.if(b.get('arith.eq', [b.id('workgroup'), n], 'bool'), () => (use(b, out, n), b.yield()));
      b.return();
    }))).toEqual([]);
  });

  test('and in no other: what decides is named, and where it comes from', () => {
    const code = BARRIERS.includes(id) ? 'verify/divergent-barrier' : 'verify/divergent-collective';
    expect(problems(kernel('k', { out: RW, n: 'u32' }, (b, out, n) => {
      b.if(b.get('arith.eq', [b.get('subgroup.lane', [], 'u32'), n], 'bool'), () => (use(b, out, n), b.yield()));
      b.return();
    }))).toEqual([`${code}: \`${id}\` stands in control flow that is not uniform over the workgroup: \`control.if\` (control.if[2]) depends on \`subgroup.lane\` (subgroup.lane[0])`]);
  });

  test('nor behind a return that some invocations take', () => {
    const found = problems(kernel('k', { out: RW, n: 'u32' }, (b, out, n) => {
      b.if(b.get('arith.eq', [b.id('local'), n], 'bool'), () => b.return());
      use(b, out, n);
      b.return();
    }));
    expect(found).toEqual([expect.stringMatching(/not uniform over the workgroup: .* depends on `kernel.local_id` .* and invocations leave through `control.return`/)]);
  });
});

describe('operands', () => {
  test.each(['control.uniform_load', 'buffer.async_copy'])('of %s are the same for all', (id) => {
    const found = problems(kernel('k', { out: RW }, (b, out) => {
      USES[id]?.(b, out, b.get('arith.add', [b.id('local'), b.constant('u32', 1)], 'u32'));
      b.return();
    }));
    expect(found.length).toBeGreaterThan(0);
    for (const problem of found) expect(problem).toMatch(/operand %\d+ is not uniform over the workgroup: it depends on `kernel.local_id` \(kernel.local_id\[0\]\)$/);
  });

  test('what a uniform_load gives is uniform; what a subgroup op or an atomic gives is not', () => {
    const bounded = (bound: (b: BodyBuilder, buffer: number, n: number) => number) => problems(kernel('k', { out: RW, n: 'u32' }, (b, out, n) => {
      b.for([n, bound(b, out, n), n], [], [], () => (b.barrier(), b.yield()));
      b.return();
    }));
    expect(bounded((b, out, n) => b.get('control.uniform_load', [out, n], 'u32'))).toEqual([]);
    expect(bounded((b, _, n) => b.get('subgroup.broadcast', [n], 'u32', { lane: scalarAttribute('u32', 0) }))[0]).toContain('depends on `subgroup.broadcast`');
    expect(bounded((b) => b.get('subgroup.size', [], 'u32'))[0]).toContain('depends on `subgroup.size`');
    expect(bounded((b, out, n) => b.get('buffer.load', [out, n], 'u32'))[0]).toContain('depends on `buffer.load`');
  });
});

describe('vectors and arrays', () => {
  test('components of uniform vectors are uniform', () => {
    expect(problems(kernel('k', { n: 'u32', data: 'buffer<vec4<u32>, read>' }, (b, n, data) => {
      const v = b.get('arith.add', [b.get('buffer.load', [data, n], 'vec4<u32>'), b.get('vector.splat', [n], 'vec4<u32>', { size: scalarAttribute('u32', 4) })], 'vec4<u32>');
      b.for([n, b.get('vector.extract', [v, n], 'u32'), n], [], [], () => (b.barrier(), b.yield()));
      b.return();
    }))).toEqual([]);
  });

  test('a value holds no types that only memory has, and at most 1024 scalars', () => {
    const claimed = (type: string) => problems(kernel('k', { data: `buffer<${type}, read>`, n: 'u32' }, (b, data, n) => {
      b.get('buffer.load', [data, n], type);
      b.return();
    }));
    expect(claimed('array<u32, 1024>')).toEqual([]);
    expect(claimed('array<u8, 4>')).toEqual(['verify/result-type: `buffer.load`: result `value` is array<u8, 4>, the op gives array<u32, 4>', expect.stringContaining('a value is made of computed scalars') as string]);
    expect(claimed('array<vec4<u32>, 257>')[0]).toBe('verify/param: parameter `data` is buffer<array<vec4<u32>, 257>, read>: array<vec4<u32>, 257> has more than 1024 scalars');
  });

  test.each(['bool', 'vec2<bool>', 'array<bool, 2>', 'array<GpuBufferHandle, 2>'])('buffers of %s have no layout', (element) => {
    expect(problems(kernel('k', { data: `buffer<${element}, read>` }, (b) => void b.return()))).toEqual([`verify/param: parameter \`data\` is buffer<${element}, read>: ${element} has no layout in memory`]);
  });
});

describe('workgroup memory', () => {
  const of = (b: BodyBuilder, element: string, length: number) => b.get('buffer.workgroup', [], `buffer<${element}, workgroup>`, { element: { kind: 'type', type: parseType(element) }, length: scalarAttribute('u32', length) });
  test('of one kernel is counted together', () => {
    const two = (length: number) => problems(kernel('k', {}, (b) => {
      workgroupMemory(b, 'f32', 1 << 17);
      of(b, 'vec4<f32>', length);
      b.return();
    }));
    expect(two(1 << 15)).toEqual([]);
    expect(two((1 << 15) + 1)).toEqual(['verify/workgroup-bytes: `buffer.workgroup` makes 524304 bytes of workgroup memory, 1048592 with what was made before: 1048576 is the most of a kernel']);
  });

  test('is of numbers, and vectors and arrays of them', () => {
    const made = (element: string) => problems(kernel('k', {}, (b) => (of(b, element, 1), void b.return())));
    expect(['f16', 'vec3<u64>', 'array<vec2<f32>, 4>', 'u8', 'bf16', 'array<i16, 4>'].flatMap(made)).toEqual([]);
    for (const element of ['bool', 'array<bool, 4>', 'array<u32, 1025>']) expect(made(element)[0]).toMatch(/^verify\/attribute: `buffer.workgroup`: attribute `element`/);
  });
});
