import { defineKernel, defineProgram, kernel, Registry, session } from '@sluice/core';
import { cpuRef } from '@sluice/cpu-ref/plugin';
import type { CpuRefOptions } from '@sluice/cpu-ref/plugin';
import { wrongValue } from '../../errors.ts';
import { interleave, microseconds, rowOf } from '../../harness.ts';
import type { Contestant, Goal } from '../../harness.ts';
import type { Row, SuiteOptions } from '../../suite.ts';

const WORKGROUP = 64;
const AT_MOST: readonly Goal[] = [{ of: 'ratio', atMost: 20 }];

/** Nearly nothing but accesses: what the detectors cost most. */
const step = defineKernel('step', { params: { y: 'buffer<u32, read_write>' }, workgroup: WORKGROUP }, ({ y }, { global: { x } }) => {
  y.store(x, y.load(x).add(1));
});
const program = defineProgram('steps', { y: 'GpuBufferHandle', n: 'u32' }, ({ y, n }) => kernel.launch(step, n, { y }));

/** One launch with every detector on, against the same in the plain mode. */
export async function detectRow({ quick }: SuiteOptions): Promise<Row> {
  const invocations = quick ? 640 : 640_000;
  const [detecting, plain] = [await contestant(invocations, { detect: ['races', 'uninitialised'] }), await contestant(invocations, {})];
  try {
    const [samples = [], peerSamples = []] = await interleave([detecting.contestant, plain.contestant], quick ? { warmup: 1, rounds: 2 } : { warmup: 3, rounds: 15 });
    return rowOf({
      name: 'cpu-ref/detect', unit: 'us', figure: microseconds, samples,
      peer: { name: 'the plain mode', samples: peerSamples }, goals: AT_MOST,
      note: `one invocation of a load, an add and a store, of ${invocations}, with races and uninitialised reads looked for`,
    });
  } finally {
    await detecting.close();
    await plain.close();
  }
}

async function contestant(n: number, options: CpuRefOptions): Promise<{ readonly contestant: Contestant; close(): Promise<void> }> {
  const open = await session({ registry: new Registry().with(cpuRef(options)), backends: ['cpu-ref'], passes: [] });
  const executable = await open.compile(program);
  const y = await open.buffer(new Uint32Array(n));
  let runs = 0;
  const check = async () => {
    runs++;
    const wrong = new Uint32Array((await y.read()).buffer).find((value) => value !== runs);
    if (wrong !== undefined) throw wrongValue('cpu-ref/detect', `an element is ${wrong} after ${runs} runs`);
  };
  return { contestant: { work: n, run: () => executable.run({ y, n }), check }, close: () => open.close() };
}
