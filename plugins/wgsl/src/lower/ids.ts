import { SluiceError } from '@sluice/core';
import type { Emitter } from '@sluice/core';
import type { IdName, WgslBuilder } from './module.ts';

const AXES = ['x', 'y', 'z'] as const;

/** One of three letters, whatever the attribute holds: it becomes a part of the code. */
function axisOf(ctx: Emitter<string>): string {
  const attribute = ctx.attr('axis');
  const axis = AXES.find((a) => attribute?.kind === 'enum' && attribute.value === a);
  if (axis === undefined) throw new SluiceError({ code: 'verify/attribute', message: 'attribute `axis` of an id is not x, y or z', fix: 'name an axis', where: ctx.where });
  return axis;
}

const id = (name: IdName): WgslBuilder => (_, ctx, module) => [`${module.id(name)}.${axisOf(ctx)}`];

/** Ids of the whole launch, of which a dispatch may be a part. */
export const ids: Readonly<Record<string, WgslBuilder>> = {
  'kernel.global_id': id('global_id'),
  'kernel.local_id': id('local_id'),
  'kernel.workgroup_id': id('workgroup_id'),
  'kernel.workgroup_count': (_, ctx) => [`launch.groups.${axisOf(ctx)}`],
};
