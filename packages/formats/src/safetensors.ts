/** Models in safetensors, whole or sharded. */
import type { FileSource, Session } from '@sluice/core';
import { formatError, quoted } from './codes.ts';
import { headerOf } from './model-file.ts';
import type { Described, Model, OpenOptions } from './model.ts';
import { joined, opened } from './open.ts';
import type { Opened, Opener } from './open.ts';
import { looksLikeSafetensors, parseSafetensors } from './safetensors-header.ts';
import { looksLikeIndex, parseIndex } from './safetensors-index.ts';
import type { Index } from './safetensors-index.ts';
import { shardBeside } from './shards.ts';
import type { Header } from './tensor.ts';

export type { LoadOptions, LoadProgress, LoadedTensor } from './load.ts';
export type { Model, OpenOptions } from './model.ts';
export type { ModelFile } from './model-file.ts';
export type { MetadataValue, Tensor } from './tensor.ts';

/**
 * Opens a model in safetensors: a file, or the index of a sharded one (`model.safetensors.index.json`). Reads the headers
 * and no tensor.
 * @throws SluiceError the `formats/` codes, and those of granting and reading
 */
export function openSafetensors(session: Session, source: FileSource, options: OpenOptions = {}): Promise<Model> {
  return opened(session, source, options, describeSafetensors);
}

export async function describeSafetensors(opener: Opener, first: Opened): Promise<Described> {
  const { bytes, fileBytes } = first.start;
  if (looksLikeSafetensors(bytes, fileBytes) || !looksLikeIndex(bytes)) {
    const header = await safetensorsHeader(opener, first);
    return { format: 'safetensors', metadata: header.metadata, files: [first.file], tensors: joined([header], [first.file]) };
  }
  const index = await headerOf<Index>(opener.session, first.file, first.start, parseIndex, opener.options.signal);
  await first.file.grant.close();
  const files = [];
  const headers: Header[] = [];
  for (const name of index.files) {
    const shard = await opener.open(shardBeside(opener.source, name, opener.options.shard));
    files.push(shard.file);
    headers.push(await safetensorsHeader(opener, shard));
  }
  const tensors = joined(headers, files);
  const holders = new Map(tensors.map((t) => [t.name, index.files[t.file]]));
  for (const [tensor, file] of index.fileOf) {
    if (holders.get(tensor) !== file) throw formatError('formats/shards', `${first.file.name} says that tensor ${quoted(tensor)} is in ${quoted(file)}, and it is not`, 'get the files again: they are not of one model', { details: { tensor, file } });
  }
  return { format: 'safetensors', metadata: index.metadata, files, tensors };
}

function safetensorsHeader(opener: Opener, { file, start }: Opened): Promise<Header> {
  return headerOf<Header>(opener.session, file, start, parseSafetensors, opener.options.signal);
}
