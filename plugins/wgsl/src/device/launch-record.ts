import { toBits } from '@sluice/core';
import type { Launch } from '@sluice/core';
import type { LaunchRecord, LoweredKernel, RecordField } from '../lower/lowered.ts';

type Triple = readonly [number, number, number];

/** What one dispatch of a launch adds to it. */
export interface Dispatch {
  /** Id of its first workgroup in the whole launch. */
  readonly base: Triple;
  readonly groups: Triple;
}

/** Writes the record of a launch at `at`; every field, and nothing beside them. */
export function writeRecord({ record, bindings }: LoweredKernel, launch: Launch, { base }: Dispatch, view: DataView, at: number): void {
  for (const field of record.fields) writeField(field, launch, base, bindings, view, at + field.offset);
}

function writeField(field: LaunchRecord['fields'][number], { groups, args }: Launch, base: Triple, bindings: LoweredKernel['bindings'], view: DataView, at: number): void {
  switch (field.kind) {
    case 'groups':
      return groups.forEach((n, i) => view.setUint32(at + 4 * i, n, true));
    case 'base':
      return base.forEach((n, i) => view.setUint32(at + 4 * i, n, true));
    case 'count': {
      const arg = args[field.param];
      return view.setUint32(at, arg?.kind === 'buffer' ? arg.count : 0, true);
    }
    case 'offset': {
      const arg = args[field.param];
      const word = bindings.find((b) => b.param === field.param)?.wordBytes ?? 1;
      const start = (arg?.kind === 'buffer' ? (arg.memory.view?.offset ?? 0) : 0) / word;
      if (!Number.isInteger(start)) throw new RangeError(`\`${field.name}\` starts at byte ${start * word} of a buffer, within a word of ${word}: such views are copied first`);
      return view.setUint32(at, start, true);
    }
    case 'scalar':
      return view.setUint32(at, scalarBits(field, args[field.param]), true);
  }
}

function scalarBits({ type }: Extract<RecordField, { kind: 'scalar' }>, arg: Launch['args'][number] | undefined): number {
  if (arg?.kind !== 'scalar') return 0;
  return typeof arg.value === 'boolean' ? Number(arg.value) : Number(toBits(type.name, arg.value) & 0xffff_ffffn);
}

/** The dispatches of a launch: more than one where it has more workgroups in a dimension than the device takes at once. */
export function dispatchesOf([x, y, z]: Triple, most: number): readonly Dispatch[] {
  if (x <= most && y <= most && z <= most) return [{ base: [0, 0, 0], groups: [x, y, z] }];
  const cuts = (n: number) => Array.from({ length: Math.ceil(n / most) }, (_, i) => [i * most, Math.min(most, n - i * most)] as const);
  return cuts(z).flatMap(([bz, gz]) => cuts(y).flatMap(([by, gy]) => cuts(x).map(([bx, gx]): Dispatch => ({ base: [bx, by, bz], groups: [gx, gy, gz] }))));
}
