import fc from 'fast-check';
import { Registry, meaningOf, scalar } from '@sluice/core';
import type { RuntimeValue, ScalarValue, Use } from '@sluice/core';
import { expect, test } from 'vitest';
import { oracleArgs, programs } from '../generate/program.ts';
import { random } from '../generate/recipe.ts';
import { edgesOf } from '../ops/edges.ts';
import { isFloat, spell, valueUses } from '../ops/uses.ts';
import { withinAccuracy } from './bounds.ts';
import type { Compute } from './compute.ts';
import { greatest, ulp } from './float-rules.ts';
import type { FloatName, FloatRules } from './float-rules.ts';
import { Interval } from './interval.ts';
import { Bytes, difference } from './memory.ts';
import { interpret } from './oracle.ts';

const registry = new Registry();
const strict: FloatRules = { subnormals: 'kept', nonFinite: 'ieee', contracts: false };
const device: FloatRules = { subnormals: 'flushed', nonFinite: 'unspecified', contracts: true };

const bound = (id: string, args: readonly ScalarValue[], rules: FloatRules = strict) => {
  const def = registry.lookup(id)!;
  const use: Use = { operands: args.map(() => scalar('f32')), results: [scalar('f32')], attrs: {} };
  return withinAccuracy(registry, rules)(def, use)(args);
};

test('an exact op gives a point, others as far as their accuracy says', () => {
  expect(bound('arith.add', [1, 2])).toBe(3);
  const third = bound('arith.div', [1, 3]) as Interval;
  expect([third.holds(Math.fround(1 / 3)), third.holds(1 / 3 + 2 ** -24), third.holds(0.34)]).toEqual([true, true, false]);
  expect((bound('arith.div', [1, 2 ** -130]) as Interval).holds(7)).toBe(true);
  expect((bound('arith.mul', [2 ** -100, 2 ** -40], device) as Interval).holds(0)).toBe(true);
});

test('the units are those of the format', () => {
  expect([ulp('f32', 1), ulp('f32', 0), ulp('f32', 2 ** -149), ulp('f16', 1), ulp('f16', 65504)]).toEqual([2 ** -23, 2 ** -149, 2 ** -149, 2 ** -10, 32]);
  expect([greatest('f16'), greatest('f32')]).toEqual([65504, 3.4028234663852886e38]);
});

test('the reference lies within the accuracy of every op at its edges', () => {
  const compute = withinAccuracy(registry, strict);
  for (const use of valueUses(registry)) {
    const [type] = use.results;
    if (type?.kind !== 'scalar' || !isFloat(type)) continue;
    const of = compute(use.def, use);
    const edges = use.operands.map(edgesOf);
    for (let k = 0; k < 40; k++) {
      const args = edges.map((e, i) => e[(k * (i + 1)) % e.length] as RuntimeValue);
      const found = of(args);
      const exact = (use.meaning as (...v: readonly RuntimeValue[]) => number)(...args);
      expect(found instanceof Interval ? found.holds(exact) : Object.is(found, exact), `${spell(use)} of ${args.join(', ')}: ${String(found)}, not ${exact}`).toBe(true);
    }
  }
});

/** A device that is off by as much as it may be, at random. */
function wavering(seed: number, rules: FloatRules): Compute {
  const draw = random(seed);
  const within = withinAccuracy(registry, rules);
  return (def, use) => {
    const bounds = within(def, use);
    const exact = meaningOf(def, use) as unknown as (...v: readonly unknown[]) => RuntimeValue;
    const pick = (i: unknown, x: unknown, name: FloatName): unknown => {
      if (Array.isArray(i)) return i.map((part, k) => pick(part, (x as unknown[])[k], name));
      if (!(i instanceof Interval) || !Number.isFinite(i.lo) || !Number.isFinite(i.hi) || i.nan) return x;
      const at = i.lo + ((i.hi - i.lo) * draw(9)) / 8;
      const rounded = name === 'f16' ? Math.round(at / ulp('f16', at)) * ulp('f16', at) : Math.fround(at);
      return i.holds(rounded) ? rounded : x;
    };
    const name: FloatName = use.results[0]?.spelling.includes('f16') === true ? 'f16' : 'f32';
    return (operands) => pick(bounds(operands), exact(...operands), name) as RuntimeValue;
  };
}

test('what a device gives that is off by no more than it may be lies within the intervals', { timeout: 60_000 }, () => {
  let loose = 0;
  fc.assert(fc.property(programs({ registry, floats: 'loose' }), fc.nat(), ({ program, args }, seed) => {
    const expected = interpret(program, oracleArgs(args), { registry, compute: withinAccuracy(registry, device) });
    const found = interpret(program, oracleArgs(args), { registry, compute: wavering(seed, device) });
    for (const [name, value] of Object.entries(expected)) {
      if (!(value instanceof Bytes)) continue;
      loose += value.loose.size;
      expect(difference(value, (found[name] as Bytes).data), name).toBeUndefined();
    }
  }), { seed: Number(process.env['SEED'] ?? 1), numRuns: 150 });
  expect(loose).toBeGreaterThan(50);
});
