import { inject } from 'vitest';
import { findAdapter } from '../src/device/adapter.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly adapters: readonly string[];
  }
}

/** What the tests run on. */
export const ADAPTERS = inject('adapters');

/** Why nothing can run on an adapter here, if so: tests are skipped with it. */
export async function whyNotOn(adapter: string): Promise<string | undefined> {
  const found = await findAdapter({ adapter });
  return 'adapter' in found ? undefined : found.reason;
}
