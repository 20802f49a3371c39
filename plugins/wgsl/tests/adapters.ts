import { findAdapter } from '../src/device/adapter.ts';
import type { WgslOptions } from '../src/plugin.ts';

/** What the tests run on; see tools/testing/adapters.mjs. */
export const ADAPTERS: readonly string[] = (process.env['SLUICE_TEST_ADAPTERS'] ?? 'swiftshader').split(',').map((name) => name.trim()).filter((name) => name !== '');

export function optionsFor(adapter: string): WgslOptions {
  return { adapter: adapter === 'swiftshader' ? 'SwiftShader' : adapter };
}

/** Why nothing can run on an adapter here, if so: tests are skipped with it. */
export async function whyNotOn(adapter: string): Promise<string | undefined> {
  const found = await findAdapter(optionsFor(adapter));
  return 'adapter' in found ? undefined : found.reason;
}
