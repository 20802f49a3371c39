import { Registry, session } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { arithmetic, arithmeticInJavaScript, arithmeticProgram } from '../../arithmetic.ts';
import { wrongValue } from '../../errors.ts';
import { interleave, rate, rowOf } from '../../harness.ts';
import type { Contestant } from '../../harness.ts';
import type { Row, SuiteOptions } from '../../suite.ts';

const LENGTHS = [{ name: 'cpu-ref/ops', ops: 300 }, { name: 'cpu-ref/ops-1000', ops: 1000 }, { name: 'cpu-ref/ops-3000', ops: 3000 }] as const;
/** Ops of one sample, over all invocations. */
const WORK = 1e8;

/** Straight-line u32 arithmetic on the reference, for kernels of several lengths, against the same in JavaScript. */
export async function* opsRows({ quick }: SuiteOptions): AsyncGenerator<Row> {
  for (const { name, ops } of LENGTHS) yield await opsRow(name, ops, quick);
}

async function opsRow(name: string, ops: number, quick: boolean): Promise<Row> {
  const invocations = quick ? 100 : Math.round(WORK / ops);
  const steps = arithmetic(ops);
  const program = arithmeticProgram(steps);
  const inJavaScript = arithmeticInJavaScript(steps);
  const open = await session({ registry: new Registry().with(cpuRef), backends: ['cpu-ref'], passes: [] });
  try {
    const executable = await open.compile(program);
    const array = Uint32Array.from({ length: invocations }, (_, i) => Math.imul(i, 0x9e3779b1));
    const buffer = await open.buffer(array);
    const work = ops * invocations;
    // Each sample steps its array once more; after a round, both arrays hold the same. The order turns, so they are compared when they have run as often.
    const ran = { reference: 0, javascript: 0 };
    const compare = async () => {
      if (ran.reference !== ran.javascript) return;
      const found = new Uint32Array((await buffer.read()).buffer);
      const wrong = array.findIndex((x, i) => x !== found[i]);
      if (wrong >= 0) throw wrongValue(name, `element ${wrong} is ${found[wrong]} on the reference and ${array[wrong]} in JavaScript`);
    };
    const reference: Contestant = { work, run: () => executable.run({ y: buffer, n: invocations }), check: () => (ran.reference++, compare()) };
    const javascript: Contestant<void> = { work, run: () => inJavaScript(array), check: () => (ran.javascript++, compare()) };
    const [samples = [], peerSamples = []] = await interleave([reference, javascript], quick ? { warmup: 1, rounds: 2 } : { warmup: 3, rounds: 15 });
    return rowOf({
      name, unit: 'ops/s', figure: rate, samples,
      peer: { name: 'the same in one JavaScript loop', samples: peerSamples },
      goals: [{ of: 'value', atLeast: 1e9 }],
      note: `u32 ops, ${ops} in the kernel, ${invocations} invocations`,
    });
  } finally {
    await open.close();
  }
}
