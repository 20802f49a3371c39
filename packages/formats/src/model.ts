import type { FileSource, Session } from '@sluice/core';
import { formatError, quoted } from './codes.ts';
import { loadTensors } from './load.ts';
import type { LoadOptions, LoadedTensor } from './load.ts';
import type { ModelFile } from './model-file.ts';
import type { MetadataValue, Tensor } from './tensor.ts';

export interface OpenOptions {
  /**
   * Finds a file of a sharded model by its name. Absent: it stands beside the file that was opened, whose path or URL is
   * known; for a `File` or `Blob` it must be given.
   */
  readonly shard?: ((name: string) => FileSource) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A model whose headers are read. Its files stay granted until it is closed; buffers that were loaded outlive it. */
export interface Model extends AsyncDisposable {
  readonly format: 'safetensors' | 'gguf';
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly files: readonly ModelFile[];
  /** In the order of the files, and in each of the bytes. */
  readonly tensors: readonly Tensor[];
  /** @throws SluiceError `formats/tensor` */
  tensor(name: string): Tensor;
  /**
   * Reads tensors from storage into device buffers, one after the other in the order of the file, where the session's
   * kernels work: `for await (const { tensor, buffer } of model.load())`. The CPU copies nothing but what the placement
   * of the session says. Leaving the loop ends what is on its way.
   * @throws SluiceError `formats/option`, `formats/tensor`, `formats/dtype`, the `io/` and `mem/` codes; or the signal's reason
   */
  load(options?: LoadOptions): AsyncGenerator<LoadedTensor, void, undefined>;
  /** Revokes the grants of the files. */
  close(): Promise<void>;
}

/** What the headers of all files say together. */
export interface Described extends Pick<Model, 'format' | 'metadata' | 'files' | 'tensors'> {}

export function modelOf(session: Session, { format, metadata, files, tensors }: Described): Model {
  const byName = new Map(tensors.map((t) => [t.name, t]));
  const tensor = (name: string) => {
    const found = byName.get(name);
    if (found === undefined) throw formatError('formats/tensor', `the model has no tensor ${quoted(name)}`, 'name one of `tensors`', { details: { name } });
    return found;
  };
  const load = (options: LoadOptions = {}) => {
    checkLoadOptions(options);
    const named = options.names === undefined ? undefined : new Set(options.names.map(tensor));
    return loadTensors(session, files, named === undefined ? tensors : tensors.filter((t) => named.has(t)), options);
  };
  const close = () => closeFiles(files);
  return { format, metadata, files, tensors, tensor, load, close, [Symbol.asyncDispose]: close };
}

export async function closeFiles(files: readonly ModelFile[]): Promise<void> {
  await Promise.all(files.map(({ grant }) => grant.close()));
}

function checkLoadOptions({ dtype, ahead }: LoadOptions): void {
  if (dtype !== undefined && dtype !== 'f32') throw formatError('formats/option', `\`dtype\` is \`${String(dtype)}\``, 'pass f32, or leave it out', { available: ['f32'] });
  if (ahead !== undefined && (!Number.isSafeInteger(ahead) || ahead < 0)) throw formatError('formats/option', `\`ahead\` is ${ahead}`, 'pass a number of bytes');
}
