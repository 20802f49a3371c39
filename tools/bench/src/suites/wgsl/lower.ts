import { lowerKernel } from '@sluice/wgsl/lower';
import { arithmetic, arithmeticInJavaScript, arithmeticProgram } from '../../arithmetic.ts';
import { wrongValue } from '../../errors.ts';
import { interleave, rowOf } from '../../harness.ts';
import type { Row } from '../../suite.ts';
import { randomWords } from './random.ts';
import { registry } from './sluice.ts';
import type { Sluice } from './sluice.ts';
import type { Scale } from './workload.ts';

const OPS = 100;
const LENGTH = 1024;
/** Milliseconds. */
const GOAL = 1;

/** What the WGSL of a kernel of 100 ops costs, without its compilation by the device. */
export async function lowerRow(sluice: Sluice, scale: Scale): Promise<Row> {
  const steps = arithmetic(OPS);
  const program = arithmeticProgram(steps);
  await requireRight(sluice, steps, program);
  const [kernel] = program.kernels.values();
  if (kernel === undefined) throw wrongValue('wgsl/lower', 'the program has no kernel');
  const lower = () => lowerKernel(kernel, { registry, features: { f16: false, subgroups: false }, unguarded: false }).code;
  const expected = lower();
  const times = scale === 'quick' ? 2 : 100;
  const [samples = []] = await interleave([{
    work: times,
    run: () => Array.from({ length: times }, lower),
    check: (texts) => {
      if (!(texts as readonly string[]).every((text) => text === expected)) throw wrongValue('wgsl/lower', 'the same kernel gives different text');
    },
  }], scale === 'quick' ? { warmup: 0, rounds: 2 } : { warmup: 3, rounds: 20 });
  return rowOf({
    name: 'wgsl/lower', unit: 'ms', figure: (seconds) => seconds * 1e3, samples, goals: [{ of: 'value', atMost: GOAL }],
    note: `a kernel of ${OPS} ops of u32, ${expected.split('\n').length} lines of WGSL`,
  });
}

/** The text computes what the kernel says. */
async function requireRight(sluice: Sluice, steps: ReturnType<typeof arithmetic>, program: ReturnType<typeof arithmeticProgram>): Promise<void> {
  const expected = randomWords(LENGTH);
  const y = await sluice.buffer(expected);
  await (await sluice.compile(program)).run({ y, n: LENGTH });
  arithmeticInJavaScript(steps)(expected);
  const found = new Uint32Array((await y.read()).buffer);
  await y.close();
  const wrong = expected.findIndex((x, i) => x !== found[i]);
  if (wrong >= 0) throw wrongValue('wgsl/lower', `element ${wrong} is ${found[wrong]}, expected ${expected[wrong]}`);
}
