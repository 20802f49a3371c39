/** What the tests run on; see tools/testing/adapters.mjs. */
export const ADAPTERS: readonly string[] = (process.env['SLUICE_TEST_ADAPTERS'] ?? 'swiftshader').split(',').map((name) => name.trim()).filter((name) => name !== '');
