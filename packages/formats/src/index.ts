/** Model files into device buffers: the format is found from the file. */
import type { FileSource, Session } from '@sluice/core';
import { looksLikeGguf } from './gguf-header.ts';
import { describeGguf } from './gguf.ts';
import type { Model, OpenOptions } from './model.ts';
import { opened } from './open.ts';
import { describeSafetensors } from './safetensors.ts';

export type { LoadOptions, LoadProgress, LoadedTensor } from './load.ts';
export type { Model, OpenOptions } from './model.ts';
export type { ModelFile } from './model-file.ts';
export type { MetadataValue, Tensor } from './tensor.ts';
export { openGguf } from './gguf.ts';
export { openSafetensors } from './safetensors.ts';

/**
 * Opens a model in either format, by what stands in the file and not by its name.
 * @throws SluiceError the `formats/` codes, and those of granting and reading
 */
export function openModel(session: Session, source: FileSource, options: OpenOptions = {}): Promise<Model> {
  return opened(session, source, options, (opener, first) => (looksLikeGguf(first.start.bytes) ? describeGguf : describeSafetensors)(opener, first));
}
