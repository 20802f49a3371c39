import type { Module } from './module.ts';
import { EMULATED_LANES } from './subgroup.ts';

/** An id that the entry point is given, as a parameter, or works out first. */
interface Row {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly parameter?: string;
  readonly statements?: readonly string[];
}

/** Parameters and first statements of the entry point, for the ids that the body uses. */
export function prologueOf(module: Module): { readonly parameters: readonly string[]; readonly statements: readonly string[] } {
  const rows = [...placeRows(module), ...(module.options.features.subgroups ? NATIVE : emulatedRows(module))];
  const wanted = new Set<string>();
  const want = (name: string) => {
    wanted.add(name);
    for (const needed of rows.find((row) => row.name === name)?.needs ?? []) want(needed);
  };
  for (const name of module.usedIds) want(name);
  const used = rows.filter((row) => wanted.has(row.name));
  return { parameters: used.flatMap((row) => row.parameter ?? []), statements: used.flatMap((row) => row.statements ?? []) };
}

/** Names that the prologue may declare, whatever the device's features. */
export function prologueNames(module: Module): readonly string[] {
  return [...new Set([...placeRows(module), ...NATIVE, ...emulatedRows(module)].map((row) => row.name))];
}

/** Each before those that need it. */
function placeRows({ kernel: { workgroup: [x, y, z] }, options: { unshifted } }: Module): readonly Row[] {
  const own: readonly Row[] = [
    { name: 'workgroup_id', parameter: '@builtin(workgroup_id) workgroup_id: vec3<u32>' },
    { name: 'global_id', parameter: '@builtin(global_invocation_id) global_id: vec3<u32>' },
  ];
  const shifted: readonly Row[] = [
    { name: 'workgroup_id', needs: ['dispatch_id'], statements: ['let workgroup_id = launch.base + dispatch_id;'] },
    { name: 'global_id', needs: ['workgroup_id', 'local_id'], statements: [`let global_id = workgroup_id * vec3<u32>(${x}u, ${y}u, ${z}u) + local_id;`] },
  ];
  return [
    { name: 'dispatch_id', parameter: '@builtin(workgroup_id) dispatch_id: vec3<u32>' },
    { name: 'local_id', parameter: '@builtin(local_invocation_id) local_id: vec3<u32>' },
    { name: 'local_index', parameter: '@builtin(local_invocation_index) local_index: u32' },
    ...(unshifted ? own : shifted),
  ];
}

const NATIVE: readonly Row[] = [
  { name: 'subgroup_lane', parameter: '@builtin(subgroup_invocation_id) subgroup_lane: u32' },
  { name: 'subgroup_size', parameter: '@builtin(subgroup_size) subgroup_size: u32' },
  { name: 'lanes_there', statements: ['let lanes_there = countOneBits(subgroupBallot(true));'] },
  { name: 'subgroup_lanes', needs: ['lanes_there'], statements: ['let subgroup_lanes = lanes_there.x + lanes_there.y + lanes_there.z + lanes_there.w;'] },
];

function emulatedRows({ invocations }: Module): readonly Row[] {
  return [
    { name: 'subgroup_lane', needs: ['local_index'], statements: [`let subgroup_lane = local_index % ${EMULATED_LANES}u;`] },
    { name: 'subgroup_first', needs: ['subgroup_lane'], statements: ['let subgroup_first = local_index - subgroup_lane;'] },
    { name: 'subgroup_lanes', needs: ['subgroup_first'], statements: [`let subgroup_lanes = min(${EMULATED_LANES}u, ${invocations}u - subgroup_first);`] },
  ];
}
