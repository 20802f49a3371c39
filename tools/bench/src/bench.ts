import { parseArgs } from 'node:util';
import { isSluiceError, renderError } from '@sluice/core';
import { usage } from './errors.ts';
import { textOf, thisMachine } from './report.ts';
import type { Row, Suite } from './suite.ts';

/** By name; a suite is loaded when it is asked for, so that what it measures need not be there for the others. */
const SUITES: Readonly<Record<string, () => Promise<{ readonly suite: Suite }>>> = {
  core: () => import('./suites/core.ts'),
  gds: () => import('./suites/gds.ts'),
  io: () => import('./suites/io.ts'),
  wgsl: () => import('./suites/wgsl.ts'),
};

const HELP = `Measures a suite, side by side with its peers, and checks every value.
Usage: npm run bench -- <suite> [--json] [--quick]

Suites: ${Object.keys(SUITES).join(', ')}

Options:
  --json     Print one JSON object, { "suite", "machine", "rows" }, on standard output.
  --quick    Tiny sizes and few rounds: everything is checked, no figure means anything.
  --help     Show this help.

Exit status: 0 when all values were right, whether goals were met or not; 1 for a failure; 2 for a bad command line.
`;

/** Where the bench writes. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** Runs one command line; gives the exit status. */
export async function bench(argv: readonly string[], { out, err }: Output): Promise<number> {
  try {
    const { name, json, quick, help } = parse(argv);
    if (help) {
      out(HELP);
      return 0;
    }
    const { suite } = await suiteOf(name)();
    const rows: Row[] = [];
    for await (const row of suite.rows({ quick })) rows.push(row);
    const report = { suite: suite.name, machine: thisMachine(), rows };
    out(`${json ? JSON.stringify(report) : textOf(report)}\n`);
    return 0;
  } catch (error) {
    err(`${renderError(error)}\n`);
    return isSluiceError(error) && error.code === 'bench/usage' ? 2 : 1;
  }
}

function suiteOf(name: string | undefined): () => Promise<{ readonly suite: Suite }> {
  const found = name !== undefined && Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
  if (found === undefined) throw usage(name === undefined ? 'no suite is named' : `\`${name}\` is no suite`, Object.keys(SUITES));
  return found;
}

function parse(argv: readonly string[]): { name: string | undefined; json: boolean; quick: boolean; help: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv], allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    });
    if (positionals.length > 1) throw new TypeError(`\`${positionals[1]}\` is one argument too many`);
    return { name: positionals[0], ...values };
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error), Object.keys(SUITES));
  }
}
