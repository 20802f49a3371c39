import type { Builder } from '@sluice/core';
import { arith } from './arith.ts';
import { buffer } from './buffer.ts';
import { collectives } from './collectives.ts';
import { control } from './control.ts';
import { convert } from './convert.ts';
import { ids } from './ids.ts';
import { math } from './math.ts';
import { builder } from './module.ts';
import { subgroup } from './subgroup.ts';
import { traps } from './traps.ts';
import { vector } from './vector.ts';

/** The WGSL of every kernel op, by op id: `primaryText` builders. */
export const lowerings: Readonly<Record<string, Builder<string>>> = Object.fromEntries(
  Object.entries({ ...arith, ...convert, ...math, ...vector, ...ids, ...buffer, ...control, ...collectives, ...traps, ...subgroup }).map(([id, build]) => [id, builder(build)]),
);
