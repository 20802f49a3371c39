import { componentUse, lanesOf, meaningOf, scalar } from '@sluice/core';
import type { ErrorBound, Expression, OpDef, Registry, RuntimeValue, ScalarValue, Type, Use } from '@sluice/core';
import { isFloat } from '../ops/uses.ts';
import { movesOnly } from '../ops/moves.ts';
import type { Compute } from './compute.ts';
import { allowed, greatest, hull, leastNormal, settled, ulp } from './float-rules.ts';
import type { FloatName, FloatRules } from './float-rules.ts';
import { ANYTHING, Interval, ONLY_NAN } from './interval.ts';
import type { Known } from './value.ts';

type Scalar = ScalarValue | Interval;
type Apply = (...operands: readonly unknown[]) => RuntimeValue;

/**
 * How ops compute where floats are intervals: each within its own `accuracy`, as the backend's rules say. Integers and
 * bools stay exact, and so an inexact float must not come to one.
 */
export function withinAccuracy(registry: Registry, rules: FloatRules): Compute {
  return (def, use) => {
    const meaning = meaningOf(def, use) as Apply | undefined;
    if (meaning === undefined) throw new RangeError(`the oracle does not know ${def.id}`);
    const [result] = use.results;
    if (result === undefined || !isFloat(result)) {
      return (operands) => {
        if (operands.some(inexact)) throw new RangeError(`an inexact float comes to ${def.id}, whose result is a ${result?.spelling}`);
        return meaning(...operands);
      };
    }
    const lanewise = def.traits.includes('subgroup');
    if (movesOnly(use, meaning, lanewise)) return (operands) => meaning(...operands);
    if (lanewise) return (operands) => overLanes(result, def, meaning, operands as readonly (readonly Known[])[], rules);
    const lanes = lanesOf(use.operands[0]);
    if (def.traits.includes('elementwise')) {
      const component = new ScalarBounds(registry, rules, def, componentUse(use));
      if (lanes === 1) return (operands) => plain(component.of(operands as readonly Scalar[]));
      return (operands) => Object.freeze(Array.from({ length: lanes }, (_, i) => plain(component.of(operands.map((o) => (o as readonly Scalar[])[i] as Scalar)))));
    }
    if (def.accuracy === 'exact') return (operands) => (operands.some(inexact) ? unknown(result) : meaning(...operands));
    return (operands) => (def.accuracy === 'reordered' && result.kind === 'scalar' && !operands.some(inexact) ? plain(reordered(result.name as FloatName, meaning, operands as readonly (readonly number[])[], rules)) : unknown(result));
  };
}

/** What one scalar op may give. */
class ScalarBounds {
  readonly #registry: Registry;
  readonly #rules: FloatRules;
  readonly #def: OpDef;
  readonly #name: FloatName;
  /** Of each operand, where it is a float. */
  readonly #operands: readonly (FloatName | undefined)[];
  readonly #meaning: Apply;
  readonly #bound: ErrorBound;

  constructor(registry: Registry, rules: FloatRules, def: OpDef, use: Use) {
    const meaning = meaningOf(def, use) as Apply | undefined;
    const [result] = use.results;
    if (meaning === undefined || result === undefined) throw new RangeError(`the oracle does not know ${def.id}`);
    this.#registry = registry;
    this.#rules = rules;
    this.#def = def;
    this.#name = result.spelling as FloatName;
    this.#operands = use.operands.map((t) => (isFloat(t) ? (t.spelling as FloatName) : undefined));
    this.#meaning = meaning;
    this.#bound = boundOf(def, this.#name);
  }

