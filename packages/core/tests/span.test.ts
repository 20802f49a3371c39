import { describe, expect, test } from 'vitest';
import { buffer, control, defineKernel, defineProgram, kernel, opId, u32, u64, walkOps } from '../src/index.ts';
import type { Body } from '../src/index.ts';

/** The lines of the ops that have spans, less the line of `from`, by op id. */
function linesOf(body: Body, from: number | undefined): readonly string[] {
  return [...walkOps(body.region)].flatMap((op) => {
    const span = body.debug.spans.get(op);
    if (span === undefined) return [];
    expect(span.file).toContain('span.test.ts');
    return [`${opId(body, op)} +${span.line - (from ?? 0)}`];
  });
}

const empty = defineKernel('empty', { params: {}, workgroup: 1 }, () => {});

const program = defineProgram('p', { n: 'u64' }, ({ n }) => {
  const scratch = buffer.alloc('u32', n);
  control.if(n.eq(0), () => {
    kernel.launch(empty, 1, {});
  });
  buffer.fill(scratch, u32(7));
  control.while(u64(1), (i) => i.lt(n), (i) => i.add(1));
});

const counting = (spans: 'coarse' | 'op') => defineKernel('k', { params: { n: 'u32' }, workgroup: 1, spans }, ({ n }) => {
  control.for({ to: n }, u32(0), (_, sum) => sum.add(n));
});

describe('the author\'s lines', () => {
  test('of the ops of a host body, also when they are first read long after', () => {
    expect(linesOf(program.body, program.span?.line)).toEqual(['buffer.alloc +1', 'control.if +2', 'kernel.launch +3', 'buffer.fill +5', 'control.while +6']);
    expect(program.body.debug.spans).toBe(program.body.debug.spans);
  });

  test('of the ops of a kernel on request alone, whatever calls stand between', () => {
    expect(linesOf(counting('coarse').body, 0)).toEqual([]);
    const spanned = counting('op');
    const [first, ...rest] = linesOf(spanned.body, spanned.span?.line);
    expect(first).toBe('arith.constant +1'); // the initial value; the loop's bounds are literals too
    expect(rest).toEqual(expect.arrayContaining(['control.for +1', 'arith.add +1', 'control.yield +1']));
  });

  test('go with a clone', () => {
    const clone = structuredClone({ ...program, kernels: [] });
    expect(linesOf(clone.body, program.span?.line)).toEqual(linesOf(program.body, program.span?.line));
  });
});
