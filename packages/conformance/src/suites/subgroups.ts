import { NO_ATTRIBUTES, scalar, scalarAttribute } from '@sluice/core';
import type { Attributes, OpDef, RuntimeValue, ScalarValue, Type } from '@sluice/core';
import { edgesOf } from '../ops/edges.ts';
import { spell, usesOf } from '../ops/uses.ts';
import type { OpUse } from '../ops/uses.ts';
import type { Known } from '../oracle/value.ts';
import { Unsupported, suite } from '../runner/suite.ts';
import type { Bench, Case } from '../runner/suite.ts';
import { computeFor, execute, subgroupSizeOf, whyNot } from './execute.ts';
import { laneAt, lanesOf, lanesProgram } from './lanes.ts';
import type { Lanes } from './lanes.ts';
import { fits, show } from './op-edges.ts';

const U32 = scalar('u32');
/** Uses that one program computes. */
const AT_ONCE = 8;
/** Invocations at least, so that every edge is met. */
const INVOCATIONS = 96;
/** Invocations of a workgroup that every device has. */
const MOST = 256;

/** What the lanes of a subgroup tell each other, on subgroups of the size that the backend's own kernels say. */
export const subgroups = suite({
  id: 'workgroups/subgroups', summary: 'Every op of a subgroup, at the edge values of its types, in workgroups of one lane, less and more than a subgroup, and with a last one that is cut off.', tags: ['compute'],
  cases: (registry) => [
    { id: 'size and lane', run: (bench) => each(bench, (size, workgroup) => runUses(bench, [], size, workgroup)) },
    ...[...registry.ops.values()].filter((def) => def.traits.includes('subgroup')).map((def): Case => ({ id: def.id, run: (bench) => runOp(bench, def) })),
  ],
});

/** Runs `check` for workgroup sizes around that of a subgroup. */
async function each(bench: Bench, check: (size: number, workgroup: number) => Promise<void>): Promise<void> {
  const size = await subgroupSizeOf(bench);
  if (!Number.isInteger(Math.log2(size)) || size > 128) throw new Error(`a subgroup of ${size} lanes`);
  const most = Math.min(MOST, bench.capabilities.limits['workgroupInvocations'] ?? MOST);
  const workgroups = [1, size - 1, size, size + 1, size * 2 + Math.ceil(size / 2)].filter((n, i, all) => n >= 1 && n <= most && all.indexOf(n) === i);
  for (const workgroup of workgroups) await check(size, workgroup);
}

async function runOp(bench: Bench, def: OpDef): Promise<void> {
  await each(bench, async (size, workgroup) => {
    const all = usesOf(def).flatMap((use) => atEdges(use, size));
    const possible = all.filter((u) => whyNot(bench.capabilities, u) === undefined);
    const [first] = all;
    if (first === undefined) throw new Error(`${def.id} can be used with no types`);
    if (possible.length === 0) throw new Unsupported(whyNot(bench.capabilities, first));
    for (let i = 0; i < possible.length; i += AT_ONCE) await runUses(bench, possible.slice(i, i + AT_ONCE), size, workgroup);
  });
}

/** The use for attributes that name a lane: the last one, and some that are not there. */
function atEdges(use: OpUse, size: number): readonly OpUse[] {
  const named = Object.entries(use.def.attrs).find(([, spec]) => spec.kind === 'u32');
  if (named === undefined) return [use];
  const [name] = named;
  const own = use.attrs[name];
  // Of the values that the use is made for anyway, the first stands for all.
  if (own?.kind === 'scalar' && own.bits !== 0n) return [];
  return [0, 1, size - 1, size, 127, 128, 0xffffffff].map((lane): OpUse => ({ ...use, attrs: { ...use.attrs, [name]: scalarAttribute('u32', lane) } satisfies Attributes }));
}

/** Each use on every invocation, beside the size and the lane that it sees. */
async function runUses(bench: Bench, uses: readonly OpUse[], size: number, workgroup: number): Promise<void> {
  const count = workgroup * Math.max(4, Math.ceil(INVOCATIONS / workgroup));
  const lanes = [PLACE, ...uses.map((use): Lanes => ({ operands: use.operands, results: use.results, emit: (draft, into, operands) => draft.op(into, use.def.id, operands, use.attrs, [], use.results) }))];
  const inputs = uses.map((use) => use.operands.map((type, i) => Array.from({ length: count }, (_, k) => operandAt(type, i, k, size))));
  const args: Record<string, Uint8Array> = {};
  for (const [n, lists] of inputs.entries()) for (const [i, values] of lists.entries()) args[`k${n + 1}_${i}`] = lanesOf(uses[n]?.operands[i] as Type, values);
  const found = await execute(bench, lanesProgram(bench.registry, lanes, count, workgroup), args);
  for (let k = 0; k < count; k++) {
    const [saw, lane] = [0, 1].map((i) => laneAt(U32, found[`r0_${i}`] as Uint8Array, k));
    if (saw !== size || lane !== (k % workgroup) % size) throw new Error(`invocation ${k % workgroup} of ${workgroup} is lane ${String(lane)} of ${String(saw)}, expected ${(k % workgroup) % size} of ${size}`);
  }
  for (const [n, use] of uses.entries()) checkUse(bench, use, { lists: inputs[n] ?? [], found: found[`r${n + 1}_0`] as Uint8Array, count, size, workgroup });
}

const PLACE: Lanes = { operands: [], results: [U32, U32], emit: (draft, into) => ['subgroup.size', 'subgroup.lane'].map((id) => draft.one(into, id, [], NO_ATTRIBUTES)) };

interface Ran {
  /** By operand: the value of each invocation. */
  readonly lists: readonly (readonly RuntimeValue[])[];
  readonly found: Uint8Array;
  readonly count: number;
  readonly size: number;
  readonly workgroup: number;
}

function checkUse(bench: Bench, use: OpUse, { lists, found, count, size, workgroup }: Ran): void {
  const compute = computeFor(bench, { single: true })(use.def, use);
  const [type] = use.results;
  if (type === undefined) throw new Error(`${spell(use)} has no result`);
  for (let from = 0; from < count; ) {
    const to = Math.min(from + size, from + workgroup - (from % workgroup));
    const operands = lists.map((values) => values.slice(from, to));
    for (const [lane, want] of (compute(operands) as readonly Known[]).entries()) {
      const got = laneAt(type, found, from + lane);
      if (!fits(want, got)) throw new Error(`${spell(use)} gives lane ${lane} of ${to - from} ${show(got)}, expected ${show(want)}; the lanes have ${operands.map(show).join(' and ')}`);
    }
    from = to;
  }
}

/** Edges in turn; of what a lane asks for, lanes that are there and edges; of votes, all, none, one and some of a subgroup. */
function operandAt(type: Type, position: number, k: number, size: number): RuntimeValue {
  const subgroup = Math.floor(k / size);
  if (type.kind === 'scalar' && type.class === 'bool') return [true, false, k % size === subgroup % size, (k * k) % 3 === 0][subgroup % 4] as ScalarValue;
  const edges = edgesOf(type);
  if (position > 0 && k % 2 === 0) return (k * 5 + 3) % (size + 2);
  return edges[(k * 7 + position * 3 + Math.floor(k / edges.length)) % edges.length] as RuntimeValue;
}
