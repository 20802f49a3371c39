import { deserialize, serialize } from 'node:v8';
import { decode, encode, equal, optimize, parse, place, print, Registry, verify } from '@sluice/core';
import type { Placement, ProgramIr } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { wrongValue } from '../../errors.ts';
import { growthOf, interleave, rate, rowOf, worstGrowth } from '../../harness.ts';
import type { Contestant, Goal, Rounds } from '../../harness.ts';
import { copyOf, mixedProgram, opsIn, valueUsesIn } from '../../programs.ts';
import type { Row, SuiteOptions } from '../../suite.ts';

const SIZE = 100_000;
/** Sizes at which growth is taken; the worst of the larger ones over the smallest is reported. */
const SIZES = [125_000, 250_000, 500_000, 1_000_000] as const;
const FAST: readonly Goal[] = [{ of: 'value', atLeast: 1e6 }];
const FASTER: readonly Goal[] = [{ of: 'value', atLeast: 3e6 }];
const GOALS = { build: FAST, verify: FAST, print: FAST, parse: FAST, optimize: [{ of: 'value', atLeast: 3e5 }], plan: FAST, 'wire-encode': FASTER, 'wire-decode': FASTER } as const satisfies Readonly<Record<string, readonly Goal[]>>;
const STATIONS = Object.keys(GOALS) as readonly (keyof typeof GOALS)[];
/** A walk that does nothing grows too, by what caches and the garbage collector add. */
const LINEAR: readonly Goal[] = [{ of: 'ratio', atMost: 1.3 }];

/** Building, verifying, optimizing and planning one large program, writing it as text and bytes and reading it back: ops a second, and how an op's time grows with the program. */
export async function* programRows({ quick }: SuiteOptions): AsyncGenerator<Row> {
  const size = quick ? SIZE / 50 : SIZE;
  const registry = new Registry().with(cpuRef).with(fs);
  const small = subject(size, registry);
  const rounds = quick ? { warmup: 1, rounds: 2 } : { warmup: 4, rounds: 15 };
  const fewer = quick ? { warmup: 0, rounds: 2 } : { warmup: 1, rounds: 5 };
  for (const station of STATIONS) {
    const { contestant, peer, peerName } = small[station];
    const [samples = [], peerSamples = []] = await interleave([contestant, peer], rounds);
    yield rowOf({ name: `core/${station}`, unit: 'ops/s', figure: rate, samples, peer: { name: peerName, samples: peerSamples }, goals: GOALS[station] });
  }
  yield* growthRows(quick ? SIZES.map((n) => n / 50) : SIZES, registry, fewer);
}

/** One larger program at a time beside the smallest: a heap full of all of them would slow each. */
async function* growthRows([smallest = 0, ...larger]: readonly number[], registry: Registry, rounds: Rounds): AsyncGenerator<Row> {
  const small = subject(smallest, registry);
  const growths = new Map(STATIONS.map((station) => [station, new Map<string, Row>()]));
  for (const size of larger) {
    const large = subject(size, registry);
    for (const [station, rows] of growths) {
      const [s, l] = [small[station], large[station]];
      const times = Math.round(size / smallest);
      const [smaller = [], bigger = [], peerSmaller = [], peerBigger = []] = await interleave([repeated(s.contestant, times), l.contestant, repeated(s.peer, times), l.peer], rounds);
      rows.set(`${large.work} ops`, growthOf({ name: `core/${station}-growth`, smaller, larger: bigger, peer: { name: s.peerName, smaller: peerSmaller, larger: peerBigger }, goals: LINEAR }));
    }
  }
  for (const rows of growths.values()) yield worstGrowth(rows, `time of an op over that in a program of ${small.work} ops`);
}

interface Station {
  readonly contestant: Contestant;
  readonly peer: Contestant;
  readonly peerName: string;
}

