import type { FileSource } from '@sluice/core';
import { formatError, quoted } from './codes.ts';

/**
 * Where the file `name` is, which stands beside `source`. A name comes out of a file that somebody else made: it can name
 * no other folder.
 * @throws SluiceError `formats/shards`
 */
export function shardBeside(source: FileSource, name: string, shard: ((name: string) => FileSource) | undefined): FileSource {
  if (!/^[^/\\:\0]+$/.test(name) || name === '.' || name === '..') throw formatError('formats/shards', `a shard has the name ${quoted(name)}`, 'get the file again: shards are named without folders');
  if (shard !== undefined) return shard(name);
  if (typeof source === 'string') return source.slice(0, Math.max(source.lastIndexOf('/'), source.lastIndexOf('\\')) + 1) + name;
  if (source instanceof URL) return new URL(encodeURIComponent(name), source);
  throw formatError('formats/shards', `the model has the file ${quoted(name)} too, and nothing says where it is`, 'pass `shard: (name) => …` with the other files');
}
