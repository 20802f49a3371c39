import { Registry } from '@sluice/core';
import { JSON_OPTION, PLUGIN_OPTION, usage } from '../command.ts';
import type { Command } from '../command.ts';
import { coverage, matrix } from '../coverage.ts';
import { linkAvailable, noPlugin } from '../plugins.ts';
import { markdownTable, textTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export const ops: Command = {
  name: 'ops',
  summary: 'List every registered op and which backends lower it.',
  positionals: [],
  options: [{ name: 'markdown', summary: 'Print a Markdown table.' }, PLUGIN_OPTION, JSON_OPTION],
  notes: [
    "Imported are the project's plugins (dependencies in the nearest package.json with @sluice/core as a peer dependency and an entry ./plugin), and of the known ones those that are installed here or come with this command.",
    'A cell names the slot that the backend takes the op from: `cpuRef` is the meaning that all share, `compose` the composition of other ops, `-` none. On the host side of a program the session evaluates control flow and arithmetic itself.',
  ],
  examples: ['sluice ops', 'sluice ops --plugin fs,./my-plugin.ts --json'],

  async run(invocation, terminal) {
    if (invocation.flag('json') && invocation.flag('markdown')) throw usage(ops, '--json and --markdown exclude each other');
    const named = invocation.names('plugin');
    let status = 0;
    for (const linked of await linkAvailable(named, terminal.cwd)) {
      if (linked.state === 'failed') terminal.fail(linked.error, false);
      // Of the known ones that nobody asked for, one may well be missing.
      if (linked.state === 'missing' && named !== undefined) terminal.fail(noPlugin(linked.name, terminal.cwd), false);
      if (linked.state !== 'imported' && named !== undefined) status = 1;
    }
    const registry = Registry.default;
    for (const { error } of registry.rejected) terminal.fail(error, false);
    if (invocation.flag('json')) terminal.printJson(coverage(registry));
    else if (invocation.flag('markdown')) printMarkdown(registry, terminal);
    else printTable(registry, terminal);
    return status;
  },
};

function printTable(registry: Registry, terminal: Terminal): void {
  const { titles, rows } = matrix(registry);
  terminal.print(`${textTable(titles, rows)}\n\n${summary(registry)}`);
  for (const { message } of registry.dangling) terminal.print(`waiting: ${message}`);
}

function printMarkdown(registry: Registry, terminal: Terminal): void {
  const { titles, rows } = matrix(registry);
  terminal.print(`${markdownTable(titles, rows, [0, 2])}\n\n${summary(registry)}`);
  if (registry.dangling.length > 0) terminal.print(`\n${registry.dangling.map(({ message }) => `- waiting: ${message}`).join('\n')}`);
}

function summary(registry: Registry): string {
  const plugins = registry.plugins.map((p) => `${p.name} ${p.version}`);
  return `${registry.ops.size} ops; plugins: ${plugins.join(', ') || 'none'}`;
}
