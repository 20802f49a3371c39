import { describe, expect, it } from 'vitest';
import { scalarAttribute } from '../ir/attributes.ts';
import { Registry } from '../registry/registry.ts';
import type { BodyBuilder } from './ir-fixture.ts';
import { kernel, program } from './ir-fixture.ts';
import { verify, verifyKernel } from './verify.ts';

const registry = new Registry();

function inKernel(fill: (b: BodyBuilder, input: number, output: number, n: number) => void): string[] {
  const k = kernel('k', { input: 'buffer<u32, read>', output: 'buffer<u8, write>', n: 'u32' }, (b, ...params: number[]) => {
    fill(b, ...(params as [number, number, number]));
    b.return();
  });
  return verifyKernel(k, registry).map((e) => `${e.code}: ${e.message}`);
}

describe('operands and results', () => {
  it('counts operands', () => {
    expect(inKernel((b, _i, _o, n) => void b.get('arith.add', [n], 'u32'))).toEqual(['verify/operand-count: `arith.add` has 1 operand, expected 2']);
    expect(inKernel((b, _i, _o, n) => void b.op('control.for', [n, n], [], {}, [b.region(['u32'], () => b.yield())]))).toEqual(['verify/operand-count: `control.for` has 2 operands, expected 3 or more']);
  });

  it('matches operand types', () => {
    expect(inKernel((b, _i, _o, n) => void b.get('arith.add', [n, b.constant('f32', 1)], 'u32'))).toEqual(['verify/operand-type: `arith.add`: operand `b` is f32, expected u32, like the operand before it']);
    expect(inKernel((b, _i, output, n) => void b.op('buffer.store', [output, n, b.constant('f32', 1)]))).toEqual(['verify/operand-type: `buffer.store`: operand `value` is f32, expected u32']);
  });

  it('matches result types and counts results', () => {
    expect(inKernel((b, _i, _o, n) => void b.get('arith.add', [n, n], 'i32'))).toEqual(['verify/result-type: `arith.add`: result `result` is i32, the op gives u32']);
    expect(inKernel((b, _i, _o, n) => void b.op('arith.add', [n, n], []))).toEqual(['verify/result-type: `arith.add` has 0 results, expected 1']);
    expect(inKernel((b, input, _o, n) => void b.get('buffer.load', [input, n], 'f32'))).toEqual(['verify/result-type: `buffer.load`: result `value` is f32, the op gives u32']);
    expect(inKernel((b, _i, _o, n) => void b.op('control.for', [n, n, n, n], [], {}, [b.region(['u32', 'u32'], (_, c) => b.yield(c))]))).toEqual(['verify/result-type: `control.for` has 0 results, its operands give 1']);
  });

  it('refuses what a buffer\'s access does not allow', () => {
    expect(inKernel((b, input, output, n) => {
      b.op('buffer.store', [input, n, n]);
      b.get('buffer.load', [output, n], 'u32');
      b.get('buffer.atomic_add', [input, n, n], 'u32');
    })).toEqual([
      'verify/buffer-access: `buffer.store` writes `buffer`, a buffer<u32, read>, which is read-only',
      'verify/buffer-access: `buffer.load` reads `buffer`, a buffer<u8, write>, which is write-only',
      'verify/buffer-access: `buffer.atomic_add` writes `buffer`, a buffer<u32, read>, which is read-only',
    ]);
  });

  it('says what is wrong with attributes that types follow from', () => {
    expect(inKernel((b) => void b.get('buffer.workgroup', [], 'buffer<u32, workgroup>', { element: { kind: 'type', type: b.valueTypes[2] as never }, length: scalarAttribute('u32', 0) })))
      .toEqual(['verify/attribute: `buffer.workgroup`: attribute `length` is not a positive u32']);
  });
});

describe('attributes', () => {
  it('refuses missing, unknown, ill-typed and unlisted ones', () => {
    expect(inKernel((b) => {
      b.op('arith.constant', [], ['u32']);
      b.op('arith.constant', [], ['u32'], { value: { kind: 'string', value: 'one' } });
      b.op('kernel.local_id', [], ['u32'], { axis: { kind: 'enum', value: 'w' } });
      b.op('control.barrier', [], [], { scope: { kind: 'bool', value: true } });
      b.op('arith.constant', [], ['u32'], { value: { kind: 'scalar', type: b.valueTypes[2] as never, bits: 1n << 32n } });
      b.op('kernel.local_id', [], ['u32'], { axis: { kind: 'enum', value: 'x' }, size: { kind: 'bool', value: true } });
    })).toEqual([
      'verify/attribute: `arith.constant`: attribute `value` is missing',
      'verify/attribute: `arith.constant`: attribute `value` is a string, expected a scalar of any type',
      'verify/attribute: `kernel.local_id`: attribute `axis` is `w`, expected one of x, y, z',
      'verify/attribute: `control.barrier` has no attribute `scope`: it has memory',
      'verify/attribute: `arith.constant`: attribute `value` is not a well-formed attribute',
      'verify/attribute: `kernel.local_id` has no attribute `size`: it has axis',
    ]);
  });

  it('lets a default stand in', () => {
    expect(inKernel((b) => void b.barrier())).toEqual([]);
  });
});

describe('launches', () => {
  const callee = kernel('callee', { data: 'buffer<u32, read>', n: 'u32' }, (b) => b.return());
  const launching = (attrs: Parameters<BodyBuilder['op']>[3], ...args: ('h' | 'n')[]) =>
    verify(program('p', { h: 'GpuBufferHandle', n: 'u32' }, {}, [callee], (b, h, n) => {
      b.op('kernel.launch', [n, n, n, ...args.map((a) => ({ h, n })[a])], [], attrs);
      b.return();
    }), registry).map((e) => `${e.code}: ${e.message}`);

  it('names a kernel of the program, with its arguments', () => {
    const named = (name: string) => ({ kernel: { kind: 'symbol', name } as const });
    expect(launching(named('callee'), 'h', 'n')).toEqual([]);
    expect(launching(named('other'), 'h', 'n')).toEqual(['verify/kernel: the program has no kernel `other`']);
    expect(launching(named('callee'), 'h')).toEqual(['verify/operand-count: kernel `callee` has 2 parameters, 1 arguments are given']);
    expect(launching(named('callee'), 'n', 'n')).toEqual(['verify/operand-type: argument `data` of kernel `callee` is u32, expected GpuBufferHandle']);
    expect(launching({}, 'h', 'n')).toEqual(['verify/attribute: `kernel.launch`: attribute `kernel` is missing']);
  });
});
