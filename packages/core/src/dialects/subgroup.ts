import type { CpuRef, OpId, OpSpec } from '../ops/op.ts';
import { defineDialect, defineOp } from '../ops/op.ts';
import { COMBINES } from './combine.ts';
import * as lanes from './lanes.ts';
import { NUMBERS } from './meaning.ts';
import { combineFault } from './vector.ts';

/*
 * A subgroup is a run of consecutive invocations of a workgroup that computes in lockstep; how many is up to the device.
 * All of these stand in control flow that is uniform over the workgroup. What they give is the same, or follows, for the
 * lanes of one subgroup and not for the workgroup, so it counts as divergent.
 */
const common = { dialect: 'subgroup', version: '1.0.0', category: 'intrinsic', level: 'kernel', typeVars: { T: NUMBERS } } as const;
const taking = { traits: ['collective', 'divergent', 'subgroup'] } as const;
const value = { name: 'value', type: 'T' } as const;
const result = { name: 'result', type: 'T' } as const;

function place<const Id extends OpId>(id: Id, summary: string) {
  return defineOp({ ...common, typeVars: {}, id, summary, operands: [], results: [{ name: 'result', type: 'u32' }], traits: ['pure', 'divergent'] });
}

const ballot = defineOp({
  ...common, typeVars: {}, id: 'subgroup.ballot', summary: 'A bit for each lane of the subgroup, set where its condition holds: lane n is bit n % 32 of component n / 32.',
  operands: [{ name: 'condition', type: 'bool' }], results: [{ name: 'result', type: 'vec4<u32>' }], ...taking, cpuRef: lanes.ballot,
} satisfies OpSpec);

function vote<const Id extends OpId>(id: Id, summary: string, cpuRef: CpuRef) {
  return defineOp({ ...common, typeVars: {}, id, summary, operands: [{ name: 'condition', type: 'bool' }], results: [{ name: 'result', type: 'bool' }], ...taking, cpuRef });
}

function shuffle<const Id extends OpId, const N extends string>(id: Id, by: N, summary: string, cpuRef: CpuRef) {
  return defineOp({ ...common, id, summary: `${summary}; zero where the subgroup has no such lane.`, operands: [value, { name: by, type: 'u32' }], results: [result], ...taking, cpuRef });
}

const broadcast = defineOp({
  ...common, id: 'subgroup.broadcast', summary: 'The value of lane `lane`, for every lane of the subgroup; zero where the subgroup has no such lane.',
  operands: [value], results: [result], attrs: { lane: { kind: 'u32' } }, ...taking, cpuRef: lanes.broadcast,
} satisfies OpSpec);

function combining<const Id extends OpId>(id: Id, summary: string, cpuRef: CpuRef) {
  return defineOp({
    ...common, id, summary: `${summary}; add, mul, min and max on numbers, and, or and xor on integers. Floats are combined in any order.`,
    operands: [value], results: [result], attrs: { combine: { kind: 'enum', values: COMBINES } }, ...taking, accuracy: 'reordered', cpuRef,
    infer: ([type], attrs) => (type?.kind === 'scalar' ? (combineFault(type, attrs) ?? [type]) : 'operand `value` is no scalar'),
  } satisfies OpSpec);
}

/** What the lanes of a subgroup tell each other without memory. */
export const subgroup = defineDialect({
  id: 'subgroup', version: '1.0.0', summary: 'Lanes that compute in lockstep: votes, shuffles, reductions and scans.',
  ops: [
    place('subgroup.size', 'Lanes of a subgroup; the last one of a workgroup may have fewer.'),
    place('subgroup.lane', 'The invocation\'s index in its subgroup.'),
    ballot,
    vote('subgroup.all', 'Whether the condition holds in every lane of the subgroup.', lanes.all),
    vote('subgroup.any', 'Whether the condition holds in a lane of the subgroup.', lanes.any),
    shuffle('subgroup.shuffle', 'lane', 'The value of lane `lane`', lanes.shuffle),
    shuffle('subgroup.shuffle_xor', 'mask', 'The value of the lane whose index is this one\'s with the bits of `mask` flipped', lanes.shuffleXor),
    shuffle('subgroup.shuffle_up', 'delta', 'The value of the lane `delta` below this one', lanes.shuffleUp),
    shuffle('subgroup.shuffle_down', 'delta', 'The value of the lane `delta` above this one', lanes.shuffleDown),
    broadcast,
    combining('subgroup.reduce', 'The values of all lanes of the subgroup combined', lanes.reduce),
    combining('subgroup.inclusive_scan', 'The values of the lanes up to this one combined', lanes.inclusiveScan),
    combining('subgroup.exclusive_scan', 'The values of the lanes below this one combined, the neutral value in lane 0', lanes.exclusiveScan),
  ],
});
