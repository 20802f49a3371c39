import { existsSync, statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { decode, parse, Registry } from '@sluice/core';
import type { Program, ProgramIr } from '@sluice/core';
import { cliError } from './codes.ts';
import { readBytes, readText } from './files.ts';
import { EXTENSIONS, loadModule } from './load-module.ts';
import { linkAll } from './plugins.ts';

/** Endings of files that are a program by themselves: in text form, and in wire form. */
const TEXT = '.slu';
const WIRE = '.sluw';
const FORMS = [TEXT, WIRE];

/** What a command line may name as a program, for help texts. */
export const PROGRAM = {
  name: 'program',
  summary: 'A text (.slu), a wire file (.sluw), or a module (.ts, .mts, .js, .mjs, .cjs) that exports a program by default; module#name for another export.',
};

/** A program as the command line names it. */
export interface ProgramReference {
  /** Absolute path of the file. */
  readonly file: string;
  /** The export of a module; `default` where none is named. */
  readonly name: string;
}

/**
 * Reads `file` or `module#name`, relative to `cwd`. A `#` in the name of a file that exists is part of it.
 * @throws SluiceError `cli/no-program`
 */
export function programReference(text: string, cwd: string): ProgramReference {
  const hash = text.lastIndexOf('#');
  const whole = hash === -1 || existsSync(resolve(cwd, text));
  const file = resolve(cwd, whole ? text : text.slice(0, hash));
  if (!existsSync(file)) throw cliError('cli/no-program', `\`${file}\` does not exist`, 'name a file with a program, as `file`, or as `file#name` for an export of a module');
  if (!statSync(file).isFile()) throw cliError('cli/no-program', `\`${file}\` is not a file`, 'name a file with a program');
  const ending = extname(file);
  if (!EXTENSIONS.includes(ending) && !FORMS.includes(ending)) throw cliError('cli/no-program', `\`${file}\` is not a module, text or wire file`, `name a file that ends in ${[...FORMS, ...EXTENSIONS].join(', ')}`);
  if (!whole && FORMS.includes(ending)) throw cliError('cli/no-program', `\`${file}\` has one program, which has no export to name`, 'leave out what stands from the `#` on');
  return { file, name: whole ? 'default' : text.slice(hash + 1) };
}

/**
 * Links the plugins that `plugins` names, or else those of the project that the program is in, and loads the program. A
 * text is read by the records of the ops that are linked; a module may link plugins of its own first.
 * @throws SluiceError what `loadProgram` and `linkAll` throw
 */
export async function loadLinked(reference: ProgramReference, plugins: readonly string[] | undefined, cwd: string): Promise<ProgramIr> {
  const link = () => linkAll(plugins, { folder: dirname(reference.file), cwd });
  if (FORMS.includes(extname(reference.file))) {
    await link();
    return loadProgram(reference);
  }
  const program = await loadProgram(reference);
  await link();
  return program;
}

/**
 * Reads the text or wire file by what is linked so far; or imports the module and takes the program out of it.
 * @throws SluiceError `cli/load-failed`, `cli/no-program`, `cli/file`, `text/invalid`, or a `wire/` or `build/` code
 */
export async function loadProgram({ file, name }: ProgramReference): Promise<Program> {
  if (extname(file) === TEXT) return parse(await readText(file), Registry.default, { file });
  if (extname(file) === WIRE) return decode(await readBytes(file), { registry: Registry.default });
  const module = await loadModule(file);
  const found = module[name];
  if (isProgram(found)) return found;
  const programs = Object.entries(module).filter(([, value]) => isProgram(value)).map(([key]) => (key === 'default' ? file : `${file}#${key}`));
  const what = name === 'default' ? 'default export' : `export \`${name}\``;
  throw cliError(
    'cli/no-program',
    found === undefined ? `\`${file}\` has no ${what}` : `the ${what} of \`${file}\` is no program`,
    programs.length > 0 ? 'name one of the programs that it exports' : 'export what defineProgram returns',
    { available: programs },
  );
}

/** By its data: a program may come from another copy of core. */
function isProgram(value: unknown): value is Program {
  const { kind, params, kernels, body } = (value ?? {}) as Partial<Program>;
  return kind === 'program' && Array.isArray(params) && Array.isArray(kernels) && typeof body === 'object';
}
