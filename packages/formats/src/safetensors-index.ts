import { badHeader, formatError, quoted, shown } from './codes.ts';
import { HEADER_LIMIT } from './tensor.ts';
import type { Incomplete, MetadataValue } from './tensor.ts';

/** What `model.safetensors.index.json` says. */
export interface Index {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** The names of the files, sorted. */
  readonly files: readonly string[];
  /** The file of each tensor. */
  readonly fileOf: ReadonlyMap<string, string>;
}

/** Whether a file that starts so is a text in JSON. */
export function looksLikeIndex(start: Uint8Array): boolean {
  return new TextDecoder().decode(start.subarray(0, 64)).trimStart().startsWith('{');
}

/** @throws SluiceError `formats/header`, `formats/limit` */
export function parseIndex(bytes: Uint8Array, fileBytes: bigint, name: string): Index | Incomplete {
  if (fileBytes > BigInt(HEADER_LIMIT)) throw formatError('formats/limit', `${name}: the index has ${fileBytes} bytes`, `at most ${HEADER_LIMIT} are accepted`);
  if (BigInt(bytes.length) < fileBytes) return { needs: Number(fileBytes) };
  const { weight_map: map, metadata = {} } = parsed(bytes, name);
  if (!isRecord(map)) throw badHeader(name, 'it is no index: it has no `weight_map`');
  const fileOf = new Map(Object.entries(map).map(([tensor, file]) => {
    if (typeof file !== 'string') throw badHeader(name, `its \`weight_map\` names no file for ${quoted(tensor)}`);
    return [tensor, file];
  }));
  return { metadata: new Map(Object.entries(isRecord(metadata) ? metadata : {}).filter(isPlain)), files: [...new Set(fileOf.values())].sort(), fileOf };
}

function parsed(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
    return isRecord(value) ? value : {};
  } catch (cause) {
    throw badHeader(name, `it is no JSON: ${shown(cause instanceof Error ? cause.message : String(cause))}`, { cause });
  }
}

/** Metadata of an index are no part of a format: what is no plain value is not shown. */
function isPlain(entry: [string, unknown]): entry is [string, string | number | boolean] {
  return ['string', 'number', 'boolean'].includes(typeof entry[1]);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
