import { describe, expect, it } from 'vitest';
import { Registry } from '../registry/registry.ts';
import type { BodyBuilder } from './ir-fixture.ts';
import { program } from './ir-fixture.ts';
import { verify } from './verify.ts';

const registry = new Registry();

function check(fill: (b: BodyBuilder, handle: number, yes: number, n: number) => void): string[] {
  const p = program('p', { fd: 'fd:rw', yes: 'bool', n: 'u64' }, {}, [], (b, fd, yes, n) => {
    const handle = b.get('mem.zerocopy_map', [fd], 'GpuBufferHandle');
    b.names.set(handle, 'map');
    fill(b, handle, yes, n);
    b.return();
  });
  return verify(p, registry).map((e) => `${e.code}: ${e.message} [${e.where?.path}]`);
}

describe('use after free', () => {
  it('refuses a use and a second end, in the same region and in ones within', () => {
    expect(check((b, handle, yes) => {
      b.op('mem.unmap', [handle]);
      b.get('buffer.byte_length', [handle], 'u64');
      b.if(yes, () => {
        b.op('mem.unmap', [handle]);
        b.yield();
      });
    })).toEqual([
      'verify/use-after-free: `buffer.byte_length` uses %map after `mem.unmap` (mem.unmap[1]) ended it [buffer.byte_length[2]]',
      'verify/use-after-free: `mem.unmap` ends %map a second time after `mem.unmap` (mem.unmap[1]) ended it [control.if[3]/then/mem.unmap[0]]',
    ]);
  });

  it('counts a view as its base', () => {
    expect(check((b, handle, _, n) => {
      const view = b.get('buffer.slice', [handle, n, n], 'GpuBufferHandle');
      const inner = b.get('buffer.slice', [view, n, n], 'GpuBufferHandle');
      b.op('buffer.free', [handle]);
      b.op('buffer.copy', [inner, inner]);
    })).toEqual([
      'verify/use-after-free: `buffer.copy` uses %5, a view of %map, after `buffer.free` (buffer.free[3]) ended it [buffer.copy[4]]',
      'verify/use-after-free: `buffer.copy` uses %5, a view of %map, after `buffer.free` (buffer.free[3]) ended it [buffer.copy[4]]',
    ]);
  });

  it('leaves to the run what depends on the way taken', () => {
    expect(check((b, handle, yes) => {
      b.if(yes, () => {
        b.op('mem.unmap', [handle]);
        b.yield();
      }, () => {
        b.get('buffer.byte_length', [handle], 'u64');
        b.yield();
      });
      b.get('buffer.byte_length', [handle], 'u64');
    })).toEqual([]);
  });
});
