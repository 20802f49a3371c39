import { afterAll, describe, test } from 'vitest';
import { conformanceTests } from '../src/index.ts';
import { referenceWithSubgroups } from './backends.ts';

/** What a suite knows of subgroups it has from the backend: it holds on any size. */
for (const size of [1, 4, 128]) await conformanceTests({ describe, test, afterAll }, referenceWithSubgroups(size), { only: 'workgroups/subgroups' });
/** And in random programs, whose workgroups are small. */
await conformanceTests({ describe, test, afterAll }, referenceWithSubgroups(4), { only: 'programs/generated/seed 1' });
