import { signatureOf } from '@sluice/core';
import type { CodeRow, Family, OpDef, Registry } from '@sluice/core';

const FAMILIES: readonly (readonly [Family, string, string])[] = [
  ['program', 'The program is invalid', 'Raised while a program or plugin is built, registered, loaded or verified. Mend it.'],
  ['unsupported', 'The program is valid, and cannot run here', 'Raised before anything runs. Import a plugin, use another backend or another machine.'],
  ['run', 'The run failed', 'Raised while a session is used: an argument, a file, memory or a device is at fault.'],
];

/** The line that a generated page starts with. */
export const generated = (from: string, test = 'reference'): string => `<!-- Generated from ${from}. To bring it up to date: npx vitest run --project tools/acceptance tests/${test}.test.ts -u -->`;

/** The page of error codes: a table for each family, sorted. */
export function errorPage(codes: Iterable<readonly [string, CodeRow]>): string {
  const rows = [...codes].sort(([a], [b]) => (a < b ? -1 : 1));
  const sections = FAMILIES.map(([family, title, text]) => {
    const own = rows.filter(([, row]) => row.family === family);
    return `## ${title}\n\nFamily \`${family}\`. ${text}\n\n${table(['code', 'when'], own.map(([code, row]) => [`\`${code}\``, row.summary]))}`;
  });
  return page('Error codes', 'the code tables of core, the plugins, the command line and the demo', [
    'Every error of Sluice has a code, `<part>/<what>`, and one of three families. [The guide](../guides/application-author.md#errors) says what else it has.',
    ...sections,
  ]);
}

/** The page of ops: a table for each dialect. */
export function opPage(registry: Registry): string {
  const sections = byId(registry.dialects.values()).map((dialect) => {
    const rows = byId(dialect.ops).map((op) => [`\`${op.id}\``, op.level, signature(op), op.summary]);
    return `## ${dialect.id}\n\n${dialect.summary ?? ''} [Each op in detail, with examples](ops/${dialect.id}.md).\n\n${table(['op', 'level', 'signature', 'meaning'], rows)}`;
  });
  return page('Ops', 'the registry with every plugin of this repository', [
    'Every op, by dialect. `host` ops stand in programs, `kernel` ops in kernels, `both` in either. A letter that stands for a type is followed by the types that it may be.',
    'Which backends lower an op depends on the plugins that are imported: `npm run -s sluice -- ops` shows it.',
    ...sections,
  ]);
}

function byId<T extends { readonly id: string }>(all: Iterable<T>): readonly T[] {
  return [...all].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** `(a: T, b: T) -> result: T`, with attributes in braces and what type variables may stand for. */
export function signature(op: OpDef): string {
  const { inputs, outputs, attrs } = signatureOf(op);
  const list = (params: readonly { readonly name: string; readonly type: string }[]) => params.map((p) => `${p.name}: ${p.type}`).join(', ');
  const typed = `(${list(inputs)})${attrs.length === 0 ? '' : ` {${list(attrs)}}`}${outputs.length === 0 ? '' : ` -> ${list(outputs)}`}`;
  const vars = Object.entries(op.typeVars).map(([name, types]) => `${name}: ${types.join(', ')}`);
  return [`\`${typed}\``, ...vars].join('<br>');
}

function page(title: string, from: string, parts: readonly string[]): string {
  return [generated(from), `# ${title}`, ...parts].join('\n\n') + '\n';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((c) => c.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
