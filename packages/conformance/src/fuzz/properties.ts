import { canonical, decode, defaultPasses, encode, equal, hashOf, isSluiceError, optimize, parse, passIds, print, verify } from '@sluice/core';
import type { ProgramIr, Registry, SluiceError } from '@sluice/core';
import { oracleArgs } from '../generate/program.ts';
import type { GeneratedProgram } from '../generate/program.ts';
import { random } from '../generate/recipe.ts';
import { Bytes, difference } from '../oracle/memory.ts';
import { FileModel, interpret } from '../oracle/oracle.ts';
import type { OracleArg, OracleResult } from '../oracle/oracle.ts';
import type { Bench } from '../runner/suite.ts';
import { agrees } from '../suites/generated.ts';
import { mended, mutateBytes, mutateText } from './mutate.ts';

/** What a property is checked with. */
export interface Checking {
  readonly registry: Registry;
  /** The backend that programs run on, for the property that runs them. */
  readonly bench?: Bench;
  /** Mutants of each program, for properties of mutants. */
  readonly mutants: number;
}

/** Something that holds for every valid program, or for whatever is made of one. */
export interface Property {
  readonly id: string;
  readonly summary: string;
  /** It makes mutants; the others take the program as it is. */
  readonly mutates?: true;
  /** @throws Error where it does not hold */
  check(made: GeneratedProgram, seed: number, with_: Checking): void | Promise<void>;
}

/** Milliseconds for one mutant: it takes far less, and one that hangs takes for ever. */
const BOUND = 10_000;

export const properties: readonly Property[] = [
  {
    id: 'verifies', summary: 'the verifier has nothing to say of it',
    check: ({ program }, _, { registry }) => mustVerify(program, registry),
  },
  {
    id: 'text', summary: 'parse(print(p)) equals p, and printing that gives the same text again',
    check: ({ program }, _, { registry }) => {
      const text = print(program);
      const back = parse(text, registry);
      if (!equal(back, program)) throw new Error('parse(print(p)) is another program');
      if (print(back) !== text) throw new Error('print(parse(text)) is another text');
    },
  },
  {
    id: 'wire', summary: 'decode(encode(p)) equals p, and encoding that gives the same bytes again',
    check: ({ program }, _, { registry }) => {
      const bytes = encode(program, { registry });
      const back = decode(bytes, { registry });
      if (!equal(back, program)) throw new Error('decode(encode(p)) is another program');
      const again = encode(back, { registry });
      if (bytes.length !== again.length || bytes.some((b, i) => b !== again[i])) throw new Error('encode(decode(bytes)) gives other bytes');
    },
  },
  {
    id: 'hash', summary: 'the hash is the same through text, wire and renumbering, and another one for another program',
    check: ({ program }, _, { registry }) => {
      const hash = hashOf(program);
      const others = { 'text': parse(print(program), registry), 'wire': decode(encode(program, { registry }), { registry }), 'canonical form': canonical(program), 'renumbered': renumbered(program) };
      for (const [how, other] of Object.entries(others)) if (hashOf(other) !== hash) throw new Error(`the hash is another one through ${how}`);
      if (hashOf({ ...program, name: `${program.name}_` }) === hash) throw new Error('another name has the same hash');
    },
  },
  {
    id: 'passes', summary: 'what the passes make verifies and gives the same results on the oracle: the default ones in a row, and one by itself',
    check: ({ program, args }, seed, { registry }) => {
      const expected = run(program, args, registry);
      const single = passIds(registry)[seed % passIds(registry).length];
      for (const passes of [defaultPasses, single === undefined ? [] : [single]]) {
        const made = optimize(program, { registry, passes });
        mustVerify(made, registry, `after ${passes.join(', ')}: `);
        const wrong = made === program ? undefined : compare(expected, run(made, args, registry));
        if (wrong !== undefined) throw new Error(`after ${passes.join(', ')}: ${wrong}, in\n${print(made)}`);
      }
    },
  },
  {
    id: 'runs', summary: 'the backend gives what the oracle gives',
    check: (made, _, { bench }) => (bench === undefined ? undefined : agrees(bench, made)),
  },
  {
    id: 'text-mutants', summary: 'a damaged text is a program, or an error with a code and a place for each problem; whatever it is, the verifier ends', mutates: true,
    check: ({ program }, seed, { registry, mutants }) => {
      const draw = random(seed);
      const text = print(program);
      for (let i = 0; i < mutants; i++) {
        const mutant = mutateText(text, draw);
        survived('text', () => parse(mutant, registry), registry, (e) => e.problems.length > 0 && e.problems.every((p) => p.where?.span !== undefined), () => mutant);
      }
    },
  },
  {
    id: 'wire-mutants', summary: 'damaged bytes are a program, or an error with a code and an offset; whatever it is, the verifier ends', mutates: true,
    check: ({ program }, seed, { registry, mutants }) => {
      const draw = random(seed);
      const bytes = encode(program, { registry });
      for (let i = 0; i < mutants; i++) {
        const damaged = mutateBytes(bytes, draw);
        // Three in four get past the checksum.
        const mutant = draw(4) === 0 ? damaged : mended(damaged);
        survived('wire', () => decode(mutant, { registry }), registry, (e) => typeof e.details?.['offset'] === 'number', () => [...mutant].map((b) => b.toString(16).padStart(2, '0')).join(''));
      }
    },
  },
];

