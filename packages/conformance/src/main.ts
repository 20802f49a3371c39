#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { Registry, session } from '@sluice/core';
import { cpuRef } from '@sluice/cpu-ref/plugin';
import { fuzz } from './fuzz/fuzz.ts';
import { properties } from './fuzz/properties.ts';
import { effective } from './runner/backend.ts';

const USAGE = `usage: npm run fuzz -- [--programs 1000] [--mutants 10] [--seed 1] [--only text,wire,...]

Checks generated programs, and mutants of them, until one fails or all are done:
${properties.map((p) => `  ${p.id.padEnd(13)} ${p.summary}`).join('\n')}
`;

const { values } = parseArgs({ options: { programs: { type: 'string' }, mutants: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' }, help: { type: 'boolean' } } });
const count = (text: string | undefined, standard: number): number => (text === undefined ? standard : Number(text));
const [total, mutants, seed] = [count(values.programs, 1000), count(values.mutants, 10), count(values.seed, Date.now() % 1_000_000)];
const only = values.only?.split(',');
const chosen = only === undefined ? properties : properties.filter((p) => only.includes(p.id));

if (values.help === true || chosen.length === 0 || chosen.length !== (only?.length ?? properties.length) || ![total, mutants, seed].every((n) => Number.isSafeInteger(n) && n >= 0)) {
  process.stdout.write(USAGE);
  process.exitCode = values.help === true ? 0 : 2;
} else process.exitCode = await run();

async function run(): Promise<number> {
  // Most workgroups have several subgroups, and one that is cut off.
  const registry = new Registry().with(cpuRef({ subgroupSize: 4 }));
  const opened = await session({ registry, backends: ['cpu-ref'] });
  const bench = { backend: 'cpu-ref', session: opened, registry, capabilities: await effective(registry, 'cpu-ref', {}), exact: true };
  process.stdout.write(`seed ${seed}: ${chosen.map((p) => p.id).join(', ')}\n`);
  let shown = 0;
  const outcome = await fuzz({
    registry, bench, mutants, programs: total, seed, properties: chosen,
    onProgress: (done) => {
      if (done.seconds - shown < 10) return;
      shown = done.seconds;
      process.stderr.write(`${done.programs} programs, ${done.mutants} mutants, ${Math.round(done.seconds)} s\n`);
    },
  });
  await opened.close();
  process.stdout.write(`${outcome.programs} programs, ${outcome.mutants} mutants, ${outcome.seconds.toFixed(1)} s\n`);
  if (outcome.ok) return 0;
  process.stdout.write(`property \`${outcome.property}\` does not hold; again: npm run fuzz -- --seed ${outcome.seed} --programs 50 --only ${outcome.property}\n${outcome.message}\n`);
  return 1;
}
