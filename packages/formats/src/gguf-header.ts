import { badHeader, badRange, formatError, quoted, shown } from './codes.ts';
import { Cursor, Short } from './cursor.ts';
import { GGUF_TYPES } from './gguf-types.ts';
import { countOf, inFileOrder } from './tensor.ts';
import type { Header, Incomplete, MetadataValue, Tensor } from './tensor.ts';

type Described = Omit<Tensor, 'file'>;

/** `GGUF` */
const MAGIC: readonly number[] = [0x47, 0x47, 0x55, 0x46];
const VERSIONS: readonly number[] = [2, 3];
/** ggml has 4. */
const MOST_DIMENSIONS = 8;
/** Lists in lists; no known file has any. */
const MOST_NESTING = 4;
/** Elements of all lists; vocabularies have less than a million. */
const MOST_ELEMENTS = 2 ** 24;
const DEFAULT_ALIGNMENT = 32;

export function looksLikeGguf(start: Uint8Array): boolean {
  return MAGIC.every((byte, i) => start[i] === byte);
}

/**
 * Reads a header: counts, metadata, and what each tensor is. `bytes` are the start of the file; the format is that of
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
 * @throws SluiceError `formats/header`, `formats/limit`, `formats/range`, `formats/version`
 */
export function parseGguf(bytes: Uint8Array, fileBytes: bigint, name: string): Header | Incomplete {
  try {
    return described(new Cursor(bytes, fileBytes, name));
  } catch (error) {
    if (error instanceof Short) return { needs: error.needs };
    throw error;
  }
}

function described(c: Cursor): Header {
  if (!looksLikeGguf(c.take(4))) throw badHeader(c.name, 'it does not start with `GGUF`');
  requireVersion(c.u32(), c.name);
  const tensorCount = c.count('tensors', 8 + 4 + 4 + 8);
  const pairs = c.count('metadata pairs', 8 + 4 + 1);
  const metadata = new Map<string, MetadataValue>();
  const room: Room = { elements: MOST_ELEMENTS };
  for (let i = 0; i < pairs; i++) {
    const key = c.text('a metadata key');
    if (metadata.has(key)) throw badHeader(c.name, `its metadata have ${quoted(key)} twice`);
    metadata.set(key, valueOf(c, c.u32(), key, 0, room));
  }
  const alignment = alignmentOf(metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT, c.name);
  const infos = new Map<string, Described>();
  for (let i = 0; i < tensorCount; i++) {
    const info = infoOf(c);
    if (infos.has(info.name)) throw badHeader(c.name, `it has tensor ${quoted(info.name)} twice`);
    infos.set(info.name, info);
  }
  const from = aligned(BigInt(c.at), alignment);
  return { metadata, tensors: apart([...infos.values()].map((t) => ({ ...t, offset: from + t.offset })), alignment, c) };
}

function requireVersion(version: number, name: string): void {
  if (VERSIONS.includes(version)) return;
  // A small number, read from the wrong end.
  const bigEndian = version !== 0 && version % 2 ** 24 === 0;
  throw formatError('formats/version', bigEndian ? `${name}: it is big-endian` : `${name}: it has version ${version} of GGUF`, 'convert it to version 3, little-endian', { available: VERSIONS.map((v) => `version ${v}`) });
}

/** Values of metadata by the number of their type. */
interface ValueType {
  readonly bytes: number;
  read(c: Cursor): MetadataValue;
}
const VALUES: readonly (ValueType | undefined)[] = [
  { bytes: 1, read: (c) => c.view(1).getUint8(0) },
  { bytes: 1, read: (c) => c.view(1).getInt8(0) },
  { bytes: 2, read: (c) => c.view(2).getUint16(0, true) },
  { bytes: 2, read: (c) => c.view(2).getInt16(0, true) },
  { bytes: 4, read: (c) => c.u32() },
  { bytes: 4, read: (c) => c.view(4).getInt32(0, true) },
  { bytes: 4, read: (c) => c.view(4).getFloat32(0, true) },
  { bytes: 1, read: boolOf },
  { bytes: 8, read: (c) => c.string() },
  undefined, // a list: see `valueOf`
  { bytes: 8, read: (c) => c.u64() },
  { bytes: 8, read: (c) => c.view(8).getBigInt64(0, true) },
  { bytes: 8, read: (c) => c.view(8).getFloat64(0, true) },
];
const LIST = 9;
/** Bytes of a list with nothing in it: the type of its elements, and how many there are. */
const LIST_BYTES = 4 + 8;
/** What lists may still hold. */
interface Room {
  elements: number;
}

