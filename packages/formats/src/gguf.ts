/** Models in GGUF, whole or split. */
import type { FileSource, Session } from '@sluice/core';
import { badHeader, formatError, shown } from './codes.ts';
import { parseGguf } from './gguf-header.ts';
import { headerOf } from './model-file.ts';
import type { Described, Model, OpenOptions } from './model.ts';
import { joined, opened } from './open.ts';
import type { Opened, Opener } from './open.ts';
import { shardBeside } from './shards.ts';
import type { Header } from './tensor.ts';

export type { LoadOptions, LoadProgress, LoadedTensor } from './load.ts';
export type { Model, OpenOptions } from './model.ts';
export type { ModelFile } from './model-file.ts';
export type { MetadataValue, Tensor } from './tensor.ts';

/**
 * Opens a model in GGUF: a file, or the first one of a split model (`name-00001-of-00003.gguf`). Reads the headers and no
 * tensor.
 * @throws SluiceError the `formats/` codes, and those of granting and reading
 */
export function openGguf(session: Session, source: FileSource, options: OpenOptions = {}): Promise<Model> {
  return opened(session, source, options, describeGguf);
}

export async function describeGguf(opener: Opener, first: Opened): Promise<Described> {
  const files = [first.file];
  const headers = [await ggufHeader(opener, first)];
  const { metadata } = headers[0] as Header;
  const count = splitOf(headers[0] as Header, first.file.name, 0);
  for (let i = 1; i < count; i++) {
    const shard = await opener.open(shardBeside(opener.source, nameOfSplit(first.file.name, i, count), opener.options.shard));
    const header = await ggufHeader(opener, shard);
    if (splitOf(header, shard.file.name, i) !== count) throw badHeader(shard.file.name, `it says that the model has another number of files than ${count}`);
    files.push(shard.file);
    headers.push(header);
  }
  const tensors = joined(headers, files);
  const promised = metadata.get('split.tensors.count') ?? tensors.length;
  if (promised !== tensors.length) throw formatError('formats/shards', `${first.file.name} promises ${shown(String(promised))} tensors, and the ${count} files have ${tensors.length}`, 'get the files again: they are not of one model');
  return { format: 'gguf', metadata, files, tensors };
}

function ggufHeader(opener: Opener, { file, start }: Opened): Promise<Header> {
  return headerOf<Header>(opener.session, file, start, parseGguf, opener.options.signal);
}

/** How many files the model has, by the header of the one that must be number `no`, from 0 on. */
function splitOf({ metadata }: Header, name: string, no: number): number {
  const count = metadata.get('split.count') ?? 1;
  const own = metadata.get('split.no') ?? 0;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > MOST_FILES) throw badHeader(name, `\`split.count\` is ${shown(String(count))}`);
  if (own !== no) throw formatError('formats/shards', `${name} is file ${shown(String(own))} of a split model, from 0 on, and ${no} is expected`, no === 0 ? 'open the first file of the model' : 'get the files again');
  return Math.max(count, 1);
}

/** As many as the numbers in their names can count. */
const MOST_FILES = 99_999;

/** `name-00001-of-00003.gguf` with the number of file `no`. */
function nameOfSplit(first: string, no: number, count: number): string {
  const [, stem, of] = /([^/\\]+)-00001-of-(\d{5})\.gguf$/.exec(first) ?? [];
  if (stem === undefined || Number(of) !== count) throw formatError('formats/shards', `${first} is the first of ${count} files, and its name does not say what the others are called`, `name them \`name-00001-of-${digits(count)}.gguf\` and so on`);
  return `${stem}-${digits(no + 1)}-of-${digits(count)}.gguf`;
}

function digits(n: number): string {
  return String(n).padStart(5, '0');
}
