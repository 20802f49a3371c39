import type { Dialect } from '../ops/op.ts';
import { arith } from './arith.ts';
import { buffer } from './buffer.ts';
import { control } from './control.ts';
import { grant } from './grant.ts';
import { io } from './io.ts';
import { kernel } from './kernel.ts';
import { math } from './math.ts';
import { subgroup } from './subgroup.ts';
import { vector } from './vector.ts';

export { arith, buffer, control, grant, io, kernel, math, subgroup, vector };

/** The dialects that every registry starts with. */
export const dialects: readonly Dialect[] = [arith, buffer, control, grant, io, kernel, math, subgroup, vector];
