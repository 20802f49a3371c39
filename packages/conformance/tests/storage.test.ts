import { afterAll, describe, test } from 'vitest';
import { conformanceTests } from '../src/index.ts';
import { storage } from './backends.ts';

await conformanceTests({ describe, test, afterAll }, storage('fs'));
await conformanceTests({ describe, test, afterAll }, storage('io-uring'));
