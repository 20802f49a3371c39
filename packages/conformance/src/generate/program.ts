import fc from 'fast-check';
import { print } from '@sluice/core';
import type { Capabilities, ProgramIr, Registry, ScalarValue } from '@sluice/core';
import type { OracleArg } from '../oracle/oracle.ts';
import { FileModel } from '../oracle/oracle.ts';
import { catalogOf } from './catalog.ts';
import { buildChain } from './chain.ts';
import { buildHost } from './host.ts';
import { buildKernel } from './kernel.ts';
import { programRecipe } from './recipe.ts';
import type { ProgramRecipe } from './recipe.ts';
import type { Floats } from './scope.ts';

export interface GeneratorOptions {
  readonly registry: Registry;
  /** Generates nothing that these call unavailable. */
  readonly capabilities?: Capabilities;
  /** `ieee` if absent. */
  readonly floats?: Floats;
  /** The program reads and writes a granted file, `file`; false if absent. */
  readonly file?: boolean;
}

/** A valid program, and arguments that it runs to its end with. */
export interface GeneratedProgram {
  readonly program: ProgramIr;
  readonly args: Readonly<Record<string, GeneratedArg>>;
}
export type GeneratedArg = ScalarValue | Uint8Array | { readonly file: Uint8Array };

/**
 * Random programs: every one verifies, ends, has no data races, and gives the same on every backend, its inexact floats
 * aside. The ops are those of the registry, found through their records. A counterexample prints as text IR.
 */
export function programs(options: GeneratorOptions): fc.Arbitrary<GeneratedProgram> {
  return programRecipe.map((recipe) => printable(buildProgram(recipe, options)));
}

export function buildProgram(recipe: ProgramRecipe, { registry, capabilities, floats = 'ieee', file = false }: GeneratorOptions): GeneratedProgram {
  const catalog = catalogOf(registry, capabilities);
  const kernels = recipe.kernels.map((k, i) => buildKernel(`k${i}`, k, registry, catalog, floats));
  const chain = buildChain(recipe.chain, registry, catalog, floats);
  return buildHost(recipe, kernels, chain, { registry, catalog, floats, file });
}

/** The arguments as the oracle takes them; its files are its own. */
export function oracleArgs(args: GeneratedProgram['args']): Readonly<Record<string, OracleArg>> {
  return Object.fromEntries(Object.entries(args).map(([name, arg]) => [name, typeof arg === 'object' && 'file' in arg ? new FileModel(arg.file.slice()) : arg]));
}

/** The program as text, with its arguments in front. */
export function show({ program, args }: GeneratedProgram): string {
  const list = Object.entries(args).map(([name, arg]) => `# ${name} = ${typeof arg === 'object' ? bytes('file' in arg ? arg.file : arg) : String(arg)}`);
  return `\n${[...list, print(program)].join('\n')}\n`;
}

function bytes(data: Uint8Array): string {
  return `${data.length} bytes: ${[...data.subarray(0, 64)].map((b) => b.toString(16).padStart(2, '0')).join('')}${data.length > 64 ? '…' : ''}`;
}

function printable(made: GeneratedProgram): GeneratedProgram {
  return Object.defineProperty(made, fc.toStringMethod, { value: () => show(made), enumerable: false });
}