/** The stations over one program of about `ops` ops. */
function subject(ops: number, registry: Registry): { readonly work: number } & Readonly<Record<keyof typeof GOALS, Station>> {
  const program = mixedProgram(ops);
  const work = opsIn(program);
  const uses = valueUsesIn(program);
  const rightSize = (row: string) => (made: ProgramIr) => {
    if (opsIn(made) !== work || valueUsesIn(made) !== uses) throw wrongValue(row, `gave ${opsIn(made)} ops with ${valueUsesIn(made)} uses of values, expected ${work} with ${uses}`);
  };
  const walk: Contestant<number> = {
    work,
    run: () => valueUsesIn(program),
    check(found) {
      if (found !== uses) throw wrongValue('the walk over the ops', `met ${found} uses of values, expected ${uses}`);
    },
  };
  const build: Contestant<ProgramIr> = { work, run: () => mixedProgram(ops), check: (made) => (rightSize('core/build')(made), verifies('core/build', made, registry)) };
  const copy: Contestant<ProgramIr> = { work, run: () => copyOf(program), check: rightSize('the copy of the ops') };
  const verifying: Contestant<ReturnType<typeof verify>> = {
    work,
    run: () => verify(program, registry),
    check(problems) {
      if (problems.length > 0) throw wrongValue('core/verify', `${problems.length} problems in a valid program, the first: ${problems[0]?.message}`);
    },
  };
  const optimizing: Contestant<ProgramIr> = {
    work,
    run: () => optimize(program, { registry }),
    check(made) {
      if (opsIn(made) >= work) throw wrongValue('core/optimize', `left ${opsIn(made)} of ${work} ops`);
      verifies('core/optimize', made, registry);
    },
  };
  const planning: Contestant<Placement> = { work, run: () => place(program, { registry, backends: ['fs', 'cpu-ref'] }), check: (placement) => isPlaced(placement, program) };
  const bytes = encode(program, { registry });
  const serialized = serialize({ ...program });
  const encoding: Contestant<Uint8Array> = { work, run: () => encode(program, { registry }), check: (made) => isSame('core/wire-encode', decode(made), program) };
  const decoding: Contestant<ProgramIr> = { work, run: () => decode(bytes, { registry }), check: (made) => isSame('core/wire-decode', made, program) };
  const serializing: Contestant<Buffer> = {
    work,
    run: () => serialize({ ...program }),
    check(made) {
// Read back only where the bytes are others, as V8 of Node 26 may give them: it takes seconds.
      if (!made.equals(serialized)) isSame('v8.serialize', deserialize(made) as ProgramIr, program);
    },
  };
  const deserializing: Contestant<ProgramIr> = { work, run: () => deserialize(serialized) as ProgramIr, check: (made) => isSame('v8.deserialize', made, program) };
  const text = flat(print(program));
  const printing: Contestant<string> = {
    work,
    run: () => flat(print(program)),
    check(made) {
      if (made !== text) throw wrongValue('core/print', 'gave another text than before');
    },
  };
  const parsing: Contestant<ProgramIr> = { work, run: () => parse(text, registry), check: (made) => isSame('core/parse', made, program) };
  const walked = { peer: walk, peerName: 'a bare walk over the ops' };
  return {
    work,
    build: { contestant: build, peer: copy, peerName: 'the ops copied as object literals' },
    verify: { contestant: verifying, ...walked },
    print: { contestant: printing, ...walked },
    parse: { contestant: parsing, peer: copy, peerName: 'the ops copied as object literals' },
    optimize: { contestant: optimizing, ...walked },
    plan: { contestant: planning, ...walked },
    'wire-encode': { contestant: encoding, peer: serializing, peerName: 'v8.serialize' },
    'wire-decode': { contestant: decoding, peer: deserializing, peerName: 'v8.deserialize' },
  };
}

/** As many runs in a sample as make up for the smaller size: both leave as much for the garbage collector. */
function repeated({ work, run, check }: Contestant, times: number): Contestant {
  return {
    work: work * times,
    run: async () => {
      for (let i = 1; i < times; i++) await run();
      return run();
    },
    check,
  };
}

function verifies(row: string, program: ProgramIr, registry: Registry): void {
  const [problem] = verify(program, registry);
  if (problem !== undefined) throw wrongValue(row, `what was built does not verify: ${problem.message}`);
}

/** A string that is concatenated is not in one piece until it is read. */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}

function isSame(row: string, made: ProgramIr, program: ProgramIr): void {
  if (!equal(made, program)) throw wrongValue(row, 'gave another program than the one that was written');
}

/** Every kernel on the reference, every transfer on fs. */
function isPlaced({ ops }: Placement, program: ProgramIr): void {
  const on = (backend: string) => ops.filter((o) => o.backend === backend).map((o) => o.op).sort().join(' ');
  const kernels = program.kernels.map((k) => `kernel ${k.name}`).sort().join(' ');
  if (on('cpu-ref') !== kernels || on('fs') !== 'io.dma_from_nvme io.write_back_to_nvme') throw wrongValue('core/plan', `the placement is ${JSON.stringify(ops)}`);
}
