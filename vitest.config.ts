import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { swiftshaderEnvironment, testAdapters } from './tools/testing/adapters.mjs';

// Packages resolve to each other's `src` through the "@sluice/source" condition, so tests need no build.
// TEST_DIST=1 leaves the condition out: packages then meet each other as they are published, in `dist`.
const source = process.env['TEST_DIST'] === '1' ? [] : ['@sluice/source'];
const conditions = [...source, 'module', 'node', 'development|production'];

// WebGPU runs in software, on machines with a GPU too. Workers are processes that start with this environment.
Object.assign(process.env, swiftshaderEnvironment());

const roots = ['packages', 'plugins', 'tools', 'examples']
  .flatMap((group) => readdirSync(group).map((name) => `${group}/${name}`))
  .filter((root) => existsSync(`${root}/package.json`));

export default defineConfig({
  test: {
    projects: roots.map((root) => ({
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: source } },
      // No test is about time: a limit only ends one that hangs, on however busy a machine.
      test: { name: root, root, include: ['src/**/*.test.ts', 'tests/**/*.test.ts'], provide: { adapters: testAdapters() }, testTimeout: 120_000, hookTimeout: 120_000 },
    })),
    reporters: ['default', './tools/testing/counts-reporter.mjs'],
    coverage: {
      provider: 'v8',
      include: ['{packages,plugins,tools,examples}/*/src/**/*.ts'],
      reporter: ['text', 'json-summary'],
    },
  },
});