  of(operands: readonly Scalar[]): Interval {
    const loose = operands.map((x, i) => this.#flushed(x, i));
    const points = loose.every((x) => !(x instanceof Interval)) ? [loose as readonly ScalarValue[]] : this.#corners(loose);
    if (points === undefined) return ANYTHING;
    const results = points.map((p) => this.#meaning(...p) as number);
    const nan = results.some((r) => r !== r);
    // Where it is a NaN at one end, what lies between the ends is not known.
    if (nan && points.length > 1) return ANYTHING;
    const r = nan ? ONLY_NAN : new Interval(Math.min(...results), Math.max(...results));
    const named = new Map(this.#def.operands.flatMap((p, i) => {
      const x = loose[i];
      return x instanceof Interval ? [[p.name, x] as const] : typeof x === 'number' ? [[p.name, new Interval(x, x, x !== x)] as const] : [];
    }));
    return allowed(this.#bound, this.#name, r, named, this.#rules, ({ inherited }) => hull([this.#expression(inherited as Expression, named), r]));
  }

  /** Operands between whose results all others lie; undefined where none are known. */
  #corners(loose: readonly Scalar[]): readonly (readonly ScalarValue[])[] | undefined {
    const shape = SHAPES[this.#def.id];
    if (shape === undefined) return undefined;
    const corners = loose.map((x, i) => cornersOf(x, shape, i));
    if (corners.includes(undefined)) return undefined;
    return (corners as readonly (readonly ScalarValue[])[]).reduce<readonly (readonly ScalarValue[])[]>((all, list) => all.flatMap((head) => list.map((v) => [...head, v])), [[]]);
  }

  #flushed(x: Scalar, position: number): Scalar {
    const name = this.#operands[position];
    if (this.#rules.subnormals === 'kept' || name === undefined) return x;
    const least = leastNormal(name);
    if (x instanceof Interval) return x.lo < least && x.hi > -least ? new Interval(Math.min(x.lo, 0), Math.max(x.hi, 0), x.nan) : x;
    return typeof x !== 'number' || x === 0 || !(Math.abs(x) < least) ? x : new Interval(Math.min(x, 0), Math.max(x, 0));
  }

  /** What an expression over the operands may give, each op in it within its own accuracy. */
  #expression(e: Expression, operands: ReadonlyMap<string, Interval>): Interval {
    if (typeof e === 'number') return new Interval(e, e);
    if (typeof e === 'string') return operands.get(e) ?? ANYTHING;
    const [id, ...parts] = e;
    const def = this.#registry.lookup(id);
    if (def === undefined) return ANYTHING;
    const type = scalar(this.#name);
    // What stands for one op is computed as several, which a device may contract.
    const inner = new ScalarBounds(this.#registry, { ...this.#rules, contracts: true }, def, { operands: parts.map(() => type), results: [type], attrs: {} });
    return inner.of(parts.map((p) => plainScalar(this.#expression(p, operands))));
  }
}

function boundOf({ accuracy = 'exact' }: OpDef, name: FloatName): ErrorBound {
  return typeof accuracy === 'object' && 'f32' in accuracy ? accuracy[name] : accuracy;
}

/** How a function goes in each operand while the others stay: monotone but for these points. */
interface Shape {
  readonly turns?: readonly number[];
  /** Operands that must keep to one side of zero, by position. */
  readonly oneSide?: readonly number[];
}

const MONOTONE: Shape = {};
/** Ops of which the ends of the operands' intervals say what lies between; of any other nothing is known on intervals. */
const SHAPES: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(['arith.add', 'arith.sub', 'arith.neg', 'arith.min', 'arith.max', 'arith.cast', 'math.sqrt', 'math.exp', 'math.exp2', 'math.log', 'math.log2', 'math.floor', 'math.ceil', 'math.round', 'math.trunc', 'math.sign', 'math.asin', 'math.acos', 'math.atan', 'math.sinh', 'math.tanh', 'math.asinh', 'math.acosh', 'math.atanh'].map((id) => [id, MONOTONE])),
  // Zero times infinity, and zero by zero, is a NaN.
  'arith.mul': { turns: [0] }, 'arith.fma': { turns: [0] },
  'arith.abs': { turns: [0] }, 'math.cosh': { turns: [0] },
  'math.sin': { turns: [-Math.PI / 2, Math.PI / 2] }, 'math.cos': { turns: [0] },
  'arith.div': { turns: [0], oneSide: [1] }, 'math.inverse_sqrt': { oneSide: [0] }, 'math.reciprocal': { oneSide: [0] }, 'math.atan2': { oneSide: [0, 1] },
};

/** Where an operand takes its ends; undefined where nothing can be said. */
function cornersOf(x: Scalar, { turns = [], oneSide = [] }: Shape, position: number): readonly ScalarValue[] | undefined {
  if (!(x instanceof Interval)) return [x];
  if (x.nan || x.lo > x.hi || (oneSide.includes(position) && x.lo <= 0 && x.hi >= 0)) return undefined;
  return [x.lo, x.hi, ...turns.filter((t) => t > x.lo && t < x.hi)];
}

/** Combined in another order: as far as the roundings of one term for each component go. */
function reordered(name: FloatName, meaning: Apply, operands: readonly (readonly number[])[], rules: FloatRules): Interval {
  const r = meaning(...operands) as number;
  const magnitudes = operands.map((v) => v.map(Math.abs));
  const scale = meaning(...magnitudes) as number;
  const all = magnitudes.flat().filter((x) => x !== 0);
  const n = operands[0]?.length ?? 1;
  const [low, high] = [Math.min(1, ...all) ** (n * 2), Math.max(1, ...all) ** (n * 2)];
  if (!Number.isFinite(r) || !Number.isFinite(scale) || !(high < greatest(name)) || !(low > leastNormal(name))) return ANYTHING;
  const by = (n + 1) * ulp(name, Math.max(scale, Math.abs(r)));
  return settled(name, new Interval(r - by, r + by), rules);
}

/** What lanes that compute floats may get: within the roundings of one term for each lane, or anything. */
function overLanes(result: Type, { accuracy = 'exact' }: OpDef, meaning: Apply, operands: readonly (readonly Known[])[], rules: FloatRules): Known {
  const known = !operands.some(inexact);
  const results = known ? (meaning(...operands) as readonly RuntimeValue[]) : [];
  if (!known || accuracy !== 'reordered' || result.kind !== 'scalar') return Array.from({ length: operands[0]?.length ?? 0 }, (_, lane) => (known && accuracy === 'exact' ? (results[lane] as Known) : unknown(result)));
  const values = operands as readonly (readonly number[])[];
  return results.map((_, lane) => plain(reordered(result.name as FloatName, (...of) => (meaning(...of) as readonly RuntimeValue[])[lane] as RuntimeValue, values, rules)));
}

function inexact(x: Known): boolean {
  return x instanceof Interval || (Array.isArray(x) && (x as readonly Known[]).some(inexact));
}

function unknown(type: Type): Known {
  if (type.kind === 'vector') return Array.from({ length: type.size }, () => ANYTHING);
  return type.kind === 'array' ? Array.from({ length: type.length }, () => unknown(type.element)) : ANYTHING;
}

/** A number where only one is possible. A zero stays an interval: its sign is not settled. */
function plain(i: Interval): Known {
  return plainScalar(i);
}

function plainScalar(i: Interval): Scalar {
  return i.lo === i.hi && !i.nan && i.lo !== 0 ? i.lo : i;
}
