import { inWords } from '../diagnostics/in-words.ts';
import { SluiceError } from '../diagnostics/error.ts';
import type { Program } from '../ir/program.ts';
import type { Registry } from '../registry/registry.ts';
import { shown } from '../text/json.ts';
import { checksumOf } from './checksum.ts';
import { decodeDebug } from './decode-debug.ts';
import { decodeProgram } from './decode-program.ts';
import { DEFAULT_LIMITS, HEADER, MAGIC, SECTION, SKIPPABLE, VERSION } from './format.ts';
import type { WireLimits } from './format.ts';
import { Migrations } from './migration.ts';
import type { Migration } from './migration.ts';
import { Reader, wireError } from './reader.ts';

export interface DecodeOptions {
  /** Whose migrations are applied, and whose dialects the file's must not be newer than by a major version. */
  readonly registry?: Registry;
  /** Renamed ops beside those of the registry. */
  readonly migrations?: readonly Migration[];
  /** What the file may hold at most, where it is not what `decode` accepts of anybody. */
  readonly limits?: Partial<WireLimits>;
}

/**
 * The program that `encode` was given, in canonical numbering; ops that nobody registered are kept as they are. Not
 * verified. Time and memory are bounded by the size of `bytes` and by the limits, whatever they hold.
 * @throws SluiceError the `wire/` codes, with the `offset` in `details`
 */
export function decode(bytes: Uint8Array, { registry, migrations = [], limits = {} }: DecodeOptions = {}): Program {
  const bounds = checkedLimits({ ...DEFAULT_LIMITS, ...limits });
  const file = checkedFile(bytes, bounds);
  const sections = sectionsOf(file, bounds);
  if (registry !== undefined) checkDialects(sections.get(SECTION.dialects), registry);
  const renamed = new Migrations([...(registry?.migrations.values() ?? []), ...migrations]);
  const main = sections.get(SECTION.program);
  if (main === undefined) throw wireError('wire/malformed', 'the file has no section of a program', file.length);
  const decoded = decodeProgram(main, renamed);
  const debug = sections.get(SECTION.debug);
  return shown(debug === undefined ? decoded.program : decodeDebug(debug, decoded));
}

function checkedLimits(limits: WireLimits): WireLimits {
  for (const [name, value] of Object.entries(limits)) {
    // NaN would be no limit at all.
    if (typeof value !== 'number' || !(value >= 0)) throw new SluiceError({ code: 'wire/limit', message: `the limit \`${name}\` is ${inWords(value)}`, fix: 'pass a number, 0 or more' });
  }
  return limits;
}

/** The bytes as they cannot change while they are read, of one class whatever was passed, with header and checksum checked. */
function checkedFile(bytes: Uint8Array, limits: WireLimits): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw wireError('wire/not-wire', `what is to be decoded is ${inWords(bytes)}, not a Uint8Array`, 0, 'pass the bytes that encode gave');
  if (bytes.length > limits.bytes) throw wireError('wire/limit', `the file has ${bytes.length} bytes, more than ${limits.bytes}`, 0, 'pass `limits` to decode if the file comes from a source that you trust');
  const isShared = typeof SharedArrayBuffer !== 'undefined' && bytes.buffer instanceof SharedArrayBuffer;
  const file = isShared ? new Uint8Array(bytes) : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const odd = MAGIC.findIndex((byte, i) => file[i] !== byte);
  if (odd >= 0) throw wireError('wire/not-wire', 'this is no program in wire form', Math.min(odd, file.length), 'pass the bytes that encode gave; a file must be read as bytes, not as text');
  if (file.length < HEADER.size) throw wireError('wire/truncated', 'the data ends within the header', file.length);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const minimumReader = view.getUint16(HEADER.minimumReader, true);
  if (minimumReader > VERSION) throw wireError('wire/version', `the file needs a reader of version ${minimumReader}, and this one is of version ${VERSION}`, HEADER.minimumReader, 'use a newer @sluice/core', { version: view.getUint16(HEADER.version, true), minimumReader });
  const byteLength = view.getUint32(HEADER.byteLength, true);
  if (byteLength !== file.length) throw wireError('wire/truncated', `the file says that it has ${byteLength} bytes, and there are ${file.length}`, Math.min(byteLength, file.length));
  const [said, found] = [view.getUint32(HEADER.checksum, true), checksumOf(file)];
  if (said !== found) throw wireError('wire/checksum', `the checksum is ${hex(found)}, and the file says ${hex(said)}: it was changed after it was written`, HEADER.checksum);
  return file;
}

/** A reader for each section, by its id. */
function sectionsOf(file: Uint8Array, limits: WireLimits): ReadonlyMap<number, Reader> {
  const sections = new Map<number, Reader>();
  const all = new Reader(file, limits, HEADER.size);
  const known: readonly number[] = Object.values(SECTION);
  while (all.left > 0) {
    const start = all.at;
    const id = all.byte('the id of a section');
    const length = all.varint('the length of a section');
    if (length > all.left) throw all.ends(`section ${id}`, start);
    if (sections.has(id)) throw all.malformed(`section ${id} stands twice`, start);
    if (id < SKIPPABLE && !known.includes(id)) throw wireError('wire/version', `section ${id} is of a newer format, and may not be passed over`, start, 'use a newer @sluice/core');
    if (known.includes(id)) sections.set(id, new Reader(file, limits, all.at, all.at + length));
    all.at += length;
  }
  return sections;
}

/** Refuses what was written for a newer major version of a dialect: the same op may mean something else there. */
function checkDialects(section: Reader | undefined, registry: Registry): void {
  if (section === undefined) return;
  for (let n = section.count('dialects', { each: 2 }); n > 0; n--) {
    const start = section.at;
    const dialect = section.string('the id of a dialect');
    const written = section.string('the version of a dialect');
    const linked = registry.dialects.get(dialect)?.version;
    if (linked !== undefined && major(written) > major(linked)) {
      throw wireError('wire/dialect-version', `the program was written with dialect \`${dialect}\` ${written}, and ${linked} is linked`, start, `use a newer version of the package that declares dialect \`${dialect}\``, { dialect, written, linked });
    }
  }
  section.finish('the section of dialects');
}

function major(version: string): number {
  return Number.parseInt(version, 10) || 0;
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
