import { badHeader, badRange, formatError, quoted, shown } from './codes.ts';
import { HEADER_LIMIT, countOf, inFileOrder } from './tensor.ts';
import type { Header, Incomplete, MetadataValue, Tensor } from './tensor.ts';

/** Bits of an element, by dtype. */
const BITS: ReadonlyMap<string, number> = new Map([
  ['F4', 4], ['F6_E2M3', 6], ['F6_E3M2', 6],
  ['BOOL', 8], ['U8', 8], ['I8', 8], ['F8_E5M2', 8], ['F8_E4M3', 8], ['F8_E8M0', 8], ['F8_E5M2FNUZ', 8], ['F8_E4M3FNUZ', 8],
  ['I16', 16], ['U16', 16], ['F16', 16], ['BF16', 16],
  ['I32', 32], ['U32', 32], ['F32', 32],
  ['I64', 64], ['U64', 64], ['F64', 64], ['C64', 64],
]);

type Described = Omit<Tensor, 'file'>;

/** Whether a file that starts so is of the format: a length that it has room for, and an object in JSON behind it. */
export function looksLikeSafetensors(start: Uint8Array, fileBytes: bigint): boolean {
  return start.length > 8 && start[8] === OPENING_BRACE && lengthOf(start) <= fileBytes - 8n;
}

/**
 * Reads a header: a u64 with the length of a text, the text, an object in JSON, and behind it the bytes of the tensors.
 * `bytes` are the start of the file; the format is that of https://github.com/huggingface/safetensors#format.
 * @throws SluiceError `formats/header`, `formats/limit`, `formats/range`, `formats/version`
 */
export function parseSafetensors(bytes: Uint8Array, fileBytes: bigint, name: string): Header | Incomplete {
  if (fileBytes < 8n) throw badHeader(name, `a file of ${fileBytes} bytes has no room for the length of a header`);
  if (bytes.length < 8) return { needs: 8 };
  const length = lengthOf(bytes);
  if (length > fileBytes - 8n) throw badHeader(name, `its header would have ${length} bytes, and the file has ${fileBytes}`, { details: { length: String(length), fileBytes: String(fileBytes) } });
  if (length > BigInt(HEADER_LIMIT)) throw formatError('formats/limit', `${name}: its header has ${length} bytes`, `split the file: at most ${HEADER_LIMIT} bytes are accepted`, { details: { length: String(length), limit: HEADER_LIMIT } });
  const end = 8 + Number(length);
  if (bytes.length < end) return { needs: end };
  return described(bytes.subarray(8, end), BigInt(end), fileBytes, name);
}

const OPENING_BRACE = 0x7b;

function lengthOf(start: Uint8Array): bigint {
  return new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
}

/** The header in `json`; tensors lie from byte `from` of the file to its end. */
function described(json: Uint8Array, from: bigint, fileBytes: bigint, name: string): Header {
  // Not even white space may stand in front.
  if (json[0] !== OPENING_BRACE) throw badHeader(name, 'its header does not start with `{`');
  const { text, value } = parseJson(json, name);
  const { __metadata__, ...entries } = Object.assign(Object.create(null) as Record<string, unknown>, value);
  const metadata = __metadata__ === undefined ? new Map<string, MetadataValue>() : metadataOf(__metadata__, name);
  const tensors = Object.entries(entries).map(([key, entry]) => tensorOf(key, entry, from, name));
  // JSON.parse keeps the last of two equal keys, other readers the first: a file may not mean two things.
  const keys = Object.keys(value).length + metadata.size + 3 * tensors.length;
  if (colons(text) !== keys) throw badHeader(name, 'its header has a key twice');
  return { metadata, tensors: contiguous(tensors, from, fileBytes, name) };
}

function parseJson(json: Uint8Array, name: string): { readonly text: string; readonly value: object } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    return { text, value: JSON.parse(text) as object };
  } catch (cause) {
    throw badHeader(name, `its header is no JSON: ${shown(cause instanceof Error ? cause.message : String(cause))}`, { cause });
  }
}

/** Colons that stand outside of strings: in valid JSON as many as there are keys. */
function colons(text: string): number {
  let count = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text[i];
    if (unit === '"') quoted = !quoted;
    else if (quoted && unit === '\\') i++;
    else if (!quoted && unit === ':') count++;
  }
  return count;
}

function metadataOf(value: unknown, name: string): ReadonlyMap<string, MetadataValue> {
  if (!isRecord(value)) throw badHeader(name, '`__metadata__` is no object');
  return new Map(Object.entries(value).map(([key, text]) => {
    if (typeof text !== 'string') throw badHeader(name, `${quoted(key)} of \`__metadata__\` is no text`);
    return [key, text];
  }));
}

function tensorOf(tensor: string, entry: unknown, from: bigint, name: string): Described {
  const { dtype, shape, data_offsets: offsets, ...more } = isRecord(entry) ? entry : {};
  const fault = (what: string) => badHeader(name, `tensor ${quoted(tensor)} ${what}`, { details: { tensor } });
  if (typeof dtype !== 'string' || !isNumbers(shape) || !isNumbers(offsets) || offsets.length !== 2) throw fault('has not each of `dtype`, `shape` and two `data_offsets`');
  const [extra] = Object.keys(more);
  if (extra !== undefined) throw fault(`has ${quoted(extra)} beside \`dtype\`, \`shape\` and \`data_offsets\``);
  const bits = BITS.get(dtype);
  if (bits === undefined) throw formatError('formats/version', `${name}: tensor ${quoted(tensor)} has elements of type ${quoted(dtype)}`, 'use a newer version of this package, or convert the file', { available: [...BITS.keys()] });
  const elements = countOf(shape);
  const [start = 0, end = 0] = offsets;
  if (elements === undefined) throw fault(`has the shape [${shown(shape.join(', '))}]`);
  if (!offsets.every((o) => Number.isSafeInteger(o) && o >= 0)) throw fault(`has the offsets ${start} and ${end}`);
  const size = BigInt(elements) * BigInt(bits);
  if (BigInt(end) - BigInt(start) !== size / 8n || size % 8n !== 0n) throw fault(`has ${end - start} bytes, and ${elements} elements of ${dtype} have ${bits} bits each`);
  return { name: tensor, dtype, shape, elements, offset: from + BigInt(start), byteLength: size / 8n };
}

/** In the order of their bytes, which must fill the rest of the file: nothing hides in it. */
function contiguous(tensors: readonly Described[], from: bigint, fileBytes: bigint, name: string): readonly Described[] {
  const ordered = inFileOrder(tensors);
  let end = from;
  for (const { name: tensor, offset, byteLength } of ordered) {
    if (offset !== end) throw badRange(name, `tensor ${quoted(tensor)} starts at byte ${offset}, and what stands before it ends at ${end}`, { tensor, offset: String(offset), end: String(end) });
    end += byteLength;
  }
  if (end !== fileBytes) throw badRange(name, `its tensors end at byte ${end}, and the file has ${fileBytes}`, { end: String(end), fileBytes: String(fileBytes) });
  return ordered;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((v) => typeof v === 'number');
}
