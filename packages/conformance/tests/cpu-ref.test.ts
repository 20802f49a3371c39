import { afterAll, describe, test } from 'vitest';
import { conformanceTests } from '../src/index.ts';
import { reference } from './backends.ts';

await conformanceTests({ describe, test, afterAll }, reference('cpu-ref'));
