import { defineKernel, defineProgram, kernel, Registry, session } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { wrongValue } from '../../errors.ts';
import { interleave, microseconds, rowOf } from '../../harness.ts';
import type { Contestant } from '../../harness.ts';
import type { Row, SuiteOptions } from '../../suite.ts';

const LENGTH = 64;
/** A linear congruential step, so that every run shows in the values. */
const [FACTOR, TERM] = [1664525, 1013904223];

const step = defineKernel('step', { params: { y: 'buffer<u32, read_write>' }, workgroup: LENGTH }, ({ y }, { global: { x } }) => {
  y.store(x, y.load(x).mul(FACTOR).add(TERM));
});
const program = defineProgram('launch', { y: 'GpuBufferHandle' }, ({ y }) => kernel.launch(step, LENGTH, { y }));

/** One run of a compiled program with one small launch, to its end, against a call of the same in JavaScript. */
export async function launchRow({ quick }: SuiteOptions): Promise<Row> {
  const open = await session({ registry: new Registry().with(cpuRef), backends: ['cpu-ref'] });
  try {
    const executable = await open.compile(program);
    const buffer = await open.buffer(start());
    const [runs, calls] = quick ? [5, 50] : [500, 500_000];
    const ran: Contestant<void> = {
      work: runs,
      run: async () => {
        for (let i = 0; i < runs; i++) await executable.run({ y: buffer });
      },
      check: following('core/launch', runs, async () => new Uint32Array((await buffer.read()).buffer)),
    };
    const array = start();
    const called: Contestant<void> = {
      work: calls,
      run: () => {
        for (let i = 0; i < calls; i++) byHand(array);
      },
      check: following('the JavaScript function', calls, () => Promise.resolve(array)),
    };
    const [samples = [], peerSamples = []] = await interleave([ran, called], quick ? { warmup: 1, rounds: 2 } : { warmup: 3, rounds: 15 });
    return rowOf({
      name: 'core/launch', unit: 'us', figure: microseconds, samples,
      peer: { name: 'a JavaScript function on the same array', samples: peerSamples },
      note: `one run of a program that launches ${LENGTH} invocations; all of it but the peer's time is overhead`,
    });
  } finally {
    await open.close();
  }
}

function start(): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: LENGTH }, (_, i) => i);
}

function byHand(y: Uint32Array): void {
  for (let i = 0; i < y.length; i++) y[i] = Math.imul(y[i] ?? 0, FACTOR) + TERM;
}

/** A check that follows along: the values after each sample are the start's, stepped as often as there were runs. */
function following(row: string, runs: number, read: () => Promise<Uint32Array>): () => Promise<void> {
  const expected = start();
  return async () => {
    // n steps at once: x -> factor^n x + term (factor^(n-1) + ... + 1)
    let [factor, term] = [1, 0];
    for (let i = 0; i < runs; i++) [factor, term] = [Math.imul(factor, FACTOR), Math.imul(term, FACTOR) + TERM];
    for (const [i, x] of expected.entries()) expected[i] = Math.imul(x, factor) + term;
    const found = await read();
    const wrong = expected.findIndex((x, i) => x !== found[i]);
    if (wrong >= 0) throw wrongValue(row, `element ${wrong} is ${found[wrong]}, expected ${expected[wrong]}`);
  };
}
