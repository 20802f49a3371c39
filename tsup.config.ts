import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

// The one build of every package here (`tsup --config ../../tsup.config.ts` in the package's folder): ESM for Node 20.
// Each `dist/<name>.js` that the package's package.json names is built from `src/<name>.ts`, with declarations if it is
// named by `exports`.
const text = readFileSync('package.json', 'utf8');
const { name, version, exports = {} } = JSON.parse(text) as { name: string; version: string; exports?: object };
const entries = (json: string) => [...new Set([...json.matchAll(/\.\/dist\/([\w-]+)\.js"/g)].map(([, entry]) => `src/${entry}.ts`))];
const exported = entries(JSON.stringify(exports));

export default defineConfig({
  entry: entries(text),
  format: ['esm'],
  target: 'node20',
  dts: exported.length > 0 && {
    entry: exported,
    // tsup 8 injects `baseUrl`, which TypeScript 6 accepts only with ignoreDeprecations. Without the source condition the
    // published declarations refer to the published declarations of other packages.
    compilerOptions: { ignoreDeprecations: '6.0', customConditions: [] },
  },
  esbuildPlugins: [
    {
      // `import manifest from '../package.json' with { type: 'json' }` brings the name and version into the bundle, no more.
      name: 'manifest',
      setup: (build) => {
        build.onLoad({ filter: /[\\/]package\.json$/ }, () => ({ contents: JSON.stringify({ name, version }), loader: 'json' }));
      },
    },
  ],
  clean: true,
  sourcemap: true,
  treeshake: false,
});
