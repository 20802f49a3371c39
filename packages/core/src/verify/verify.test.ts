import { describe, expect, it } from 'vitest';
import { SluiceError } from '../diagnostics/error.ts';
import { Registry } from '../registry/registry.ts';
import { kernel, program } from './ir-fixture.ts';
import { LIMITS } from './limits.ts';
import { chunks, reduction, searching, uniformLoops } from './valid-fixture.ts';
import { verified, verify, verifyKernel } from './verify.ts';

const registry = new Registry();

function thrownBy(act: () => void): SluiceError {
  try {
    act();
  } catch (e) {
    if (e instanceof SluiceError) return e;
  }
  throw new Error('no SluiceError was thrown');
}

describe('valid IR', () => {
  it.each([searching, reduction, uniformLoops])('takes kernel %o', (make) => {
    expect(verifyKernel(make(), registry)).toEqual([]);
  });

  it('takes a program with files, kernels, loops and handles', () => {
    expect(verify(chunks(), registry)).toEqual([]);
    verified(chunks(), registry);
  });

  it('takes an empty program and kernel', () => {
    expect(verify(program('empty', {}, {}, [kernel('k', {}, (b) => b.return())], (b) => b.return()), registry)).toEqual([]);
  });

  it('takes regions, and ops without results, that stand in several places', () => {
    const k = kernel('k', { yes: 'bool' }, (b, yes) => {
      const shared = b.region([], () => {
        b.barrier();
        b.yield();
      });
      b.op('control.if', [yes], [], {}, [shared, shared]);
      b.return();
    });
    expect(verifyKernel(k, registry)).toEqual([]);
  });
});

describe('what is reported', () => {
  const invalid = () => program('sums', { n: 'u64' }, {}, [
    kernel('one', { n: 'u32' }, (b, n) => {
      b.spans.set(b.op('arith.add', [n, n], ['i32']), { file: 'sums.ts', line: 4, column: 9 });
      b.return();
    }),
    { ...searching(), workgroup: [0, 1, 1] },
  ], (b, n) => {
    b.op('control.for', [n, n, n], [], {}, [b.region(['u64'], (i) => {
      b.get('buffer.alloc', [i], 'GpuBufferHandle', { init: { kind: 'enum', value: 'ones' } });
      b.get('mem.zerocopy_map', [i], 'GpuBufferHandle');
      b.yield();
    })]);
    b.return();
  });

  it('is all that is wrong, in program order, with code, message, fix and place', () => {
    expect(verify(invalid(), registry).map(({ code, message, fix, where }) => ({ code, message, fix, where }))).toMatchInlineSnapshot(`
      [
        {
          "code": "verify/result-type",
          "fix": "give the result the type that the op gives",
          "message": "\`arith.add\`: result \`result\` is i32, the op gives u32",
          "where": {
            "kernel": "one",
            "op": "arith.add",
            "path": "arith.add[0]",
            "program": "sums",
            "span": {
              "column": 9,
              "file": "sums.ts",
              "line": 4,
            },
          },
        },
        {
          "code": "verify/workgroup-size",
          "fix": "give three positive whole numbers; 1 for a dimension that is not used",
          "message": "kernel \`searching\` has a workgroup of 0 x 1 x 1: 0 is not a whole number from 1 to 65536",
          "where": {
            "kernel": "searching",
            "program": "sums",
            "span": undefined,
          },
        },
        {
          "code": "verify/attribute",
          "fix": "give \`init\` one of zero, none",
          "message": "\`buffer.alloc\`: attribute \`init\` is \`ones\`, expected one of zero, none",
          "where": {
            "kernel": undefined,
            "op": "buffer.alloc",
            "path": "control.for[0]/body/buffer.alloc[0]",
            "program": "sums",
            "span": undefined,
          },
        },
        {
          "code": "verify/operand-type",
          "fix": "give what the op takes; arith.cast converts between scalar types",
          "message": "\`mem.zerocopy_map\`: operand \`fd\` is u64, expected i32",
          "where": {
            "kernel": undefined,
            "op": "mem.zerocopy_map",
            "path": "control.for[0]/body/mem.zerocopy_map[1]",
            "program": "sums",
            "span": undefined,
          },
        },
      ]
    `);
  });

  it('is thrown as one error by verified', () => {
    const error = thrownBy(() => verified(invalid(), registry));
    expect(error.code).toBe('verify/invalid');
    expect(error.family).toBe('program');
    expect(error.problems.map((p) => p.code)).toEqual(['verify/result-type', 'verify/workgroup-size', 'verify/attribute', 'verify/operand-type']);
    expect(error.message).toMatchInlineSnapshot(`
      "program \`sums\` does not verify, 4 problems:
        verify/result-type: \`arith.add\`: result \`result\` is i32, the op gives u32
        verify/workgroup-size: kernel \`searching\` has a workgroup of 0 x 1 x 1: 0 is not a whole number from 1 to 65536
        verify/attribute: \`buffer.alloc\`: attribute \`init\` is \`ones\`, expected one of zero, none
        verify/operand-type: \`mem.zerocopy_map\`: operand \`fd\` is u64, expected i32"
    `);
  });

  it('is thrown with its one problem where there is but one', () => {
    const error = thrownBy(() => verified(program('p', {}, {}, [], (b) => b.barrier()), registry));
    expect(error.code).toBe('verify/invalid');
    expect(error.problems).toHaveLength(2);
    const single = thrownBy(() => verified(program('p', {}, {}, [], () => {}), registry));
    expect(single.message).toBe('program `p` does not verify: verify/terminator: region `body` is empty');
    expect(single.problems.map((p) => p.code)).toEqual(['verify/terminator']);
  });

  it('stops at a hundred, and says that there are more', () => {
    const noisy = (faults: number) => kernel('k', { n: 'u32' }, (b, n) => {
      for (let i = 0; i < faults; i++) b.get('arith.neg', [n], 'f32');
      b.return();
    });
    expect(verifyKernel(noisy(LIMITS.problems), registry).map((p) => p.code)).toEqual(new Array(LIMITS.problems).fill('verify/result-type'));
    const many = verifyKernel(noisy(100_000), registry);
    expect(many).toHaveLength(LIMITS.problems + 1);
    expect(many.at(-1)?.message).toBe('there are more problems than the 100 listed');
  });
});
