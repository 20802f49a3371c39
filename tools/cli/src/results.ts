import { resolve } from 'node:path';
import type { DeviceBuffer, ProgramIr } from '@sluice/core';
import type { Given } from './arguments.ts';
import { cliError } from './codes.ts';
import { checkWritable, identityOf, writeBytes } from './files.ts';
import { bytes } from './quantities.ts';

/** A result as it is shown: 64-bit integers as decimal strings; of a buffer its length, and its bytes if they are few. */
export type Shown = number | string | boolean | { readonly byteLength: number; readonly hex?: string; readonly path?: string };

/**
 * Reads `--out name=path`: the file for each buffer that is to be written, by result name.
 * @throws SluiceError `cli/usage`
 */
export function outputsFor(program: ProgramIr, texts: readonly string[], cwd: string): ReadonlyMap<string, string> {
  const buffers = program.results.filter((r) => r.type.kind === 'handle').map((r) => r.name);
  const outputs = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = text.slice(0, at);
    if (at <= 0 || at === text.length - 1 || !buffers.includes(name)) {
      throw cliError('cli/usage', `--out ${text}: not \`name=path\` with a buffer that program \`${program.name}\` returns`, `it returns ${buffers.length === 0 ? 'no buffers' : buffers.join(', ')}`);
    }
    if (outputs.has(name)) throw cliError('cli/usage', `--out ${text}: \`${name}\` is given twice`, 'write it to one file');
    const path = resolve(cwd, text.slice(at + 1));
    if ([...outputs.values()].includes(path)) throw cliError('cli/same-file', `--out ${text}: another result goes to that file`, 'write each to a file of its own');
    outputs.set(name, path);
  }
  return outputs;
}

/**
 * What can be said before the run of the files that results go to: one that cannot be written would be noticed when all
 * the work is done, and one that the program was given would lose what is in it.
 * @throws SluiceError `cli/file`, `cli/same-file`
 */
export async function checkOutputs(outputs: ReadonlyMap<string, string>, given: ReadonlyMap<string, Given>, cwd: string): Promise<void> {
  if (outputs.size === 0) return;
  const files = await Promise.all([...given].flatMap(([name, g]) => (g.kind === 'value' ? [] : [identityOf(resolve(cwd, g.path)).then((identity) => ({ name, identity }))])));
  for (const [result, path] of outputs) {
    await checkWritable(path);
    const identity = await identityOf(path);
    const same = files.find((f) => f.identity === identity);
    if (same !== undefined && identity !== undefined) throw cliError('cli/same-file', `--out ${result} would overwrite \`${path}\`, which is given as \`${same.name}\``, 'write to another file');
  }
}

/** Buffers that are longer are not read back unless they are written to a file. */
const SHOWN_BYTES = 64;

/** The results of a run by name; writes those that go to files, and closes every buffer. */
export async function resultsOf(results: unknown, outputs: ReadonlyMap<string, string>): Promise<readonly (readonly [string, Shown])[]> {
  const entries = Object.entries((results ?? {}) as Readonly<Record<string, DeviceBuffer | number | bigint | boolean>>);
  const shown: (readonly [string, Shown])[] = [];
  for (const [name, value] of entries) shown.push([name, typeof value === 'object' ? await bufferResult(value, outputs.get(name)) : typeof value === 'bigint' ? String(value) : value]);
  return shown;
}

async function bufferResult(buffer: DeviceBuffer, path: string | undefined): Promise<Shown> {
  await using held = buffer;
  const byteLength = Number(held.byteLength);
  if (path === undefined && byteLength > SHOWN_BYTES) return { byteLength };
  const content = await held.read();
  if (path !== undefined) await writeBytes(path, content);
  return { byteLength, ...(byteLength > SHOWN_BYTES ? {} : { hex: Buffer.from(content).toString('hex') }), ...(path === undefined ? {} : { path }) };
}

/** One line for each result. */
export function resultLines(shown: readonly (readonly [string, Shown])[]): readonly string[] {
  return shown.map(([name, value]) => `${name} = ${typeof value === 'object' ? bufferText(value) : String(value)}`);
}

function bufferText({ byteLength, hex, path }: Exclude<Shown, number | string | boolean>): string {
  const content = hex === undefined || hex === '' ? '' : `: ${hex.replace(/..(?!$)/g, '$& ')}`;
  return `${bytes(byteLength)}${content}${path === undefined ? '' : `, written to ${path}`}`;
}
