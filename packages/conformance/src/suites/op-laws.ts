import { parseType, scalarAttribute, toBits } from '@sluice/core';
import type { Law, Op, OpDef, RuntimeValue, ScalarName, ScalarValue, Type, ValueId } from '@sluice/core';
import type { Draft } from '../ir/draft.ts';
import { edgesOf } from '../ops/edges.ts';
import { valueUsesOf } from '../ops/uses.ts';
import type { ValueUse } from '../ops/uses.ts';
import { Unsupported, suite } from '../runner/suite.ts';
import type { Bench } from '../runner/suite.ts';
import { execute } from './execute.ts';
import { combinations, equalValues, laneAt, lanesOf, lanesProgram } from './lanes.ts';
import type { Lanes } from './lanes.ts';

const MOST = 2048;

/** Each law on each type that it names: both sides are computed on the backend and have to be the same. */
export const opLaws = suite({
  id: 'ops/laws', summary: 'Every declared law, on every type of its domain: both sides computed, bit for bit, NaNs as one class.', tags: ['compute'],
  cases: (registry) =>
    [...registry.ops.values()].flatMap((def) => {
      const laws = [...new Set(def.laws.map((l) => l.law))];
      return laws.map((law) => ({ id: `${def.id} is ${law}`, run: (bench: Bench) => runLaws(bench, def, def.laws.filter((l) => l.law === law)) }));
    }),
});

async function runLaws(bench: Bench, def: OpDef, laws: readonly Law[]): Promise<void> {
  const missing: string[] = [];
  let held = 0;
  for (const law of laws) {
    for (const spelling of law.types) {
      const type = parseType(spelling);
      const use = valueUsesOf(def).find((u) => u.operands[0] === type && u.operands.every((t) => t.kind === 'scalar'));
      if (use === undefined) throw new Error(`no use of ${def.id} starts with a ${spelling}`);
      for (const lanes of sidesOf(use, law)) {
        await runSides(bench, lanes, spelling).then(() => held++, (error: unknown) => {
          if (!(error instanceof Unsupported)) throw error;
          missing.push(error.message);
        });
      }
    }
  }
  if (held === 0) throw new Unsupported(missing[0] ?? 'it is declared on no type');
}

async function runSides(bench: Bench, lanes: Lanes, on: string): Promise<void> {
  const inputs = combinations(lanes.operands.map(edgesOf), MOST);
  const args = Object.fromEntries(lanes.operands.map((t, i) => [`k0_${i}`, lanesOf(t, inputs.map((c) => c[i] as RuntimeValue))]));
  const found = await execute(bench, lanesProgram(bench.registry, [lanes], inputs.length), args);
  const [left, right] = [found['r0_0'], found['r0_1']];
  const [result] = lanes.results;
  if (!(left instanceof Uint8Array) || !(right instanceof Uint8Array) || result === undefined) throw new Error('no results');
  for (const [k, operands] of inputs.entries()) {
    const [a, b] = [laneAt(result, left, k), laneAt(result, right, k)];
    if (!equalValues(a, b)) throw new Error(`on ${on}, with (${operands.map(String).join(', ')}) one side is ${String(a)} and the other ${String(b)}`);
  }
}

/** The two sides of a law, over as many free operands as it speaks of; twice, where it holds for an element on either side. */
function sidesOf(use: ValueUse, law: Law): readonly Lanes[] {
  const [type, second] = use.operands as readonly [Type, Type | undefined];
  const f = (draft: Draft, into: Op[], ...args: readonly ValueId[]) => draft.one(into, use.def.id, args, use.attrs, use.results);
  const of = (free: readonly Type[], emit: Lanes['emit'], result: Type = use.results[0] as Type): readonly Lanes[] => [{ operands: free, results: [result, result], emit }];
  switch (law.law) {
    case 'commutative':
      return of([type, type], (d, into, [a, b]) => [f(d, into, a as ValueId, b as ValueId), f(d, into, b as ValueId, a as ValueId)]);
    case 'associative':
      return of([type, type, type], (d, into, [a, b, c]) => [f(d, into, f(d, into, a as ValueId, b as ValueId), c as ValueId), f(d, into, a as ValueId, f(d, into, b as ValueId, c as ValueId))]);
    case 'idempotent':
      return of([type], (d, into, [a]) => (second === undefined ? [f(d, into, f(d, into, a as ValueId)), f(d, into, a as ValueId)] : [f(d, into, a as ValueId, a as ValueId), a as ValueId]));
    case 'involution':
      return of([type], (d, into, [a]) => [f(d, into, f(d, into, a as ValueId)), a as ValueId]);
    case 'same':
      return of([type], (d, into, [a]) => [f(d, into, a as ValueId, a as ValueId), literal(d, into, use.results[0] as Type, law.element)]);
    case 'identity':
    case 'absorbing': {
      const onSide = (left: boolean) => {
        const [free, elementType] = left ? [second ?? type, type] : [type, second ?? type];
        return of([free], (d, into, [a]) => {
          const e = literal(d, into, elementType, law.element);
          const value = left ? f(d, into, e, a as ValueId) : f(d, into, a as ValueId, e);
          return [value, law.law === 'identity' ? (a as ValueId) : e];
        });
      };
      return [...(law.side === 'right' ? [] : onSide(true)), ...(law.side === 'left' ? [] : onSide(false))];
    }
  }
}

function literal(draft: Draft, into: Op[], type: Type, element: ScalarValue): ValueId {
  if (type.kind !== 'scalar') throw new RangeError(`no literal of ${type.spelling}`);
  const name: ScalarName = type.name;
  const attribute = scalarAttribute(name, element);
  return draft.constant(into, type, attribute.kind === 'scalar' ? attribute.bits : toBits(name, element));
}
