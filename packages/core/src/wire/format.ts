/*
 * What docs/reference/wire.md describes byte by byte, as data. A file is a header and sections; integers of the header
 * are little-endian, all others are unsigned LEB128 of at most 32 bits.
 */

/** `\x89SLUW\r\n\x1a`: a file that was sent as text, cut at 7 bits or had its line ends changed does not begin with it. */
export const MAGIC = [0x89, 0x53, 0x4c, 0x55, 0x57, 0x0d, 0x0a, 0x1a] as const;

/** The version that `encode` writes, and the newest that `decode` knows all of. */
export const VERSION = 1;
/** The oldest reader that understands what `encode` writes. */
export const MINIMUM_READER = 1;

/** Where the fields of the header stand, and its size. */
export const HEADER = { version: 8, minimumReader: 10, byteLength: 12, checksum: 16, size: 20 } as const;

/** Sections, in the order in which they stand. A reader that does not know one from `SKIPPABLE` on passes over it. */
export const SECTION = { program: 1, dialects: 128, debug: 129 } as const;
export const SKIPPABLE = 128;

/** The first byte of an attribute. */
export const ATTRIBUTE = { scalar: 0, false: 1, true: 2, string: 3, enum: 4, type: 5, symbol: 6, list: 7 } as const;

/** The empty set of attributes; it is not in the table. */
export const NO_SET = 0;

/** What a file may hold at most; all of it is checked before anything is made of what is over. */
export interface WireLimits {
  /** Of the file. */
  readonly bytes: number;
  /** Regions around an op, the body not counted; lists around an attribute. */
  readonly depth: number;
  /** Ops of the program, its kernels included; as many sets of attributes, and forms of ops. */
  readonly ops: number;
  /** Values of the program, its kernels included. */
  readonly values: number;
  readonly kernels: number;
  /** Parameters of a kernel or program, or results of a program. */
  readonly params: number;
  /** Different op ids. */
  readonly opNames: number;
  /** Different types: each stays in the table of the process. */
  readonly types: number;
  /** UTF-16 code units of an op id or of the spelling of a type. */
  readonly idLength: number;
  /** Bytes of attributes, those that ops share counted for each of them: what it takes to look at them all. */
  readonly attributeBytes: number;
}

/** None over the verifier's own. The worst that they let in takes somewhat over a gigabyte of memory. */
export const DEFAULT_LIMITS: WireLimits = {
  bytes: 2 ** 25,
  depth: 64,
  ops: 2 ** 21,
  values: 2 ** 22,
  kernels: 2 ** 16,
  params: 2 ** 12,
  opNames: 2 ** 16,
  types: 2 ** 12,
  idLength: 256,
  attributeBytes: 2 ** 28,
};
