import { describe, expect, it } from 'vitest';
import { Registry } from '../registry/registry.ts';
import { kernel, program } from './ir-fixture.ts';
import { verify } from './verify.ts';

const registry = new Registry();

/** The problems of a launch that binds `a` and `b`, or views of them, to buffers of the given access. */
function check(access: string[], args: ('a' | 'b' | 'view of a')[]): string[] {
  const k = kernel('k', Object.fromEntries(access.map((a, i) => [`p${i}`, `buffer<u32, ${a}>`])), (b) => b.return());
  const p = program('p', { a: 'GpuBufferHandle', b: 'GpuBufferHandle', n: 'u64', g: 'u32' }, {}, [k], (body, a, b, n, g) => {
    const view = body.get('buffer.slice', [a, n, n], 'GpuBufferHandle');
    body.op('kernel.launch', [g, g, g, ...args.map((name) => ({ a, b, 'view of a': view })[name])], [], { kernel: { kind: 'symbol', name: 'k' } });
    body.return();
  });
  return verify(p, registry).map((e) => `${e.code}: ${e.message}`);
}

describe('launch aliases', () => {
  it('takes different buffers, and one buffer that is only read', () => {
    expect(check(['read', 'write', 'read_write'], ['a', 'b', 'b'].slice(0, 2) as ['a', 'b'])).toHaveLength(1);
    expect(check(['read', 'write'], ['a', 'b'])).toEqual([]);
    expect(check(['read', 'read'], ['a', 'view of a'])).toEqual([]);
  });

  it('refuses one buffer as read and as written, and twice as written', () => {
    expect(check(['read', 'write'], ['a', 'a'])).toEqual(['verify/launch-alias: the launch of `k` binds %0 for reading and for writing, as `p0` and as `p1`']);
    expect(check(['read_write', 'write'], ['view of a', 'a'])).toEqual(['verify/launch-alias: the launch of `k` binds %0 twice for writing, as `p0` and as `p1`']);
  });
});
