import manifest from '../package.json' with { type: 'json' };
import { exitCodeFor } from './codes.ts';
import { definitions, helpOf, parse, usage } from './command.ts';
import type { Command } from './command.ts';
import { cache } from './commands/cache.ts';
import { check } from './commands/check.ts';
import { conform } from './commands/conform.ts';
import { doctor } from './commands/doctor.ts';
import { fmt } from './commands/fmt.ts';
import { inspect } from './commands/inspect.ts';
import { load } from './commands/load.ts';
import { lower } from './commands/lower.ts';
import { ops } from './commands/ops.ts';
import { opt } from './commands/opt.ts';
import { print } from './commands/print.ts';
import { run } from './commands/run.ts';
import { trace } from './commands/trace.ts';
import type { Terminal } from './terminal.ts';

const commands: readonly Command[] = [run, trace, check, fmt, print, opt, lower, inspect, load, ops, cache, doctor, conform];

/** Runs one command line, without the program's name in front; gives the exit status and never throws. */
export async function cli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name = '', ...rest] = argv;
  const json = wantsJson(argv);
  try {
    if (name === '') {
      terminal.note(overview());
      return 2;
    }
    if (name === '--version' || name === '-V') return said(terminal, manifest.version);
    if (name === '--help' || name === '-h') return said(terminal, overview());
    if (name === 'help') return said(terminal, rest[0] === undefined ? overview() : helpOf(commandOf(rest[0])));
    const command = commandOf(name);
    const invocation = parse(command, rest);
    return invocation === undefined ? said(terminal, helpOf(command)) : await command.run(invocation, terminal);
  } catch (error) {
    terminal.fail(error, json);
    return exitCodeFor(error);
  }
}

/** Whether standard output is for one JSON value; known before the command line is parsed, for the errors of that. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? argv.length : end).includes('--json');
}

function said(terminal: Terminal, text: string): number {
  terminal.print(text);
  return 0;
}

function commandOf(name: string): Command {
  const found = commands.find((c) => c.name === name);
  if (found === undefined) throw usage(undefined, name.startsWith('-') ? `\`${name}\` is no option` : `\`${name}\` is no command`, commands.map((c) => c.name));
  return found;
}

function overview(): string {
  return [
    `sluice ${manifest.version}: runs, checks and inspects Sluice programs`,
    'Usage: sluice <command> [options]',
    `Commands:\n${definitions(commands.map((c) => [c.name, c.summary]))}`,
    `Options:\n${definitions([['-h, --help', 'Show this help; after a command, the help of the command.'], ['-V, --version', 'Show the version.']])}`,
    'Exit status: 0 for success, 1 for a failure or a negative verdict, 2 for a bad command\nline, 128 + n when stopped by signal n. NO_COLOR turns colours off.',
  ].join('\n\n');
}
