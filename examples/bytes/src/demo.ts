import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { session } from '@sluice/core';
import type { Report } from '@sluice/core';
import { importPlugins } from './backends.ts';
import type { Asked } from './backends.ts';
import { demoError } from './codes.ts';
import { expectedOf } from './expected.ts';
import type { Expected } from './expected.ts';
import { outputFolder } from './output-folder.ts';
import program from './program.ts';

/** The backends that are asked for unless the caller names others, best first. */
export const PREFERRED = ['io-uring', 'fs', 'wgsl', 'cpu-ref'];

export interface DemoOptions {
  readonly file: string;
  /** Folder for `histogram.bin` and `crc32.bin`; absent: a new one for temporary files. */
  readonly out?: string | undefined;
  /** Exactly these, in order of preference; absent: those of `PREFERRED` that are installed. */
  readonly backends?: readonly string[] | undefined;
  readonly signal?: AbortSignal;
  /** How far it is: which of the two computations, and the share of the file that it has behind it, 0 to 1. */
  readonly onProgress?: (doing: 'running' | 'checking', share: number) => void;
}

export interface Outcome {
  readonly file: string;
  readonly out: string;
  readonly asked: readonly Asked[];
  readonly expected: Expected;
  /** Both files hold what plain JavaScript computes, and nothing else. */
  readonly histogram: boolean;
  readonly crc32: boolean;
  /** The CRC-32 that the program wrote. */
  readonly written: number;
  readonly report: Report;
  /** Seconds that the plain computation took. */
  readonly checkSeconds: number;
}

/**
 * Runs the program on a file and compares what it wrote with a plain JavaScript computation. Memory is constant
 * whatever the size of the file.
 * @throws SluiceError `demo/…`, or where a file, backend or option is at fault; the signal's reason
 */
export async function demo({ file, out, backends, signal, onProgress }: DemoOptions): Promise<Outcome> {
  const asked = await importPlugins(backends ?? PREFERRED);
  const missing = asked.find((a) => a.absent !== undefined);
  if (backends !== undefined && missing !== undefined) {
    throw demoError('demo/not-installed', `backend \`${missing.id}\`: ${missing.absent}`, 'correct the name, or leave it off the list', { available: asked.flatMap((a) => (a.absent === undefined ? [a.id] : [])) });
  }
  await using open = await session({ backends: backends ?? asked.filter((a) => a.absent === undefined).map((a) => a.id) });
  const abort = signal === undefined ? {} : { signal };
  const executable = await open.compile(program, abort);
  const input = await open.grant(resolve(file), abort);
  const share = (bytes: bigint | number) => Math.min(1, Number(bytes) / Number(input.byteLength));

  const folder = await outputFolder(out);
  const [histogram, crc32] = [join(folder, 'histogram.bin'), join(folder, 'crc32.bin')];
  for (const path of [histogram, crc32]) await refuseSameFile(path, file);

  const write = { rights: 'w', create: 'truncate', ...abort } as const;
  const { report } = await executable.run(
    { input, histogram: await open.grant(histogram, write), crc32: await open.grant(crc32, write) },
    { ...abort, onProgress: ({ done }) => onProgress?.('running', share(done)) },
  );

  const started = performance.now();
  const expected = await expectedOf(file, signal, (done) => onProgress?.('checking', share(done)));
  const checkSeconds = (performance.now() - started) / 1000;
  if (BigInt(expected.byteLength) !== input.byteLength) {
    throw demoError('demo/size', `\`${file}\` gave ${expected.byteLength} bytes, and its size was ${input.byteLength}`, 'take a file that nobody writes to; what the kernel makes up, as in /proc, has no size');
  }
  const written = await readFile(crc32);
  return {
    file: resolve(file), out: folder, asked, expected, report, checkSeconds,
    histogram: littleEndian(expected.histogram, 8).equals(await readFile(histogram)),
    crc32: littleEndian([BigInt(expected.crc32)], 4).equals(written),
    written: written.length < 4 ? NaN : written.readUInt32LE(),
  };
}

function littleEndian(values: Iterable<bigint>, size: 4 | 8): Buffer {
  return Buffer.concat([...values].map((value) => {
    const bytes = Buffer.alloc(size);
    if (size === 8) bytes.writeBigUInt64LE(value);
    else bytes.writeUInt32LE(Number(value));
    return bytes;
  }));
}

/** An output is emptied first: it must not be the input under another name. */
async function refuseSameFile(path: string, file: string): Promise<void> {
  const existing = await stat(path, { bigint: true }).catch(() => undefined);
  const input = await stat(file, { bigint: true });
  if (existing === undefined || existing.dev !== input.dev || existing.ino !== input.ino) return;
  throw demoError('demo/same-file', `\`${path}\` is the input itself`, 'choose another folder for the results');
}
