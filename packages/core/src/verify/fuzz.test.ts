import { describe, expect, it } from 'vitest';
import { codes } from '../diagnostics/codes.ts';
import { SluiceError } from '../diagnostics/error.ts';
import type { Op, Program, Region } from '../ir/program.ts';
import { parseType } from '../ir/types.ts';
import { Registry } from '../registry/registry.ts';
import type { Mutable } from './ir-fixture.ts';
import { chunks } from './valid-fixture.ts';
import { verify } from './verify.ts';

/*
 * Valid programs, damaged at random: whatever comes of it, the verifier answers with coded diagnostics. A failure
 * names its seed; run it alone with SEED=<seed>.
 */
const registry = new Registry();
const seeds = process.env['SEED'] === undefined ? Array.from({ length: 1000 }, (_, i) => i) : [Number(process.env['SEED'])];

type Draw = (below: number) => number;

/** mulberry32 */
function drawing(seed: number): Draw {
  let state = seed + 0x9e3779b9;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

interface Site {
  readonly region: { args: number[]; ops: Op[] };
  readonly index: number;
  readonly op: Mutable<Op>;
  readonly values: unknown[];
  readonly names: string[];
}

function sitesOf(p: Program): Site[] {
  const sites: Site[] = [];
  const collect = (region: Region, values: unknown[], names: string[]): void => {
    for (const [index, op] of region.ops.entries()) {
      sites.push({ region: region as Site['region'], index, op: op, values, names });
      for (const inner of op.regions) collect(inner, values, names);
    }
  };
  for (const { body } of [...p.kernels, p]) collect(body.region, body.valueTypes as unknown[], body.opNames as string[]);
  return sites;
}

const TYPES = ['u32', 'f32', 'bool', 'u8', 'u64', 'GpuBufferHandle', 'buffer<u32, read>', 'buffer<f32, workgroup>'];
const JUNK: readonly unknown[] = [-1, 1.5, NaN, null, undefined, 'x', [], {}, 2 ** 40, 7n, Symbol('s'), () => 1];

/** Ways to damage a program, at a site drawn beforehand. */
const MUTATIONS: readonly ((site: Site, other: Site, draw: Draw) => void)[] = [
  ({ op, values }, _, draw) => void ((op.operands as number[])[draw(op.operands.length + 1)] = draw(values.length + 2)),
  ({ op, values }, _, draw) => void ((op.results as number[])[draw(op.results.length + 1)] = draw(values.length + 2)),
  ({ op }, _, draw) => void (op.operands as unknown[]).splice(draw(op.operands.length + 1), 1),
  ({ region, index }) => void region.ops.splice(index, 1),
  ({ region, index }, other) => {
    [region.ops[index], other.region.ops[other.index]] = [other.op, region.ops[index] as Op];
  },
  ({ region, index, op }) => void region.ops.splice(index, 0, op),
  ({ region, index }, other) => void region.ops.splice(index, 0, other.op),
  ({ region }) => void region.ops.pop(),
  ({ op, names }, _, draw) => void (op.name = draw(names.length + 1)),
  ({ names }, _, draw) => void (names[draw(names.length)] = [...registry.ops.keys(), 'acme.unknown'][draw(registry.ops.size + 1)] as string),
  ({ values }, _, draw) => void (values[draw(values.length)] = parseType(TYPES[draw(TYPES.length)] as string)),
  ({ op }, other) => void (op.regions = [...op.regions, ...other.op.regions]),
  ({ op }) => void (op.regions = op.regions.slice(1)),
  ({ op }, other) => void (op.attrs = other.op.attrs),
  ({ region, values }, _, draw) => void region.args.push(draw(values.length)),
  // Of wrong kind altogether.
  ({ op }, _, draw) => void ((op as Record<string, unknown>)[['name', 'operands', 'results', 'attrs', 'regions'][draw(5)] as string] = JUNK[draw(JUNK.length)]),
  ({ op }, _, draw) => void ((op.operands as unknown[])[0] = JUNK[draw(JUNK.length)]),
  ({ op }, _, draw) => void (op.attrs = { ...op.attrs, axis: JUNK[draw(JUNK.length)] as never, value: JUNK[draw(JUNK.length)] as never }),
  ({ region }, other) => void region.ops.unshift(other.op, { ...other.op, regions: [region] }),
];

describe('damaged programs', () => {
  it('never make the verifier throw, and every answer is coded', () => {
    const met = new Map<string, number>();
    for (const seed of seeds) {
      const draw = drawing(seed);
      const p = chunks();
      for (let n = draw(3) + 1; n > 0; n--) {
        try {
          const sites = sitesOf(p);
          const mutate = MUTATIONS[draw(MUTATIONS.length)] as (typeof MUTATIONS)[number];
          mutate(sites[draw(sites.length)] as Site, sites[draw(sites.length)] as Site, draw);
        } catch {
          // The earlier damage is such that no more can be done: cyclic, or not even arrays.
          break;
        }
      }
      try {
        for (const problem of verify(p, registry)) {
          if (!(problem instanceof SluiceError) || !(problem.code in codes) || problem.fix === '') throw new Error(`not a coded diagnostic: ${String(problem)}`);
          if (problem.message.startsWith('reading the program failed')) throw problem;
          met.set(problem.code, (met.get(problem.code) ?? 0) + 1);
        }
      } catch (cause) {
        throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
      }
    }
    // The damage is wide enough to mean something: most rules were broken, and none of core's own records was at fault.
    if (seeds.length > 1) {
      expect([...met.keys()].sort()).toEqual(expect.arrayContaining(['verify/malformed', 'verify/dominance', 'verify/terminator', 'verify/operand-type', 'verify/carried', 'verify/divergent-barrier', 'verify/level']));
      expect(met.get('registry/bad-op')).toBeUndefined();
    }
  }, 60_000);
});
