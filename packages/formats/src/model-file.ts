import { defineProgram, fd, io } from '@sluice/core';
import type { FileSource, Grant, Session } from '@sluice/core';
import { once } from './once.ts';
import { HEADER_LIMIT } from './tensor.ts';
import type { Incomplete } from './tensor.ts';

/** One file of a model, granted for reading. */
export interface ModelFile {
  readonly name: string;
  readonly byteLength: bigint;
  /** For programs of your own: `offset` and `byteLength` of a tensor are ranges of it. Closed with the model. */
  readonly grant: Grant;
}

/** Bytes that are read first: many headers are no longer. */
const FIRST = 64 * 1024;

const readRange = once(() => defineProgram('read_range', { file: fd('r'), offset: 'u64', length: 'u64' }, ({ file, offset, length }) => ({
  bytes: io.dma_from_nvme(file, offset, length),
})));

/** A start of a file as far as it was read. */
export interface Start {
  readonly bytes: Uint8Array;
  readonly fileBytes: bigint;
  readonly name: string;
}

export async function grantFile(session: Session, source: FileSource, signal: AbortSignal | undefined): Promise<ModelFile> {
  const grant = await session.grant(source, signal === undefined ? {} : { signal });
  return { name: grant.name, byteLength: grant.byteLength, grant };
}

export async function startOf(session: Session, file: ModelFile, signal: AbortSignal | undefined, length = FIRST): Promise<Start> {
  const executable = await session.compile(readRange());
  const within = file.byteLength < BigInt(length) ? Number(file.byteLength) : length;
  const { results } = await executable.run({ file: file.grant, offset: 0, length: within }, { signal });
  try {
    return { bytes: await results.bytes.read(), fileBytes: file.byteLength, name: file.name };
  } finally {
    await results.bytes.close();
  }
}

/**
 * What `parse` makes of the start of a file, of which more is read for as long as it says that it needs more.
 * @throws what `parse` throws, which has to refuse a header that is longer than the file or than is accepted
 */
export async function headerOf<T extends object>(session: Session, file: ModelFile, start: Start, parse: (bytes: Uint8Array, fileBytes: bigint, name: string) => T | Incomplete, signal: AbortSignal | undefined): Promise<T> {
  for (let now = start; ; ) {
    const parsed = parse(now.bytes, now.fileBytes, now.name);
    if (!('needs' in parsed)) return parsed;
    // Twice as much each time: a header is parsed from its start again.
    now = await startOf(session, file, signal, Math.min(HEADER_LIMIT + 8, Math.max(parsed.needs, 2 * now.bytes.length)));
  }
}
