import { buffer, control, defineKernel, defineProgram, kernel, Registry, session, u32 } from '@sluice/core';
import type { Program } from '@sluice/core';
import { cpuRef } from '@sluice/cpu-ref/plugin';
import type { CpuRefOptions } from '@sluice/cpu-ref/plugin';
import { wrongValue } from '../../errors.ts';
import { interleave, microseconds, rowOf } from '../../harness.ts';
import type { Contestant, Goal } from '../../harness.ts';
import type { Row, SuiteOptions } from '../../suite.ts';

const WORKGROUP = 64;
const AT_MOST: readonly Goal[] = [{ of: 'ratio', atMost: 20 }];
const DETECT: CpuRefOptions = { detect: ['races', 'uninitialised'] };

/** A program of one launch of `n` invocations. It leaves in every element of `y`, which is 0 at first, what `expected` says after so many runs. */
interface Subject {
  readonly name: string;
  readonly note: string;
  readonly invocations: number;
  readonly program: Program<{ readonly y: 'GpuBufferHandle'; readonly n: 'u32' }>;
  readonly expected: (runs: number) => number;
}

/** Nearly nothing but accesses to a buffer. */
const step = defineKernel('step', { params: { y: 'buffer<u32, read_write>' }, workgroup: WORKGROUP }, ({ y }, { global: { x } }) => {
  y.store(x, y.load(x).add(1));
});
/** Rounds of a workgroup that hands its values around in memory of its own, with a loop, barriers and a branch. */
const ROUNDS = 16;
const around = defineKernel('around', { params: { y: 'buffer<u32, read_write>' }, workgroup: WORKGROUP }, ({ y }, { global: { x }, local }) => {
  const shared = buffer.workgroup('u32', WORKGROUP);
  const sum = control.for({ to: ROUNDS }, y.load(x), (i, sum) => {
    shared.store(local.x, sum);
    control.barrier();
    const next = shared.load(local.x.add(i).rem(WORKGROUP));
    control.barrier();
    return sum.add(control.if(i.and(1).eq(0), () => next, () => u32(1)));
  });
  y.store(x, sum);
});

const subjects: readonly Subject[] = [
  {
    name: 'cpu-ref/detect', note: 'one invocation of a load, an add and a store', invocations: 640_000, expected: (runs) => runs,
    program: defineProgram('steps', { y: 'GpuBufferHandle', n: 'u32' }, ({ y, n }) => kernel.launch(step, n, { y })),
  },
  {
    name: 'cpu-ref/detect-workgroup', note: `one invocation of ${ROUNDS} rounds of a store, a load and two barriers in workgroup memory`, invocations: 38_400, expected: handedAround,
    program: defineProgram('rounds', { y: 'GpuBufferHandle', n: 'u32' }, ({ y, n }) => kernel.launch(around, n, { y })),
  },
];

/** The same in JavaScript. Every workgroup starts with equal values, so every invocation has the same. */
function handedAround(runs: number): number {
  let value = 0;
  for (let i = 0; i < runs * ROUNDS; i++) value = (value + (i % 2 === 0 ? value : 1)) >>> 0;
  return value;
}

/** One launch with every detector on, against the same in the plain mode. */
export async function* detectRows({ quick }: SuiteOptions): AsyncGenerator<Row> {
  for (const subject of subjects) {
    const invocations = quick ? 640 : subject.invocations;
    const [detecting, plain] = [await contestant(subject, invocations, DETECT), await contestant(subject, invocations, {})];
    try {
      const [samples = [], peerSamples = []] = await interleave([detecting.contestant, plain.contestant], quick ? { warmup: 1, rounds: 2 } : { warmup: 3, rounds: 15 });
      yield rowOf({
        name: subject.name, unit: 'us', figure: microseconds, samples,
        peer: { name: 'the plain mode', samples: peerSamples }, goals: AT_MOST,
        note: `${subject.note}, of ${invocations}, with races and uninitialised reads looked for`,
      });
    } finally {
      await detecting.close();
      await plain.close();
    }
  }
}

async function contestant({ name, program, expected }: Subject, n: number, options: CpuRefOptions): Promise<{ readonly contestant: Contestant; close(): Promise<void> }> {
  const open = await session({ registry: new Registry().with(cpuRef(options)), backends: ['cpu-ref'], passes: [] });
  const executable = await open.compile(program);
  const y = await open.buffer(new Uint32Array(n));
  let runs = 0;
  const check = async () => {
    runs++;
    const right = expected(runs);
    const wrong = new Uint32Array((await y.read()).buffer).find((value) => value !== right);
    if (wrong !== undefined) throw wrongValue(name, `an element is ${wrong} after ${runs} runs, expected ${right}`);
  };
  return { contestant: { work: n, run: () => executable.run({ y, n }), check }, close: () => open.close() };
}
