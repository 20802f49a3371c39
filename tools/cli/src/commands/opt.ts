import { Registry, defaultPasses, errorToJson, findPass, optimize, passIds, print, verify, walkOps } from '@sluice/core';
import type { ProgramIr } from '@sluice/core';
import { JSON_OPTION, PLUGIN_OPTION, usage } from '../command.ts';
import type { Command } from '../command.ts';
import { loadLinked, programReference } from '../load-program.ts';
import { textTable } from '../table.ts';

/** What one pass did. */
interface Step {
  readonly pass: string;
  readonly milliseconds: number;
  /** Of the program after it. */
  readonly ops: number;
  readonly changed: boolean;
}

export const opt: Command = {
  name: 'opt',
  summary: 'Run passes over a program and print what they make of it.',
  positionals: [{ name: 'program', summary: 'A program, as `sluice check` takes it.' }],
  options: [
    { name: 'pass', value: 'a,b', multiple: true, summary: 'Passes to run, in this order, in place of those that a session runs.' },
    { name: 'print-after-each', summary: 'Print the program after each pass that changes it, not only at the end.' },
    { name: 'time-passes', summary: 'Print on standard error how long each pass took.' },
    PLUGIN_OPTION, JSON_OPTION,
  ],
  notes: ['The program is verified before the first pass and after each. Without --pass, the passes are:', defaultPasses.join(', ')],
  examples: ['sluice opt bytes.ts', 'sluice opt bytes.ts --pass core.fold,core.dce --print-after-each', 'sluice opt bytes.ts --time-passes --json'],

  async run(invocation, terminal) {
    const reference = programReference(invocation.positionals[0] ?? '', terminal.cwd);
    const program = await loadLinked(reference, invocation.names('plugin'), terminal.cwd);
    const registry = Registry.default;
    const passes = invocation.names('pass') ?? defaultPasses;
    const unknown = passes.find((id) => findPass(id, registry) === undefined);
    if (unknown !== undefined) throw usage(opt, `there is no pass \`${unknown}\``, passIds(registry));

    const json = invocation.flag('json');
    const steps: Step[] = [];
    const printed: { readonly pass: string; readonly text: string }[] = [];
    let current: ProgramIr = program;
    let problems = verify(program, registry);
    for (const pass of problems.length === 0 ? passes : []) {
      const began = performance.now();
      const made = optimize(current, { registry, passes: [pass] });
      const milliseconds = performance.now() - began;
      steps.push({ pass, milliseconds, ops: countOps(made), changed: made !== current });
      if (made !== current && invocation.flag('print-after-each')) printed.push({ pass, text: print(made) });
      current = made;
      problems = verify(made, registry);
      if (problems.length > 0) break;
    }

    const ok = problems.length === 0;
    if (json) terminal.printJson({ ok, program: program.name, ops: countOps(program), passes: steps, printed, text: ok ? print(current) : undefined, problems: problems.map(errorToJson) });
    else {
      for (const { pass, text } of printed) terminal.print(`// after ${pass}\n${text}\n`);
      if (ok && printed.at(-1)?.text !== print(current)) terminal.print(print(current));
      for (const problem of problems) terminal.fail(problem, false);
      if (invocation.flag('time-passes')) terminal.note(timeTable(steps, countOps(program)));
    }
    return ok ? 0 : 1;
  },
};

function timeTable(steps: readonly Step[], before: number): string {
  const rows = steps.map((s, i) => [s.pass, s.milliseconds.toFixed(3), String(s.ops - (steps[i - 1]?.ops ?? before)), s.changed ? '' : 'changed nothing']);
  const all = steps.reduce((sum, s) => sum + s.milliseconds, 0);
  return textTable(['pass', 'ms', 'ops', ''], [...rows, ['all', all.toFixed(3), String((steps.at(-1)?.ops ?? before) - before), `${before} ops before`]]);
}

function countOps({ body, kernels }: ProgramIr): number {
  let count = 0;
  for (const each of [body, ...kernels.map((k) => k.body)]) for (const _ of walkOps(each.region)) count++;
  return count;
}
