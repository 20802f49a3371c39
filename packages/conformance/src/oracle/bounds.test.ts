import fc from 'fast-check';
import { Registry, fromBits, meaningOf, scalar, toBits } from '@sluice/core';
import type { RuntimeValue, ScalarType, ScalarValue, Type, Use } from '@sluice/core';
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

test.each([strict, device])('what an op may give on a point of an interval it may give on the interval: %o', (rules) => {
  const compute = withinAccuracy(registry, rules);
  const draw = random(7);
  const rounded = (type: Type, x: number) => fromBits((type as ScalarType).name, toBits((type as ScalarType).name, x)) as number;
  const asInterval = (x: unknown) => (x instanceof Interval ? x : new Interval(x as number, x as number, x !== x));
  for (const use of valueUses(registry)) {
    const types = [...use.operands, ...use.results];
    if (types.some((t) => t.kind !== 'scalar') || !use.results.every(isFloat) || !use.operands.some(isFloat)) continue;
    const of = compute(use.def, use);
    const edges = use.operands.map(edgesOf);
    for (let k = 0; k < 150; k++) {
      const base = use.operands.map((t, i) => (isFloat(t) && draw(2) === 0 ? rounded(t, (draw(2_000_001) - 1_000_000) / 10 ** draw(7)) : edges[i]![draw(edges[i]!.length)]!));
      const wide = base.map((x, i) => {
        if (!isFloat(use.operands[i]!) || !Number.isFinite(x)) return x;
        const width = Math.abs(x as number) * 2 ** -draw(14) + (draw(4) === 0 ? 2 ** -draw(30) : 0);
        const [lo, hi] = [(x as number) - (width * draw(9)) / 8, (x as number) + (width * draw(9)) / 8];
        return lo === hi ? x : new Interval(lo, hi);
      });
      const whole = asInterval(of(wide));
      for (let m = 0; m < 4; m++) {
        const point = wide.map((v, i) => {
          if (!(v instanceof Interval)) return v;
          const at = rounded(use.operands[i]!, v.lo + ((v.hi - v.lo) * draw(17)) / 16);
          return v.holds(at) ? at : base[i]!;
        });
        const part = asInterval(of(point));
        const within = (part.lo > part.hi || part.lo !== part.lo || (part.lo >= whole.lo && part.hi <= whole.hi)) && (!part.nan || whole.nan);
        expect(within, `${spell(use)} of (${wide.join(', ')}) is ${String(whole)}, and of (${point.join(', ')}) ${String(part)}`).toBe(true);
      }
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

test('what a device gives that is off by no more than it may be lies within the intervals', { timeout: 120_000 }, () => {
  let loose = 0;
  fc.assert(fc.property(programs({ registry, floats: 'loose' }), fc.nat(), ({ program, args }, seed) => {
    const expected = interpret(program, oracleArgs(args), { registry, compute: withinAccuracy(registry, device), subgroupSize: 4 });
    const found = interpret(program, oracleArgs(args), { registry, compute: wavering(seed, device), subgroupSize: 4 });
    for (const [name, value] of Object.entries(expected)) {
      if (!(value instanceof Bytes)) continue;
      loose += value.loose.size;
      expect(difference(value, (found[name] as Bytes).data), name).toBeUndefined();
    }
  }), { seed: Number(process.env['SEED'] ?? 1), numRuns: 150 });
  expect(loose).toBeGreaterThan(50);
});
