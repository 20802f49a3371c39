import { describe, expect, it } from 'vitest';
import { Registry } from '../registry/registry.ts';
import { kernel, program } from './ir-fixture.ts';
import { nearestOps } from './unknown-op.ts';
import { verify, verifyKernel } from './verify.ts';

const registry = new Registry();

describe('unknown ops', () => {
  it('names what comes near, and who provides it', () => {
    const p = program('p', { input: 'fd:r', n: 'u64' }, {}, [], (b, input, n) => {
      b.get('io.dma_from_nvm', [input, n, n], 'GpuBufferHandle');
      b.return();
    });
    expect(verify(p, registry).map((e) => e.toJSON())).toMatchInlineSnapshot(`
      [
        {
          "available": [
            "io.dma_from_nvme",
          ],
          "code": "verify/unknown-op",
          "details": {},
          "family": "program",
          "fix": "correct the name, or import the plugin that declares the op; ops like it are provided by @sluice/io-uring, @sluice/fs, @sluice/gds",
          "message": "\`io.dma_from_nvm\` is not a registered op; did you mean \`io.dma_from_nvme\`?",
          "problems": [],
          "where": {
            "op": "io.dma_from_nvm",
            "path": "io.dma_from_nvm[0]",
            "program": "p",
          },
        },
      ]
    `);
  });

  it('names nobody where nothing comes near', () => {
    expect(nearestOps('acme.convolution', registry)).toEqual([]);
    expect(nearestOps('x'.repeat(100_000), registry)).toEqual([]);
    expect(nearestOps('arith.addd', registry)[0]).toBe('arith.add');
  });

  it('checks what stands within it, and holds nothing else against it', () => {
    const k = kernel('k', { n: 'u32' }, (b, n) => {
      const result = b.op('acme.each', [n], ['u32'], {}, [b.region(['u32'], (i) => {
        b.get('arith.add', [i, b.constant('f32', 0)], 'u32');
        b.op('acme.next', [i]);
      })]).results[0] as number;
      b.get('arith.add', [result, n], 'u32');
      b.return();
    });
    expect(verifyKernel(k, registry).map((e) => `${e.code} [${e.where?.path}]`)).toEqual([
      'verify/unknown-op [acme.each[0]]', 'verify/operand-type [acme.each[0]/region0/arith.add[1]]', 'verify/unknown-op [acme.each[0]/region0/acme.next[2]]',
    ]);
  });
});
