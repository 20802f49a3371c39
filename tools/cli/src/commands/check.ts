import { basename } from 'node:path';
import { Registry, errorToJson, isSluiceError, verify, walkOps } from '@sluice/core';
import type { ProgramIr, SluiceError } from '@sluice/core';
import { JSON_OPTION, PLUGIN_OPTION } from '../command.ts';
import type { Command } from '../command.ts';
import { optionFor } from '../arguments.ts';
import { PROGRAM, loadLinked, programReference } from '../load-program.ts';

export const check: Command = {
  name: 'check',
  summary: 'Verify a program without running it.',
  positionals: [PROGRAM],
  options: [PLUGIN_OPTION, JSON_OPTION],
  notes: ['A program is checked against the ops that are registered; no backend is needed. The exit status is 1 if anything is wrong.'],
  examples: ['sluice check bytes.ts', 'sluice check bytes.slu', 'sluice check kernels.mjs#blur --json'],

  async run(invocation, terminal) {
    const reference = programReference(invocation.positionals[0] ?? '', terminal.cwd);
    const read = await loadLinked(reference, invocation.names('plugin'), terminal.cwd).catch(problemsOfText);
    const program = 'kind' in read ? read : undefined;
    const problems = 'kind' in read ? verify(read, Registry.default) : read;
    const ok = problems.length === 0;
    const ops = ok && program !== undefined ? countOps(program) : undefined;
    const name = program === undefined ? basename(reference.file) : `program ${program.name}`;
    if (invocation.flag('json')) {
      terminal.printJson({ ok, program: program?.name ?? null, kernels: program?.kernels.length, ops, problems: problems.map(errorToJson) });
    } else {
      for (const problem of problems) terminal.fail(problem, false);
      terminal.print(ok ? `${name}: ok; ${counted(program?.kernels.length ?? 0, 'kernel')}, ${ops} ops` : `${name}: ${counted(problems.length, 'problem')}`);
      if (ok && program !== undefined && program.params.length > 0) terminal.print(`takes ${program.params.map(optionFor).join(' ')}`);
    }
    return ok ? 0 : 1;
  },
};

/** The problems of a text that cannot be read, as those of a program that does not verify. */
function problemsOfText(error: unknown): readonly SluiceError[] {
  if (!isSluiceError(error) || !error.code.startsWith('text/')) throw error;
  return error.problems.length === 0 ? [error] : error.problems;
}

function countOps(program: ProgramIr): number {
  let count = 0;
  for (const { body } of [program, ...program.kernels]) for (const _ of walkOps(body.region)) count++;
  return count;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
