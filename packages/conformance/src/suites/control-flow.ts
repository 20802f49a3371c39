import { buffer, control, defineKernel, defineProgram, kernel, u32, u64 } from '@sluice/core';
import { suite } from '../runner/suite.ts';
import type { Case } from '../runner/suite.ts';
import { execute } from './execute.ts';
import { expectNumbers, expectValue } from './expect.ts';

const COUNT = 40;

/** Steps to 1 by halving and 3n + 1. */
const collatz = defineKernel('collatz', { params: { out: 'buffer<u32, write>' }, workgroup: 8 }, ({ out }, { global }) => {
  const { steps } = control.while({ n: global.x.add(1), steps: u32(0) }, ({ n }) => n.ne(1), ({ n, steps: before }) => ({ n: control.if(n.and(1).eq(0), () => n.shr(1), () => n.mul(3).add(1)), steps: before.add(1) }));
  out.store(global.x, steps);
});
function stepsOf(start: number): number {
  let steps = 0;
  for (let n = start; n !== 1; n = n % 2 === 0 ? n / 2 : n * 3 + 1) steps++;
  return steps;
}

/** Each invocation skips some rounds, leaves at another one, and some of them end before that. */
const leaving = defineKernel('leaving', { params: { out: 'buffer<u32, write>' }, workgroup: 8 }, ({ out }, { global }) => {
  const sum = control.for({ to: 20 }, u32(0), (i, before) => {
    control.if(i.rem(3).eq(global.x.rem(3)), () => control.continue(before));
    control.if(i.gt(global.x), () => control.break(before.add(1000)));
    return before.add(i);
  });
  control.if(global.x.rem(5).eq(4), () => control.return());
  out.store(global.x, sum);
});
function sumOf(x: number): number {
  let sum = 0;
  for (let i = 0; i < 20; i++) {
    if (i % 3 === x % 3) continue;
    if (i > x) return sum + 1000;
    sum += i;
  }
  return sum;
}

/** Break and continue of the inner loop and of the outer one, from a while. */
const nested = defineKernel('nested', { params: { out: 'buffer<u32, write>' }, workgroup: 8 }, ({ out }, { global }) => {
  const last = control.while({ i: u32(0), sum: u32(0) }, ({ i }) => i.lt(10), ({ i, sum }) => {
    const inner = control.for({ from: i, to: global.x }, sum, (k, before) => {
      control.if(k.eq(7), () => control.break(before));
      return before.add(k);
    });
    control.if(inner.gt(50), () => control.break({ i, sum: inner }));
    control.if(i.and(1).eq(1), () => control.continue({ i: i.add(2), sum }));
    return { i: i.add(1), sum: inner };
  });
  out.store(global.x, last.sum.mul(100).add(last.i));
});
function nestedOf(x: number): number {
  let [i, sum] = [0, 0];
  while (i < 10) {
    let inner = sum;
    for (let k = i; k < x && k !== 7; k++) inner += k;
    if (inner > 50) return inner * 100 + i;
    if (i % 2 === 1) i += 2;
    else [i, sum] = [i + 1, inner];
  }
  return sum * 100 + i;
}

/** Trips of loops at the ends of their range: an index never wraps. */
const trips = defineKernel('trips', { params: { out: 'buffer<u32, write>', from: 'buffer<u32, read>' }, workgroup: 1 }, ({ out, from }) => {
  const one = from.load(0);
  const count = (to: number, start: number, step: number) => control.for({ from: one.mul(start), to: u32(to), step }, u32(0), (_, n) => n.add(1));
  const signed = (start: number, to: number, step: number) => control.for({ from: one.to('i32').mul(start), to, step }, u32(0), (_, n) => n.add(1));
  const all = [count(5, 5, 1), count(5, 6, 1), count(7, 0, 3), count(0xffffffff, 0xfffffff0, 4), count(0xffffffff, 0xfffffffe, 0xffffffff), signed(3, -4, -2), signed(-3, 4, 1), signed(-3, -3, -1), signed(0x7ffffffd, 0x7fffffff, 3), signed(-0x7fffffff, -0x80000000, -5), signed(5, 0, -0x80000000), signed(0x7fffffff, -0x80000000, -0x80000000)];
  all.forEach((n, i) => out.store(i, n));
});

const perInvocation = (id: string, k: typeof collatz, of: (x: number) => number): Case => ({
  id,
  run: async (bench) => {
    const program = defineProgram('each', {}, () => {
      const out = buffer.alloc('u32', COUNT);
      kernel.launch(k, COUNT, { out });
      return { out };
    });
    expectNumbers('out', (await execute(bench, program, {}))['out'], Array.from({ length: COUNT }, (_, x) => of(x)));
  },
});

const CASES: readonly Case[] = [
  perInvocation('a while whose trips differ between invocations', collatz, (x) => stepsOf(x + 1)),
  perInvocation('continue, break and return', leaving, (x) => (x % 5 === 4 ? 0 : sumOf(x))),
  perInvocation('loops in loops, left from within', nested, nestedOf),
  {
    id: 'trips of loops at the ends of their ranges',
    run: async (bench) => {
      const program = defineProgram('trips', { one: 'GpuBufferHandle' }, ({ one }) => {
        const out = buffer.alloc('u32', 12);
        kernel.launch(trips, 1, { out, from: one });
        return { out };
      });
      expectNumbers('out', (await execute(bench, program, { one: new Uint8Array([1, 0, 0, 0]) }))['out'], [0, 0, 3, 4, 1, 4, 7, 0, 1, 1, 1, 2]);
    },
  },
  {
    id: 'loops and branches of programs launch as often as they say',
    run: async (bench) => {
      const add = defineKernel('add', { params: { out: 'buffer<u32, read_write>', by: 'u32' }, workgroup: 1 }, ({ out, by }) => out.store(0, out.load(0).add(by)));
      const program = defineProgram('host', { n: 'u32' }, ({ n }) => {
        const out = buffer.alloc('u32', 1);
        const rounds = control.while({ left: n, rounds: u64(0) }, ({ left }) => left.gt(0), ({ left, rounds: before }) => {
          control.if(left.eq(2), () => control.continue({ left: left.sub(1), rounds: before }));
          control.if(before.gt(5), () => control.break({ left, rounds: before }));
          kernel.launch(add, 1, { out, by: left });
          return { left: left.sub(1), rounds: before.add(1) };
        });
        return { out, rounds: rounds.rounds };
      });
      for (const [n, sum, rounds] of [[0, 0, 0n], [1, 1, 1n], [3, 4, 2n], [9, 39, 6n]] as const) {
        const found = await execute(bench, program, { n });
        expectNumbers(`out of ${n}`, found['out'], [sum]);
        expectValue(`rounds of ${n}`, found['rounds'], rounds);
      }
    },
  },
];

/** Structured control flow. */
export const controlFlow = suite({ id: 'control/flow', summary: 'Loops, branches and every way out of them, that differ between invocations and at the ends of ranges.', tags: ['compute'], cases: () => CASES });