function mustVerify(program: ProgramIr, registry: Registry, what = ''): void {
  const problems = verify(program, registry);
  if (problems.length > 0) throw new Error(`${what}it does not verify: ${problems.map((p) => `${p.code}: ${p.message}`).join('; ')}`);
}

/** Reads a mutant, which must give a program or a coded error that is placed, in time; then the verifier must answer. */
function survived(form: 'text' | 'wire', read: () => ProgramIr, registry: Registry, placed: (error: SluiceError) => boolean, show: () => string): void {
  const from = performance.now();
  try {
    verify(read(), registry);
  } catch (error) {
    if (!isSluiceError(error) || !(error.code.startsWith(`${form}/`) || error.code.startsWith('verify/') || error.code === 'ir/unknown-type')) throw new Error(`reading a damaged ${form} fails with ${String(error)}:\n${show()}`, { cause: error });
    if (!placed(error)) throw new Error(`an error of a damaged ${form} has no place: ${error.code}: ${error.message}\n${show()}`, { cause: error });
  }
  const took = performance.now() - from;
  if (took > BOUND) throw new Error(`a damaged ${form} took ${Math.round(took)} ms:\n${show()}`);
}

/** Lanes of a subgroup on the oracle: fewer than most workgroups have invocations. */
const LANES = 4;

interface Ran {
  readonly results: Readonly<Record<string, OracleResult>>;
  readonly files: readonly FileModel[];
}

function run(program: ProgramIr, args: GeneratedProgram['args'], registry: Registry): Ran {
  const models: Readonly<Record<string, OracleArg>> = oracleArgs(args);
  const results = interpret(program, models, { registry, subgroupSize: LANES });
  return { results, files: Object.values(models).filter((m) => m instanceof FileModel) };
}

/** Where two runs differ; NaNs are one class. */
function compare(expected: Ran, found: Ran): string | undefined {
  for (const [name, want] of Object.entries(expected.results)) {
    const got = found.results[name];
    const wrong = want instanceof Bytes ? (got instanceof Bytes ? difference(want, got.data) : 'it is no buffer') : Object.is(want, got) ? undefined : `it is ${String(got)} and was ${String(want)}`;
    if (wrong !== undefined) return `${name}: ${wrong}`;
  }
  return expected.files.some((f, i) => f.data.join() !== found.files[i]?.data.join()) ? 'a file holds other bytes' : undefined;
}

/** The same program with its values and op names numbered the other way round. */
function renumbered(program: ProgramIr): ProgramIr {
  const flip = (body: ProgramIr['body']): ProgramIr['body'] => {
    const value = (v: number) => body.valueTypes.length - 1 - v;
    const name = (n: number) => body.opNames.length - 1 - n;
    const region = (r: ProgramIr['body']['region']): ProgramIr['body']['region'] => ({
      args: r.args.map(value),
      ops: r.ops.map((op) => ({ name: name(op.name), operands: op.operands.map(value), results: op.results.map(value), attrs: op.attrs, regions: op.regions.map(region) })),
    });
    return { ...body, opNames: body.opNames.toReversed(), valueTypes: body.valueTypes.toReversed(), region: region(body.region), debug: { names: new Map(), spans: new Map(), origins: new Map() } };
  };
  return { ...program, body: flip(program.body), kernels: program.kernels.map((k) => ({ ...k, body: flip(k.body) })) };
}
