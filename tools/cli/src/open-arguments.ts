import { resolve } from 'node:path';
import type { Executable, Grant, Session } from '@sluice/core';
import type { Given } from './arguments.ts';
import { cliError } from './codes.ts';
import { identityOf, readBytes } from './files.ts';

/** Arguments of a program that is known by its data only; the session checks them. */
export type RunArguments = Parameters<Executable['run']>[0];

export interface Opening {
  readonly cwd: string;
  readonly signal: AbortSignal;
}

/**
 * Opens what the command line gives. Files granted with `w` are made if they are missing, after everything that must be
 * there is open; no file is emptied.
 */
export async function openArguments(open: Session, given: ReadonlyMap<string, Given>, { cwd, signal }: Opening): Promise<RunArguments> {
  const args: Record<string, unknown> = {};
  for (const [name, g] of [...given].sort(([, a], [, b]) => Number(isWritten(a)) - Number(isWritten(b)))) {
    if (g.kind === 'grant') args[name] = await open.grant(resolve(cwd, g.path), { rights: g.rights, signal, create: isWritten(g) ? 'if-missing' : 'no' });
    else args[name] = g.kind === 'bytes' ? await readBytes(resolve(cwd, g.path), signal) : g.value;
  }
  return args as RunArguments;
}

/**
 * `opened`, with the files granted with `w` emptied. Nothing is lost where the arguments do not fit the program, or a
 * file that is to be emptied is read too, under whatever name.
 * @throws SluiceError `cli/same-file`, or what binding `opened` gives
 */
export async function emptied(open: Session, executable: Executable, given: ReadonlyMap<string, Given>, opened: RunArguments, { cwd, signal }: Opening): Promise<RunArguments> {
  await executable.bind(opened);
  const files = await Promise.all([...given].flatMap(([name, g]) => (g.kind === 'value' ? [] : [fileOf(name, g, resolve(cwd, g.path))])));
  const [written, read] = [files.filter((f) => f.written), files.filter((f) => !f.written)];
  for (const { name, path, identity } of written) {
    const reader = read.find((r) => r.identity === identity);
    if (reader !== undefined) throw cliError('cli/same-file', `--truncate would empty \`${path}\`, granted as \`${name}\`, which \`${reader.name}\` reads`, 'write to another file, or leave --truncate out');
  }
  const args: Record<string, unknown> = { ...opened };
  for (const { name, path } of written) {
    await (args[name] as Grant).revoke();
    args[name] = await open.grant(path, { rights: 'w', signal, create: 'truncate' });
  }
  return args as RunArguments;
}

function isWritten(g: Given): boolean {
  return g.kind === 'grant' && g.rights === 'w';
}

/** A file that is given, and open. */
async function fileOf(name: string, g: Given, path: string) {
  return { name, path, written: isWritten(g), identity: await identityOf(path) };
}
