import { dirname, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isSluiceError } from '@sluice/core';
import type { SluiceError, Span } from '@sluice/core';
import { cliError } from './codes.ts';
import { syntaxFault } from './syntax-fault.ts';
import type { SyntaxFault } from './syntax-fault.ts';

/** Endings of the modules that can be loaded. */
export const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.cjs'];

/**
 * Imports the module at `file`, an absolute path. TypeScript is compiled in memory, on every version of Node; what the
 * module imports is found from where it stands, so a program gets the core and the packages of its own project.
 * @throws SluiceError `cli/load-failed` with the place, or the coded error that the module threw
 */
export async function loadModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  if (/\.m?ts$/.test(file)) await compileTypeScript();
  loading.add(file);
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw await loadFailure(file, error);
  } finally {
    loading.delete(file);
  }
}

const loading = new Set<string>();

/** What is to be said where nothing is left to do while a module is loaded; undefined where none is. */
export function stalledLoad(): SluiceError | undefined {
  const [file] = loading;
  return file === undefined ? undefined : cliError('cli/load-failed', `\`${file}\` never finishes loading: a top-level \`await\` in it, or in what it imports, never settles`, 'mend the module');
}

/** What is to be said where the process ends with `status` while a module is loaded; undefined where none is. */
export function endedLoad(status: number): SluiceError | undefined {
  const [file] = loading;
  return file === undefined ? undefined : cliError('cli/load-failed', `\`${file}\` ended the process with status ${status} while it was loaded`, 'take the call of process.exit out of the module, or out of what it imports');
}

let compiling: Promise<unknown> | undefined;

/** From now on this process imports TypeScript; positions in errors are those of the source. */
function compileTypeScript(): Promise<unknown> {
  compiling ??= import('tsx/esm/api').then(({ register }) => register());
  return compiling;
}

/** The coded error for what importing `file` threw. */
export async function loadFailure(file: string, error: unknown): Promise<unknown> {
  if (isSluiceError(error)) return error;
  if (!(error instanceof Error)) return cliError('cli/load-failed', `\`${file}\` threw ${String(error)}`, 'throw an Error from it');
  const place = placeOf(error);
  // A loader may know no place, or give an error of its own for what follows from a syntax error.
  const syntax = compileError(error) ?? (place === undefined || isMissing(error) ? await syntaxFault(file) : undefined);
  const span = syntax?.span ?? place;
  const what = syntax === undefined ? `${error.name}: ${error.message}` : syntax.text;
  return cliError('cli/load-failed', `\`${file}\` could not be loaded: ${what}`, loadFix(file, error, span !== undefined), { cause: syntax === undefined ? error : undefined, where: { span } });
}

function loadFix(file: string, error: Error, placed: boolean): string {
  if (isMissing(error)) return 'install what it imports in the project that it belongs to, or correct the import';
  // V8 keeps the place of a syntax error to itself until nobody catches it.
  return error instanceof SyntaxError && !placed ? `mend the module: \`node --check ${file}\` shows where, or the same for what it imports` : 'mend the module';
}

/** Something that it imports is not there; or, as some versions of Node say it, does not parse. */
function isMissing(error: Error): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
}

/** What the TypeScript compiler found, and where; its columns count from 0. */
function compileError(error: Error): SyntaxFault | undefined {
  const [, file, line, column, text] = /^(.+):(\d+):(\d+): ERROR: (.+)$/m.exec(error.message) ?? [];
  return file === undefined || text === undefined ? undefined : { text, span: { file, line: Number(line), column: Number(column) + 1 } };
}

const FRAME = /(?:\(|at )((?:file:\/\/|\/|[A-Za-z]:\\)[^()\n]*?):(\d+):(\d+)\)?$/;
const OWN = dirname(fileURLToPath(import.meta.url)) + sep;
const HEAD = /^(file:\/\/[^\n]*?):(\d+)$/;

/** The innermost place of an author's own code on the stack: not Node's, not a package's, not ours. */
function placeOf(error: Error): Span | undefined {
  const lines = (error.stack ?? '').split('\n');
  const places = [HEAD.exec(lines[0] ?? ''), ...lines.map((line) => FRAME.exec(line.trim()))].flatMap((match) => {
    const [, url = '', line, column = 1] = match ?? [];
    const file = url.startsWith('file:') ? fileURLToPath(url.replace(/\?.*$/, '')) : url;
    return file === '' || file.startsWith(OWN) || file.includes(`${sep}node_modules${sep}`) ? [] : [{ file, line: Number(line), column: Number(column) }];
  });
  return places[0];
}