function valueOf(c: Cursor, type: number, key: string, depth: number, room: Room): MetadataValue {
  if (type !== LIST) return typed(c, type, key).read(c);
  if (depth === MOST_NESTING) throw formatError('formats/limit', `${c.name}: metadata ${quoted(key)} nest lists more than ${MOST_NESTING} deep`, 'take such metadata out of the file');
  const of = c.u32();
  const count = c.count(`elements in metadata ${quoted(key)}`, of === LIST ? LIST_BYTES : typed(c, of, key).bytes);
  room.elements -= count;
  if (room.elements < 0) throw formatError('formats/limit', `${c.name}: the lists of its metadata have more than ${MOST_ELEMENTS} elements`, 'take such metadata out of the file');
  const list: MetadataValue[] = [];
  for (let i = 0; i < count; i++) list.push(valueOf(c, of, key, depth + 1, room));
  return list;
}

function typed(c: Cursor, type: number, key: string): ValueType {
  const value = VALUES[type];
  if (value === undefined) throw badHeader(c.name, `metadata ${quoted(key)} have type ${type}, which is none`);
  return value;
}

function boolOf(c: Cursor): boolean {
  const byte = c.view(1).getUint8(0);
  if (byte > 1) throw badHeader(c.name, `a boolean of its metadata is ${byte}`);
  return byte === 1;
}

function alignmentOf(value: MetadataValue, name: string): bigint {
  if (typeof value !== 'number' || value < 8 || value >= 2 ** 31 || !Number.isInteger(Math.log2(value))) throw badHeader(name, `\`general.alignment\` is ${shown(String(value))}, not a power of 2 from 8 on`);
  return BigInt(value);
}

/** A tensor with its offset in the data, which start behind the header. */
function infoOf(c: Cursor): Described {
  const tensor = c.text('the name of a tensor');
  const dimensions = c.u32();
  if (dimensions > MOST_DIMENSIONS) throw formatError('formats/limit', `${c.name}: tensor ${quoted(tensor)} has ${dimensions} dimensions`, `at most ${MOST_DIMENSIONS} are accepted`);
  const shape: number[] = [];
  // ggml counts from the innermost one.
  for (let i = 0; i < dimensions; i++) shape.unshift(Number(c.u64()));
  const type = c.u32();
  const offset = c.u64();
  const layout = GGUF_TYPES.get(type);
  if (layout === undefined) throw formatError('formats/version', `${c.name}: tensor ${quoted(tensor)} has elements of type ${type}`, 'use a newer version of this package, or convert the file', { available: [...GGUF_TYPES.values()].map((t) => t.name) });
  const elements = countOf(shape);
  // A block does not reach from one row into the next.
  if (elements === undefined || (shape.at(-1) ?? 1) % layout.elements !== 0) throw badHeader(c.name, `tensor ${quoted(tensor)} of ${layout.name} has the shape [${shape.join(', ')}]`, { details: { tensor } });
  return { name: tensor, dtype: layout.name, shape, elements, offset, byteLength: BigInt(elements / layout.elements) * BigInt(layout.bytes) };
}

/** In the order of their bytes: each one aligned, none in another one, all in the file. */
function apart(tensors: readonly Described[], alignment: bigint, { name, fileBytes }: Cursor): readonly Described[] {
  const ordered = inFileOrder(tensors);
  let end = 0n;
  for (const { name: tensor, offset, byteLength } of ordered) {
    const details = { tensor, offset: String(offset), byteLength: String(byteLength) };
    if (offset % alignment !== 0n) throw badRange(name, `tensor ${quoted(tensor)} starts at byte ${offset}, no multiple of ${alignment}`, details);
    if (offset < end) throw badRange(name, `tensor ${quoted(tensor)} starts at byte ${offset}, and the one before it ends at ${end}`, details);
    end = offset + byteLength;
    if (end > fileBytes) throw badRange(name, `tensor ${quoted(tensor)} ends at byte ${end}, and the file has ${fileBytes}`, details);
  }
  return ordered;
}

function aligned(at: bigint, alignment: bigint): bigint {
  return ((at + alignment - 1n) / alignment) * alignment;
}
