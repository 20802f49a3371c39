import { SluiceError } from '../../diagnostics/error.ts';
import { inWords } from '../../diagnostics/in-words.ts';
import type { ProgramParams } from '../../build/program.ts';
import { messageOf } from '../faults.ts';
import { FILE_LIMIT } from '../grant-window.ts';
import type { GrantRecord } from '../grants.ts';
import { ANY, FUNCTION, SIGNAL, TIMELINE, checkOptions, count, wrong } from '../options.ts';
import type { OptionKind } from '../options.ts';
import type { StreamOptions } from './api.ts';
import { chunksOf, isByteSource, rangesOf } from './chunks.ts';
import type { Chunks } from './chunks.ts';

const OPTIONS: Readonly<Record<keyof StreamOptions, OptionKind>> = {
  over: ANY, chunk: count('bytes'), window: count('chunks'), signal: SIGNAL, onProgress: FUNCTION, trace: TIMELINE,
};

/**
 * Where the chunks of a stream come from. Nothing is asked of a source yet, but it is locked from here on.
 * @throws SluiceError `session/option`
 */
export function chunksFor(options: StreamOptions, grantRecord: (granted: unknown) => GrantRecord | undefined): Chunks {
  checkOptions('stream()', options, OPTIONS);
  const { over, chunk } = options;
  if (chunk === undefined) throw wrong('stream() is given no option `chunk`', 'pass the bytes of a chunk: some 4 to 64 MiB');
  if (typeof over === 'bigint' || typeof over === 'number') {
    if ((typeof over === 'number' && !Number.isSafeInteger(over)) || over < 0 || over > FILE_LIMIT) throw wrong(`option \`over\` of stream() is ${inWords(over)}`, 'pass a number of bytes, below 2^63');
    return rangesOf(BigInt(over), chunk);
  }
  if (grantRecord(over) !== undefined) return rangesOf((over as { readonly byteLength: bigint }).byteLength, chunk);
  if (isByteSource(over)) {
    try {
      return chunksOf(over, chunk);
    } catch (cause) {
      throw new SluiceError({ code: 'session/option', message: `option \`over\` of stream() cannot be read: ${messageOf(cause)}`, fix: 'pass a stream that nobody else reads', cause });
    }
  }
  throw wrong(`option \`over\` of stream() is ${inWords(over)}`, 'pass a grant of this session, a number of bytes, a ReadableStream, or an async iterable of Uint8Arrays');
}

const GIVEN = ['offset', 'length', 'data'] as const;

/**
 * The names of the parameters that each chunk fills.
 * @throws SluiceError `run/argument`
 */
export function chunkParams(program: { readonly name: string; readonly params: readonly { readonly name: string }[] }, args: unknown, ofBytes: boolean): readonly (typeof GIVEN)[number][] {
  const { name, params } = program;
  const declared = GIVEN.filter((g) => (g !== 'data' || ofBytes) && params.some((p) => p.name === g));
  const missing = (ofBytes ? ['data'] : ['offset', 'length']).find((n) => !params.some((p) => p.name === n));
  const types: ProgramParams = ofBytes ? { data: 'GpuBufferHandle' } : { offset: 'u64', length: 'u64' };
  const fix = `declare ${Object.entries(types).map(([n, type]) => `${n}: '${String(type)}'`).join(' and ')}`;
  if (missing !== undefined) throw new SluiceError({ code: 'run/argument', message: `program \`${name}\` has no parameter \`${missing}\`, which a stream over ${ofBytes ? 'bytes' : 'ranges'} gives to each run`, fix });
  const given = declared.find((n) => typeof args === 'object' && args !== null && Object.hasOwn(args, n));
  if (given !== undefined) throw new SluiceError({ code: 'run/argument', message: `\`${given}\` of program \`${name}\` is given by the stream, and was given as an argument`, fix: 'leave it out' });
  return declared;
}
