import { extname, resolve } from 'node:path';
import type { Span } from '@sluice/core';
import type { BuildFailure, Plugin } from 'esbuild';

export interface SyntaxFault {
  readonly text: string;
  readonly span: Span;
}

/**
 * The first syntax error in the module at `file` or in the modules that it imports by relative paths; undefined where
 * they parse. Nothing runs and nothing is written.
 */
export async function syntaxFault(file: string): Promise<SyntaxFault | undefined> {
  const { build } = await import('esbuild');
  try {
    await build({ entryPoints: [file], bundle: true, packages: 'external', plugins: [modulesOnly], format: 'esm', platform: 'node', write: false, logLevel: 'silent' });
    return undefined;
  } catch (failure) {
    const { errors: [error] = [] } = failure as Partial<BuildFailure>;
    const location = error?.location ?? undefined;
    if (error === undefined || location === undefined) return undefined;
    const { file: at, line, column } = location;
    return { text: error.text, span: { file: resolve(at), line, column: column + 1 } };
  }
}

const MODULES = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** Leaves out what is no module or not there: that is for whoever imports it to complain about. */
const modulesOnly: Plugin = {
  name: 'modules-only',
  setup(build) {
    build.onResolve({ filter: /^\.{0,2}\// }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === modulesOnly) return undefined;
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: modulesOnly });
      return found.errors.length === 0 && MODULES.includes(extname(found.path)) ? found : { path, external: true };
    });
  },
};
