import { errorToJson, Registry, verify } from '@sluice/core';
import type { ProgramIr } from '@sluice/core';
import { lowerProgram } from '@sluice/wgsl/lower';
import { resolve } from 'node:path';
import { cliError } from '../codes.ts';
import { JSON_OPTION, PLUGIN_OPTION, usage } from '../command.ts';
import type { Command, Invocation } from '../command.ts';
import { writeBytes } from '../files.ts';
import { PROGRAM, loadLinked, programReference } from '../load-program.ts';

/** A kernel as a device's text. */
interface Lowered {
  readonly kernel: string;
  readonly code: string;
}

/** What lowers for a target without a device at hand. */
type Target = (program: ProgramIr, invocation: Invocation) => readonly Lowered[];

const FEATURES = ['f16', 'subgroups'] as const;

const TARGETS: Readonly<Record<string, Target>> = {
  wgsl: (program, invocation) => {
    const features = invocation.names('features') ?? FEATURES;
    const unknown = features.find((f) => !(FEATURES as readonly string[]).includes(f) && f !== 'none');
    if (unknown !== undefined) throw usage(lower, `wgsl has no feature \`${unknown}\``, [...FEATURES, 'none']);
    return lowerProgram(program, { registry: Registry.default, features: { f16: features.includes('f16'), subgroups: features.includes('subgroups') }, unguarded: invocation.flag('unguarded'), passes: invocation.names('pass') })
      .map(({ kernel, lowered }) => ({ kernel: kernel.name, code: lowered.code }));
  },
};

export const lower: Command = {
  name: 'lower',
  summary: 'Print the code that a program\'s kernels become for a target.',
  positionals: [PROGRAM],
  options: [
    { name: 'target', value: 'name', summary: 'What to lower for: wgsl.' },
    { name: 'kernel', value: 'a,b', multiple: true, summary: 'The kernels to print, in place of all.' },
    { name: 'features', value: 'a,b', multiple: true, summary: 'Features of the device that code may use: f16, subgroups, or none. Both if absent.' },
    { name: 'unguarded', summary: 'Without the guards that a launch in bounds does not need.' },
    { name: 'pass', value: 'a,b', multiple: true, summary: 'Passes to run first, in this order, in place of those that a session runs.' },
    { name: 'out', value: 'path', summary: 'Write a file in place of standard output.' },
    PLUGIN_OPTION, JSON_OPTION,
  ],
  notes: ['No device is needed. The program is verified and made legal for the target first, as a session does it.'],
  examples: ['sluice lower bytes.ts --target wgsl', 'sluice lower bytes.slu --target wgsl --kernel crc --features none'],

  async run(invocation, terminal) {
    const [name, more] = invocation.texts('target');
    if (name === undefined || more !== undefined) throw usage(lower, name === undefined ? 'no --target is given' : 'more than one --target is given', Object.keys(TARGETS));
    const target = Object.hasOwn(TARGETS, name) ? TARGETS[name] : undefined;
    if (target === undefined) throw usage(lower, `\`${name}\` is no target`, Object.keys(TARGETS));
    const reference = programReference(invocation.positionals[0] ?? '', terminal.cwd);
    const program = await loadLinked(reference, invocation.names('plugin'), terminal.cwd);
    const problems = verify(program, Registry.default);
    if (problems.length > 0) {
      if (invocation.flag('json')) terminal.printJson({ ok: false, program: program.name, problems: problems.map(errorToJson) });
      else for (const problem of problems) terminal.fail(problem, false);
      return 1;
    }
    const kernels = chosen(target(program, invocation), invocation, program);
    const code = kernels.map((k) => k.code).join('\n');
    const [out] = invocation.texts('out');
    if (out !== undefined) await writeBytes(resolve(terminal.cwd, out), code);
    if (invocation.flag('json')) terminal.printJson({ ok: true, program: program.name, target: name, ...(out === undefined ? { kernels } : { out }) });
    else if (out === undefined) terminal.print(code.trimEnd());
    return 0;
  },
};

function chosen(kernels: readonly Lowered[], invocation: Invocation, { name, kernels: all }: ProgramIr): readonly Lowered[] {
  const names = invocation.names('kernel');
  const unknown = names?.find((n) => !kernels.some((k) => k.kernel === n));
  if (unknown !== undefined) throw cliError('cli/usage', `program \`${name}\` has no kernel \`${unknown}\``, 'name one of its kernels', { available: all.map((k) => k.name) });
  return names === undefined ? kernels : kernels.filter((k) => names.includes(k.kernel));
}
