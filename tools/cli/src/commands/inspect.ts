import { basename } from 'node:path';
import { session } from '@sluice/core';
import type { MetadataValue, Model, Tensor } from '@sluice/formats';
import { JSON_OPTION, PLUGIN_OPTION } from '../command.ts';
import type { Command } from '../command.ts';
import { interruptible } from '../interrupt.ts';
import { MODEL, openNamed, totalOf, totalsByType } from '../model.ts';
import { linkAll } from '../plugins.ts';
import { bytes } from '../quantities.ts';
import { textTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export const inspect: Command = {
  name: 'inspect',
  summary: 'Show the tensors and metadata of a model file.',
  positionals: [MODEL],
  options: [{ ...PLUGIN_OPTION, summary: 'Packages or plugin files to import, in place of @sluice/fs.' }, JSON_OPTION],
  notes: [
    'Only headers are read. Shapes have the outermost dimension first, in both formats; offsets are in bytes from the start of the file.',
    'Lists in metadata are shown by their length, and long texts by their start; --json has them whole, with integers of 64 bits as decimal strings.',
  ],
  examples: ['sluice inspect model.safetensors', 'sluice inspect llama-00001-of-00003.gguf --json'],

  async run(invocation, terminal) {
    await linkAll(invocation.names('plugin') ?? ['fs'], { folder: terminal.cwd, cwd: terminal.cwd });
    return interruptible(async (signal) => {
      await using open = await session();
      await using model = await openNamed(open, invocation.positionals[0] ?? '', terminal.cwd, signal);
      if (invocation.flag('json')) terminal.printJson({ ok: true, ...asJson(model) });
      else report(model, terminal);
      return 0;
    });
  },
};

function asJson({ format, files, metadata, tensors }: Model) {
  return {
    format, files: files.map(({ name, byteLength }) => ({ name, byteLength: Number(byteLength) })), metadata: Object.fromEntries(metadata),
    tensors: tensors.map((t) => ({ ...t, offset: Number(t.offset), byteLength: Number(t.byteLength) })),
    totals: { ...totalOf(tensors), dtypes: Object.fromEntries(totalsByType(tensors)) },
  };
}

function report({ format, files, metadata, tensors }: Model, terminal: Terminal): void {
  if (metadata.size > 0) terminal.print(`${textTable(['metadata', 'value'], [...metadata].map(([key, value]) => [printable(key), valueText(value)]))}\n`);
  const [first] = files;
  const sharded = files.length > 1;
  const columns = ['tensor', 'dtype', 'shape', ...(sharded ? ['file'] : []), 'offset', 'bytes'];
  const row = (t: Tensor) => [printable(t.name), t.dtype, `[${t.shape.join(', ')}]`, ...(sharded ? [basename(files[t.file]?.name ?? '')] : []), String(t.offset), String(t.byteLength)];
  if (tensors.length > 0) terminal.print(`${textTable(columns, tensors.map(row))}\n`);
  const total = totalOf(tensors);
  const of = sharded ? `${files.length} files` : basename(first?.name ?? '');
  terminal.print(`${of}: ${format}, ${counted(total.tensors, 'tensor')}, ${counted(total.elements, 'element')}, ${bytes(total.bytes)}`);
  for (const [dtype, t] of totalsByType(tensors)) terminal.print(`  ${dtype}: ${counted(t.tensors, 'tensor')}, ${counted(t.elements, 'element')}, ${bytes(t.bytes)}`);
}

/** Characters of a text that are shown. */
const SHOWN = 60;

function valueText(value: MetadataValue): string {
  if (typeof value === 'string') return printable(value.length > SHOWN ? `${value.slice(0, SHOWN)}... (${value.length} characters)` : value);
  return typeof value === 'object' ? `a list of ${value.length}` : String(value);
}

/** Somebody else chose these texts: nothing in them may command the terminal, or break the table. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
