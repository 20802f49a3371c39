import type { Registry } from '../registry/registry.ts';
import type { Program } from '../ir/program.ts';
import { checksumOf } from './checksum.ts';
import { debugSection } from './encode-debug.ts';
import { programSection } from './encode-program.ts';
import { HEADER, MAGIC, MINIMUM_READER, SECTION, VERSION } from './format.ts';
import { unencodable, Writer } from './writer.ts';

export interface EncodeOptions {
  /** Whose dialect versions are written beside the ops, so that a reader can tell which it meets. */
  readonly registry?: Registry;
  /** Whether names, spans and origins are written too; spans hold paths of source files. True where absent. */
  readonly debug?: boolean;
}

/**
 * A program in wire form: `decode` gives an equal one, to the bit. The shape of the program must have been checked, as
 * `verify` does.
 * @throws SluiceError `wire/unencodable` for a program that is not well-formed
 */
export function encode(program: Program, { registry, debug = true }: EncodeOptions = {}): Uint8Array {
  const { bytes, opIds, numbers } = programSection(program);
  const sections: (readonly [id: number, bytes: Uint8Array])[] = [[SECTION.program, bytes]];
  const dialects = registry === undefined ? undefined : dialectsSection(opIds, registry);
  if (dialects !== undefined) sections.push([SECTION.dialects, dialects]);
  const known = debug ? debugSection(program, numbers) : undefined;
  if (known !== undefined) sections.push([SECTION.debug, known]);
  return assembled(sections);
}

/** The dialects of the ops, each with its version; ops that the registry does not have are left out. */
function dialectsSection(opIds: readonly string[], registry: Registry): Uint8Array | undefined {
  const versions = new Map<string, string>();
  for (const id of opIds) {
    const dialect = registry.lookup(id)?.dialect;
    const version = dialect === undefined ? undefined : registry.dialects.get(dialect)?.version;
    if (dialect !== undefined && version !== undefined) versions.set(dialect, version);
  }
  if (versions.size === 0) return undefined;
  const out = new Writer();
  out.varint(versions.size);
  for (const [dialect, version] of [...versions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    out.string(dialect);
    out.string(version);
  }
  return out.written();
}

/** Header and sections in one piece of memory of its own, so that it can be transferred to a worker. */
function assembled(sections: readonly (readonly [id: number, bytes: Uint8Array])[]): Uint8Array {
  const heads = sections.map(([id, bytes]) => {
    const head = new Writer(6);
    head.byte(id);
    head.varint(bytes.length);
    return head.written();
  });
  const byteLength = [...heads, ...sections.map(([, bytes]) => bytes)].reduce((sum, { length }) => sum + length, HEADER.size as number);
  if (byteLength >= 2 ** 32) throw unencodable(`the program takes ${byteLength} bytes, and the format counts to 2^32`);
  const file = new Uint8Array(byteLength);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  view.setUint16(HEADER.version, VERSION, true);
  view.setUint16(HEADER.minimumReader, MINIMUM_READER, true);
  view.setUint32(HEADER.byteLength, byteLength, true);
  let at: number = HEADER.size;
  for (const [i, [, bytes]] of sections.entries()) {
    const head = heads[i] as Uint8Array;
    file.set(head, at);
    file.set(bytes, at + head.length);
    at += head.length + bytes.length;
  }
  view.setUint32(HEADER.checksum, checksumOf(file), true);
  return file;
}
