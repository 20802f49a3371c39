import { parseArgs } from 'node:util';
import { cliError } from './codes.ts';
import type { Terminal } from './terminal.ts';

/** A command as data: the parser and the help are driven by it. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What stands after the name in the usage line, and what each of it is. */
  readonly positionals: readonly { readonly name: string; readonly summary: string; /** One or more; the last one only. */ readonly multiple?: true }[];
  readonly options: readonly Option[];
  /** Paragraphs below the options. */
  readonly notes: readonly string[];
  readonly examples: readonly string[];
  /** Gives the exit status. What it throws is rendered, and gives the exit status of its code. */
  run(invocation: Invocation, terminal: Terminal): Promise<number>;
}

export interface Option {
  readonly name: string;
  readonly summary: string;
  /** Name of the value in the help; absent for a flag. */
  readonly value?: string;
  readonly multiple?: boolean;
  /** One letter that stands for the name. */
  readonly short?: string;
}

/** A parsed command line. */
export interface Invocation {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  /** All values of an option, in order. */
  texts(name: string): readonly string[];
  /** All values of an option whose values may be lists with commas; undefined where it is not given. */
  names(name: string): readonly string[] | undefined;
}

const HELP: Option = { name: 'help', short: 'h', summary: 'Show this help.' };
export const JSON_OPTION: Option = { name: 'json', summary: 'Print one JSON value on standard output, errors too.' };
export const PLUGIN_OPTION: Option = {
  name: 'plugin', value: 'a,b', multiple: true,
  summary: 'Packages or plugin files to import, in place of those that package.json names.',
};

/**
 * `undefined` where help is asked for.
 * @throws SluiceError `cli/usage`
 */
export function parse(command: Command, argv: readonly string[]): Invocation | undefined {
  const options = [...command.options, HELP];
  const { values, positionals } = parsed(command, options, argv);
  if (values['help'] === true) return undefined;
  const [extra] = command.positionals.at(-1)?.multiple === true ? [] : positionals.slice(command.positionals.length);
  if (extra !== undefined) throw usage(command, `\`${extra}\` is one argument too many`);
  const missing = command.positionals[positionals.length];
  if (missing !== undefined) throw usage(command, `no <${missing.name}> is given`);
  const texts = (name: string) => ([values[name] ?? []].flat() as readonly unknown[]).filter((v) => typeof v === 'string');
  return {
    positionals,
    flag: (name) => values[name] === true,
    texts,
    names(name) {
      const given = texts(name).flatMap((list) => list.split(',')).map((s) => s.trim());
      if (given.some((s) => s === '')) throw usage(command, `--${name} has an empty name in its list`);
      return given.length === 0 ? undefined : given;
    },
  };
}

export function usage(command: Command | undefined, message: string, available: readonly string[] = []): Error {
  return cliError('cli/usage', message, `see \`sluice ${command === undefined ? '' : `${command.name} `}--help\``, { available });
}

function parsed(command: Command, options: readonly Option[], argv: readonly string[]) {
  const config = options.map((o) => [o.name, { type: o.value === undefined ? 'boolean' : 'string', multiple: o.multiple === true, ...(o.short === undefined ? {} : { short: o.short }) }] as const);
  try {
    return parseArgs({ args: [...argv], options: Object.fromEntries(config), allowPositionals: true, strict: true });
  } catch (error) {
    // The first sentence says what is wrong; the rest is about Node's own syntax.
    const message = error instanceof Error ? (error.message.split(/\. (?=[A-Z])|\n/)[0] ?? '') : String(error);
    throw usage(command, message, options.map((o) => `--${o.name}`));
  }
}

const WIDTH = 88;

export function helpOf(command: Command): string {
  const args = command.positionals.map((p) => ` <${p.name}>${p.multiple === true ? '...' : ''}`).join('');
  return [
    command.summary,
    `Usage: sluice ${command.name}${args} [options]`,
    ...(command.positionals.length === 0 ? [] : [definitions(command.positionals.map((p) => [`<${p.name}>`, p.summary]))]),
    `Options:\n${definitions([...command.options, HELP].map((o) => [spelled(o), o.summary]))}`,
    ...command.notes.map((text) => wrap(text, WIDTH).join('\n')),
    ...(command.examples.length === 0 ? [] : [`Examples:\n${command.examples.map((e) => `  ${e}`).join('\n')}`]),
  ].join('\n\n');
}

function spelled(option: Option): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return `${short}--${option.name}${option.value === undefined ? '' : ` ${option.value}`}`;
}

/** Terms on the left, what they mean on the right, wrapped. */
export function definitions(rows: readonly (readonly [term: string, text: string])[]): string {
  const width = Math.min(30, Math.max(...rows.map(([term]) => term.length)));
  return rows
    .map(([term, text]) => {
      const [first = '', ...rest] = wrap(text, WIDTH - width - 4);
      const head = term.length > width ? [`  ${term}`, `  ${' '.repeat(width)}  ${first}`] : [`  ${term.padEnd(width)}  ${first}`];
      return [...head, ...rest.map((line) => `  ${' '.repeat(width)}  ${line}`)].join('\n');
    })
    .join('\n');
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
