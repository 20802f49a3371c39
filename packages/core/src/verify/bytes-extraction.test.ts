import { describe, expect, it } from 'vitest';
import { defineDialect, defineOp } from '../ops/op.ts';
import type { OpSpec } from '../ops/op.ts';
import { definePlugin } from '../registry/plugin.ts';
import { Registry } from '../registry/registry.ts';
import { kernel, program } from './ir-fixture.ts';
import { verify } from './verify.ts';

const data = { name: 'data', type: 'GpuBufferHandle' };

/** The problems of a program with one op of that record, on a handle. */
function check(spec: Pick<OpSpec, 'operands' | 'results' | 'effects' | 'attrs'>, declared: boolean, results: string[] = []): string[] {
  const op = defineOp({ id: 'acme.op', dialect: 'acme', version: '1.0.0', summary: 'Under test.', category: 'extension', level: 'host', bytesExtraction: declared, ...spec });
  const plugin = definePlugin({ name: 'acme', version: '1.0.0', api: 1, register: ({ dialect }) => dialect(defineDialect({ id: 'acme', version: '1.0.0', ops: [op] })) });
  const k = kernel('k', { data: 'buffer<u32, read>' }, (b) => b.return());
  const attrs = spec.attrs === undefined ? {} : { kernel: { kind: 'symbol', name: 'k' } as const };
  const p = program('p', { handle: 'GpuBufferHandle' }, {}, [k], (b, h) => {
    b.op('acme.op', [h], results, attrs);
    b.return();
  });
  return verify(p, new Registry().with(plugin)).map((e) => `${e.code}: ${e.message}`);
}

describe('bytes extraction', () => {
  it('refuses an op that takes or gives typed elements and does not declare it', () => {
    expect(check({ operands: [data], results: [{ name: 'view', type: 'buffer<u32, read>' }] }, false, ['buffer<u32, read>'])).toEqual([
      'verify/bytes-extraction: `acme.op` gives `view` as typed elements (buffer<u32, read>), and its record does not declare bytesExtraction',
    ]);
  });

  it('refuses an op that reads a handle into a value, or launches kernels on it, and does not declare it', () => {
    const sum = { operands: [data], results: [{ name: 'sum', type: 'u32' }], effects: [{ kind: 'read', on: 'data' }] } as const;
    expect(check(sum, false, ['u32'])).toEqual(['verify/bytes-extraction: `acme.op` reads the bytes of `data` as a u32, and its record does not declare bytesExtraction']);
    expect(check(sum, true, ['u32'])).toEqual([]);
    const launch = { operands: [data], results: [], attrs: { kernel: { kind: 'symbol' } }, effects: [{ kind: 'launch', args: 'data' }] } as const;
    expect(check(launch, false)).toEqual(['verify/bytes-extraction: `acme.op` launches kernels on handles, and its record does not declare bytesExtraction']);
    expect(check(launch, true)).toEqual([]);
  });

  it('takes ops that move handles and no elements', () => {
    expect(check({ operands: [data], results: [], effects: [{ kind: 'read', on: 'data' }] }, false)).toEqual([]);
    expect(check({ operands: [data], results: [{ name: 'copy', type: 'GpuBufferHandle' }], effects: [{ kind: 'read', on: 'data' }] }, false, ['GpuBufferHandle'])).toEqual([]);
  });
});
