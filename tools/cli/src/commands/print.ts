import { encode, hashOf, print as text, Registry, toDot } from '@sluice/core';
import type { ProgramIr } from '@sluice/core';
import { resolve } from 'node:path';
import { JSON_OPTION, PLUGIN_OPTION, usage } from '../command.ts';
import type { Command, Invocation } from '../command.ts';
import { writeBytes } from '../files.ts';
import { PROGRAM, loadLinked, programReference } from '../load-program.ts';
import type { Terminal } from '../terminal.ts';

const FORMS = ['text', 'dot', 'wire'] as const;
type Form = (typeof FORMS)[number];

export const print: Command = {
  name: 'print',
  summary: 'Print a program as text, as a graph, or in wire form.',
  positionals: [PROGRAM],
  options: [
    { name: 'text', summary: 'The text form (.slu): what is printed if nothing else is asked for.' },
    { name: 'dot', summary: 'A graph of its ops and values, for Graphviz.' },
    { name: 'wire', summary: 'The wire form (.sluw): bytes.' },
    { name: 'out', value: 'path', summary: 'Write a file in place of standard output.' },
    PLUGIN_OPTION, JSON_OPTION,
  ],
  notes: ['The program is not verified. With --json, bytes are in base64, and `hash` is the content hash: equal programs have the same.'],
  examples: ['sluice print bytes.ts > bytes.slu', 'sluice print bytes.slu --wire --out bytes.sluw', 'sluice print bytes.ts --dot --out bytes.dot'],

  async run(invocation, terminal) {
    const form = formOf(invocation);
    const [out] = invocation.texts('out');
    const json = invocation.flag('json');
    if (form === 'wire' && out === undefined && !json && terminal.watched) throw usage(print, '--wire gives bytes, which a terminal cannot show: name a file with --out');
    const reference = programReference(invocation.positionals[0] ?? '', terminal.cwd);
    const program = await loadLinked(reference, invocation.names('plugin'), terminal.cwd);
    const printed = IN_FORM[form](program);
    if (out !== undefined) await writeBytes(resolve(terminal.cwd, out), printed);
    if (json) terminal.printJson({ ok: true, program: program.name, hash: hashOf(program), form, ...(out === undefined ? { content: asText(printed) } : { out }) });
    else if (out === undefined) show(printed, terminal);
    return 0;
  },
};

const IN_FORM: Readonly<Record<Form, (program: ProgramIr) => string | Uint8Array>> = {
  text: (program) => `${text(program)}\n`,
  dot: toDot,
  wire: (program) => encode(program, { registry: Registry.default }),
};

function formOf(invocation: Invocation): Form {
  const [form = 'text', more] = FORMS.filter((f) => invocation.flag(f));
  if (more !== undefined) throw usage(print, `--${form} and --${more} exclude each other`);
  return form;
}

function asText(printed: string | Uint8Array): string {
  return typeof printed === 'string' ? printed : Buffer.from(printed).toString('base64');
}

function show(printed: string | Uint8Array, terminal: Terminal): void {
  if (typeof printed === 'string') terminal.print(printed.trimEnd());
  else terminal.printBytes(printed);
}
