import type { OpDef, RuntimeValue, ScalarValue } from '@sluice/core';
import { Interval } from '../oracle/interval.ts';
import type { Known } from '../oracle/value.ts';
import { edgesOf } from '../ops/edges.ts';
import { spell, valueUsesOf } from '../ops/uses.ts';
import type { ValueUse } from '../ops/uses.ts';
import { Unsupported, suite } from '../runner/suite.ts';
import type { Bench } from '../runner/suite.ts';
import { computeFor, execute, whyNot } from './execute.ts';
import { combinations, laneAt, lanesOf, lanesProgram } from './lanes.ts';
import type { Lanes } from './lanes.ts';

/** Uses that one program computes. */
const AT_ONCE = 12;
/** Operands that a scalar use is tried on; a vector holds several at once. */
const MOST = 1024;

/** Every op that computes, at the edge values of its types, against its meaning. */
export const opEdges = suite({
  id: 'ops/edges', summary: 'Every op that computes a value, at the edge values of each of its types, against its meaning.', tags: ['compute'],
  cases: (registry) =>
    [...registry.ops.values()]
      .filter((def) => def.level !== 'host' && valueUsesOf(def).length > 0)
      .map((def) => ({ id: def.id, run: (bench: Bench) => runOp(bench, def) })),
});

async function runOp(bench: Bench, def: OpDef): Promise<void> {
  const all = valueUsesOf(def).filter((u) => u.operands.length > 0);
  const native = all.filter((u) => whyNot(bench.capabilities, u) === undefined);
  for (const uses of batches(native)) await runUses(bench, uses);
  // What a cell rules out is legalised, and then has to be right as well, or refused.
  const refused: Unsupported[] = [];
  for (const uses of batches(all.filter((u) => !native.includes(u)))) refused.push(...(await refusedOf(bench, uses)));
  if (refused.length === all.length && refused[0] !== undefined) throw refused[0];
}

function batches(uses: readonly ValueUse[]): readonly (readonly ValueUse[])[] {
  return Array.from({ length: Math.ceil(uses.length / AT_ONCE) }, (_, i) => uses.slice(i * AT_ONCE, (i + 1) * AT_ONCE));
}

/** Runs uses together or, where that is refused, each alone; one refusal for each that is. */
async function refusedOf(bench: Bench, uses: readonly ValueUse[]): Promise<readonly Unsupported[]> {
  try {
    await runUses(bench, uses);
    return [];
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    if (uses.length === 1) return [error];
    const refused: Unsupported[] = [];
    for (const use of uses) refused.push(...(await refusedOf(bench, [use])));
    return refused;
  }
}

async function runUses(bench: Bench, uses: readonly ValueUse[]): Promise<void> {
  const inputs = uses.map((u) => combinations(u.operands.map(edgesOf), u.operands.some((t) => t.kind !== 'scalar') ? MOST / 8 : MOST));
  const count = Math.max(...inputs.map((c) => c.length));
  const lanes = uses.map(lanesOfUse);
  const args: Record<string, Uint8Array> = {};
  for (const [n, use] of uses.entries()) {
    for (const [i, type] of use.operands.entries()) args[`k${n}_${i}`] = lanesOf(type, (inputs[n] ?? []).map((c) => c[i] as RuntimeValue));
  }
  const found = await execute(bench, lanesProgram(bench.registry, lanes, count), args);
  for (const [n, use] of uses.entries()) {
    const [type] = use.results;
    const data = found[`r${n}_0`];
    if (type === undefined || !(data instanceof Uint8Array)) throw new Error(`${spell(use)} gave no result`);
    const compute = computeFor(bench, { single: true })(use.def, use);
    for (const [k, operands] of (inputs[n] ?? []).entries()) {
      const want = compute(operands);
      const got = laneAt(type, data, k);
      if (!fits(want, got)) throw new Error(`${spell(use)} of (${operands.map(show).join(', ')}) is ${show(got)}, expected ${show(want)}`);
    }
  }
}

function lanesOfUse(use: ValueUse): Lanes {
  return { operands: use.operands, results: use.results, emit: (draft, into, operands) => draft.op(into, use.def.id, operands, use.attrs, [], use.results) };
}

/** Whether a value is what was expected, or within it. */
export function fits(want: Known, got: RuntimeValue): boolean {
  if (want instanceof Interval) return want.holds(got as number);
  if (Array.isArray(want)) return Array.isArray(got) && want.every((w, i) => fits(w as Known, got[i] as RuntimeValue));
  return Object.is(want, got);
}

/** A value as text. */
export function show(v: Known): string {
  if (Array.isArray(v)) return `[${v.map((x) => show(x as Known)).join(', ')}]`;
  if (v instanceof Interval) return String(v);
  const x = v as ScalarValue;
  return Object.is(x, -0) ? '-0' : typeof x === 'bigint' ? `${x}n` : String(x);
}
