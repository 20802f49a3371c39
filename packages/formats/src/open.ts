import type { FileSource, Session } from '@sluice/core';
import { formatError, quoted } from './codes.ts';
import { grantFile, startOf } from './model-file.ts';
import type { ModelFile, Start } from './model-file.ts';
import { closeFiles, modelOf } from './model.ts';
import type { Described, Model, OpenOptions } from './model.ts';
import type { Header, Tensor } from './tensor.ts';

/** A file that is granted, with its start read. */
export interface Opened {
  readonly file: ModelFile;
  readonly start: Start;
}

/** Opens the files of a model; those that are open when something fails are closed. */
export class Opener {
  readonly session: Session;
  readonly source: FileSource;
  readonly options: OpenOptions;
  readonly #files: ModelFile[] = [];

  constructor(session: Session, source: FileSource, options: OpenOptions) {
    this.session = session;
    this.source = source;
    this.options = options;
  }

  async open(source: FileSource): Promise<Opened> {
    const { signal } = this.options;
    const file = await grantFile(this.session, source, signal);
    this.#files.push(file);
    return { file, start: await startOf(this.session, file, signal) };
  }

  async close(): Promise<void> {
    await closeFiles(this.#files);
  }
}

/** A model of what `describe` finds. */
export async function opened(session: Session, source: FileSource, options: OpenOptions, describe: (opener: Opener, first: Opened) => Promise<Described>): Promise<Model> {
  const opener = new Opener(session, source, options);
  try {
    return modelOf(session, await describe(opener, await opener.open(source)));
  } catch (error) {
    await opener.close();
    throw error;
  }
}

/** The tensors of all files, file after file. @throws SluiceError `formats/shards` where two have the same name */
export function joined(headers: readonly Header[], files: readonly ModelFile[]): readonly Tensor[] {
  const holders = new Map<string, number>();
  return headers.flatMap(({ tensors }, file) => tensors.map((t) => {
    const other = holders.get(t.name);
    if (other !== undefined) throw formatError('formats/shards', `tensor ${quoted(t.name)} is in ${files[other]?.name} and in ${files[file]?.name}`, 'get the files again: they are not of one model', { details: { tensor: t.name } });
    holders.set(t.name, file);
    return { ...t, file };
  }));
}
