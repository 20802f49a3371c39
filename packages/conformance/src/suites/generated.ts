import fc from 'fast-check';
import { oracleArgs, programs } from '../generate/program.ts';
import type { Capabilities, Cell, Registry } from '@sluice/core';
import type { GeneratedProgram } from '../generate/program.ts';
import { FileModel, interpret } from '../oracle/oracle.ts';
import type { OracleArg } from '../oracle/oracle.ts';
import { Unsupported, suite } from '../runner/suite.ts';
import type { Bench } from '../runner/suite.ts';
import { computeFor, execute, knownSubgroupSize, same } from './execute.ts';
import type { Given } from './execute.ts';

const BATCHES = 8;
const PROGRAMS = 20;

/** Random programs, integers exact, floats exact or within what the accuracy of the ops on the way allows. */
export const generated = suite({
  id: 'programs/generated', summary: `${BATCHES} batches of ${PROGRAMS} random programs against the oracle; each is its own seed.`, tags: ['compute'],
  cases: () => batches(false),
});

/** The same, which read and write a file. */
export const generatedWithFiles = suite({
  id: 'programs/generated-with-files', summary: `${BATCHES} batches of ${PROGRAMS} random programs that read and write a granted file.`, tags: ['storage'],
  cases: () => batches(true),
});

function batches(file: boolean) {
  return Array.from({ length: BATCHES }, (_, seed) => ({ id: `seed ${seed + 1}`, run: (bench: Bench) => check(bench, { seed: seed + 1, count: PROGRAMS, file }) }));
}

/**
 * Runs random programs on a backend and on the oracle.
 * @throws Error with the seed and the smallest program found on which they differ, as text
 */
export async function check(bench: Bench, { seed, count, file }: { readonly seed: number; readonly count: number; readonly file: boolean }): Promise<void> {
  const { registry, capabilities } = bench;
  const sized = (await knownSubgroupSize(bench)) !== undefined;
  const offered = withoutSubgroups(registry, file ? EVERYTHING : withLegalised(capabilities), sized);
  const arbitrary = programs({ registry, floats: bench.exact ? 'ieee' : 'loose', file, capabilities: offered });
  let ran = 0;
  const one = (made: GeneratedProgram) => agrees(bench, made).then(() => void ran++, (error: unknown) => {
    if (!(error instanceof Unsupported)) throw error;
  });
  await fc.assert(fc.asyncProperty(arbitrary, one), { seed, numRuns: count });
  if (ran === 0) throw new Unsupported('every program of the batch was refused');
}

/** 64-bit integers are generated although a cell rules them out: they are legalised, or the program is refused. */
function withLegalised(found: Capabilities): Capabilities {
  const { i64: _, u64: __, ...types } = found.types;
  return { ...found, types };
}

const EVERYTHING: Capabilities = { default: { how: 'native' }, ops: {}, types: {}, limits: {}, spaces: [], floats: { subnormals: 'kept', nonFinite: 'ieee' } };

/** Where nobody can say how many lanes a subgroup has, there is nothing to compare its ops with. */
function withoutSubgroups(registry: Registry, found: Capabilities, sized: boolean): Capabilities {
  if (sized) return found;
  const all = [...registry.ops.values()].filter((op) => op.dialect === 'subgroup' || op.traits.includes('subgroup'));
  const reason = 'the size of a subgroup is not known';
  return { ...found, ops: { ...found.ops, ...Object.fromEntries(all.map((op): [string, Cell] => [op.id, { how: 'unavailable', reason }])) } };
}

/** Runs one program on both, and throws where they differ. */
export async function agrees(bench: Bench, { program, args }: GeneratedProgram): Promise<void> {
  const given: Record<string, Given> = {};
  const models: Record<string, OracleArg> = oracleArgs({ ...args });
  const files: { name: string; read(): Promise<Uint8Array>; close(): Promise<void> }[] = [];
  for (const [name, arg] of Object.entries(args)) {
    if (typeof arg !== 'object' || arg instanceof Uint8Array) given[name] = arg;
    else {
      if (bench.file === undefined) throw new Unsupported('the backend has no files');
      const scratch = await bench.file(arg.file);
      const grant = await bench.session.grant(scratch.source, { rights: 'rw' });
      given[name] = grant;
      files.push({ name, read: () => scratch.read(), close: () => grant.close() });
    }
  }
  const expected = interpret(program, models, { registry: bench.registry, compute: computeFor(bench), subgroupSize: await knownSubgroupSize(bench) });
  const found = await execute(bench, program, given);
  for (const [name, want] of Object.entries(expected)) same(name, want, found[name]);
  for (const f of files) {
    await f.close();
    const model = models[f.name];
    const content = await f.read();
    if (model instanceof FileModel && (model.data.length !== content.length || model.data.some((b, i) => b !== content[i]))) throw new Error(`the file ${f.name} holds other bytes than were written`);
  }
}
