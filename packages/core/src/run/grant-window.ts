import { SluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';
import type { Create, FileSource, Rights } from '../registry/backend.ts';
import type { GrantOptions } from './api.ts';
import { ANY, SIGNAL, checkOptions, oneOf } from './options.ts';
import type { OptionKind } from './options.ts';

/** Offsets and lengths of files are below this. */
export const FILE_LIMIT = 2n ** 63n - 1n;

/** What of a file is granted. */
export interface Window {
  readonly rights: Rights;
  readonly offset: bigint;
  readonly length: bigint | undefined;
}

const OPTIONS: Readonly<Record<keyof GrantOptions, OptionKind>> = {
  rights: oneOf(['r', 'w', 'rw']),
  offset: ANY,
  length: ANY,
  create: oneOf(['no', 'if-missing', 'truncate']),
  signal: SIGNAL,
};

/** @throws SluiceError `io/source` for what no storage backend can open */
export function checkSource(source: FileSource): void {
  if (typeof source === 'string' || (typeof source === 'object' && source !== null)) return;
  throw new SluiceError({ code: 'io/source', message: `a file to grant is ${inWords(source)}`, fix: 'pass a path, a file URL, or an object that the storage backend knows' });
}

export interface CreatedWindow extends Window {
  readonly create: Create;
}

/** What the options ask for. @throws SluiceError `session/option`, `grant/range`, `grant/rights` */
export function grantWindow(options: GrantOptions): CreatedWindow {
  checkOptions('grant()', options, OPTIONS);
  const { rights = 'r', create = 'no' } = options;
  if (rights === 'r' && create !== 'no') throw new SluiceError({ code: 'grant/rights', message: `a grant with rights \`r\` cannot create or truncate (\`create: '${create}'\`)`, fix: 'grant it with rights `w` or `rw`' });
  const offset = options.offset === undefined ? 0n : bytes('offset', options.offset);
  const length = options.length === undefined ? undefined : bytes('length', options.length);
  if (length !== undefined && offset + length > FILE_LIMIT) throw new SluiceError({ code: 'grant/range', message: `a grant of ${length} bytes at offset ${offset} ends past 2^63-1`, fix: 'grant a smaller range' });
  return { rights, create, offset, length };
}

function bytes(name: 'offset' | 'length', value: unknown): bigint {
  const whole = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value)) ? BigInt(value) : -1n;
  if (whole >= 0n && whole <= FILE_LIMIT) return whole;
  throw new SluiceError({ code: 'grant/range', message: `\`${name}\` of a grant is ${inWords(value)}`, fix: 'pass a non-negative safe integer, or a bigint below 2^63' });
}
