import { isSluiceError, opCell } from '@sluice/core';
import type { Capabilities, SluiceError } from '@sluice/core';
import { edgesOf } from '../ops/edges.ts';
import { spell, valueUses } from '../ops/uses.ts';
import type { ValueUse } from '../ops/uses.ts';
import { suite } from '../runner/suite.ts';
import type { Bench } from '../runner/suite.ts';
import { whyNot } from './execute.ts';
import { combinations, lanesProgram } from './lanes.ts';

/** What a capability cell rules out is refused before it runs, with a code and the name of what is missing. */
export const capabilities = suite({
  id: 'capabilities/refusals', summary: 'A program that needs an unavailable op or type is refused when it is compiled, and the error names it, unless it is legalised.', tags: ['compute'],
  cases: (registry) => [
    { id: 'ops', run: (bench) => refuses(bench, false, onePerOp(valueUses(registry).filter((u) => byOp(bench.capabilities, u) && !byComponent(bench.capabilities, u)))) },
    { id: 'ops on vectors', run: (bench) => refuses(bench, true, onePerOp(valueUses(registry).filter((u) => byOp(bench.capabilities, u) && byComponent(bench.capabilities, u)))) },
    { id: 'types', run: (bench) => refuses(bench, true, onePerReason(bench.capabilities, valueUses(registry).filter((u) => !byOp(bench.capabilities, u) && whyNot(bench.capabilities, u) !== undefined))) },
  ],
});

function byOp(found: Capabilities, use: ValueUse): boolean {
  return use.results.every((t) => opCell(found, use.def.id, t.spelling).how === 'unavailable');
}

/** An op on vectors that is put together out of ops on their components. */
function byComponent(found: Capabilities, { def, operands, results }: ValueUse): boolean {
  const first = operands[0] ?? results[0];
  if (def.dialect === 'vector') return true;
  return def.traits.includes('elementwise') && first?.kind === 'vector' && opCell(found, def.id, first.element.spelling).how !== 'unavailable';
}

function onePerOp(uses: readonly ValueUse[]): readonly ValueUse[] {
  return uses.filter((u, i) => uses.findIndex((o) => o.def === u.def) === i);
}

function onePerReason(found: Capabilities, uses: readonly ValueUse[]): readonly ValueUse[] {
  const reason = (u: ValueUse) => whyNot(found, u);
  return uses.filter((u, i) => uses.findIndex((o) => reason(o) === reason(u)) === i);
}

/** `legalised`: it may compile as well; that it computes what it must is for `ops/edges` to find. */
async function refuses({ session, registry }: Bench, legalised: boolean, uses: readonly ValueUse[]): Promise<void> {
  for (const use of uses) {
    const lanes = { operands: use.operands, results: use.results, emit: (...[draft, into, operands]: Parameters<Parameters<typeof lanesProgram>[1][number]['emit']>) => draft.op(into, use.def.id, operands, use.attrs, [], use.results) };
    const program = lanesProgram(registry, [lanes], combinations(use.operands.map(edgesOf), 1).length);
    const error = await session.compile(program).then(async (exe) =>  (await exe.close()), (reason: unknown) => reason);
    if (legalised && error === undefined) continue;
    if (!isSluiceError(error)) throw new Error(`a program with ${spell(use)} compiles: ${String(error)}`);
    const problems: readonly SluiceError[] = error.problems.length === 0 ? [error] : error.problems;
    const named = problems.some((p) => p.message.includes(use.def.id) || [...use.operands, ...use.results].some((t) => p.message.includes(t.spelling)));
    if (error.family !== 'unsupported' || !named) throw new Error(`a program with ${spell(use)} is refused with ${error.code}: ${error.message}`);
  }
}
