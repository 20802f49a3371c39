/*! With @noble/hashes: Copyright (c) 2022 Paul Miller, under the MIT license. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Program } from '../ir/program.ts';
import { programSection } from './encode-program.ts';

/** What is hashed begins with this, so that no hash of anything else is one of a program. */
const TAG = new TextEncoder().encode('sluice program 1\n');

/**
 * The SHA-256 of what the program means, in hexadecimal: the same for programs that are `equal`, another one after a
 * change of any name, parameter, attribute, type, size, op or result. Names of values, spans and origins do not count,
 * and neither do dialect versions. The shape of the program must have been checked, as `verify` does.
 * @throws SluiceError `wire/unencodable`
 */
export function hashOf(program: Program): string {
  return bytesToHex(sha256.create().update(TAG).update(programSection(program).bytes).digest());
}
