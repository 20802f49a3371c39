import { closeSync, openSync, readSync } from 'node:fs';
import { Registry, buffer, control, defineProgram, fd, grant, io, mem, session, u64 } from '@sluice/core';
import type { Session, SessionOptions } from '@sluice/core';
import { plugin as cuda } from '@sluice/cuda/plugin';
import { plugin as gds } from '@sluice/gds/plugin';
import { plugin as ioUring } from '@sluice/io-uring/plugin';
import { noPeer, wrongValue } from '../errors.ts';
import { rate, rowOf } from '../harness.ts';
import type { Sample } from '../harness.ts';
import type { Row, Suite, SuiteOptions } from '../suite.ts';
import { cufilePeer, wordSum } from './gds/peer.ts';
import type { Peer } from './gds/peer.ts';
import { coolDown, expectedAt, layOut, scratch, warmUp } from './io/files.ts';
import { takeTurns, timed } from './io/rounds.ts';
import type { Contestant } from './io/rounds.ts';

const MiB = 2 ** 20;
/** As the engine of @sluice/gds has it: bytes of a call, and calls at once. */
const BLOCK = 4 * MiB;
const DEPTH = 8;
/** A loop's chunk, and iterations in flight. */
const CHUNK = 32 * MiB;
const WINDOW = 4;
const SAMPLE = MiB;

/** Reads a whole file, and gives what a stretch of it holds, for the check. */
const readAll = defineProgram('read-all', { file: fd('r'), probe: 'u64' }, ({ file, probe }) => {
  const size = grant.size(file);
  control.for({ from: u64(0), to: size, step: BigInt(CHUNK) }, (offset) => {
    io.dma_from_nvme(file, offset, size.sub(offset).min(BigInt(CHUNK)));
  });
  return { sample: io.dma_from_nvme(file, probe, SAMPLE) };
});

/** Writes a chunk over and over, up to `bytes`, a multiple of it. */
const writeAll = defineProgram('write-all', { file: fd('w'), data: 'GpuBufferHandle', bytes: 'u64' }, ({ file, data, bytes }) => {
  control.for({ from: u64(0), to: bytes, step: BigInt(CHUNK) }, (offset) => {
    io.write_back_to_nvme(data, file, offset);
  });
});

/** Maps a file, copies all of it into device memory, and unmaps it. */
const copyMap = defineProgram('copy-map', { file: fd('r') }, ({ file }) => {
  const map = mem.zerocopy_map(file);
  const copy = buffer.alloc('u8', map.byteLength, { init: 'none' });
  buffer.copy(map, copy);
  mem.unmap(map);
  return { copy };
});

const registry = new Registry().with(cuda).with(gds).with(ioUring);

/** Files to and from memory of an NVIDIA device, beside plain programs on cuFile and the driver. */
export const suite: Suite = {
  name: 'gds',
  async *rows(options) {
    const probe = await registry.backends.get('gds')?.probe();
    if (probe?.available !== true) throw noPeer(`gds cannot be measured here: ${probe?.reason ?? 'it is not registered'}`, probe?.fix ?? 'import it', undefined);
    const { path, remove } = scratch();
    try {
      const peer = cufilePeer(path('peer'));
      const size = options.quick ? 64 * MiB : 2048 * MiB;
      const file = path('file');
      layOut(file, size);
      const setting = { file, size, peer, times: options.quick ? { warmup: 0, rounds: 1 } : { warmup: 1, rounds: 5 } };
      yield await readRow('gds/read', { backends: ['gds', 'cuda'] }, setting, { atLeast: 0.98, note: `${probe.description}; ` });
      yield* windowRow(setting);
      yield await mapRow(setting, options);
      // Last, because it is overwritten.
      yield await writeRow(setting);
    } finally {
      remove();
    }
  },
};

interface Setting {
  readonly file: string;
  readonly size: number;
  readonly peer: Peer;
  readonly times: { readonly warmup: number; readonly rounds: number };
}

const depths = `chunks of ${CHUNK / MiB} MiB, ${WINDOW} in flight; the peer has ${DEPTH} calls of ${BLOCK / MiB} MiB in flight`;
const open = (options: SessionOptions): Promise<Session> => session({ registry, window: WINDOW, durability: 'none', strict: true, ...options });

async function readRow(name: string, options: SessionOptions, { file, size, peer, times }: Setting, { atLeast, note, env = {} }: { readonly atLeast: number; readonly note: string; readonly env?: Readonly<Record<string, string>> }): Promise<Row> {
  const work = size / 1e9;
  await using s = await open(options);
  const reading = await s.compile(readAll);
  const granted = await s.grant(file);
  const sum = wordSum(expectedAt(0, BLOCK));
  const ours: Contestant = async () => {
    const probe = Math.floor((Math.random() * (size - SAMPLE)) / 4) * 4;
    let sample: Awaited<ReturnType<typeof reading.run>>['results']['sample'] | undefined;
    coolDown(file);
    const took = await timed(work, async () => {
      ({ results: { sample } } = await reading.run({ file: granted, probe: BigInt(probe) }));
    });
    const found = await sample?.read();
    await sample?.close();
    if (Buffer.compare(found ?? new Uint8Array(), expectedAt(probe, SAMPLE)) !== 0) throw wrongValue(name, `the bytes at ${probe} are not those of the file`);
    return took;
  };
  const theirs: Contestant = () => {
    coolDown(file);
    return peer.sample(work, ['read', file, size, BLOCK, DEPTH], { sum, env });
  };
  const [samples = [], peerSamples = []] = await takeTurns([ours, theirs], times);
  return rowOf({ name, unit: 'GB/s', figure: rate, samples, peer: { name: 'a plain program on cuFile', samples: peerSamples }, goals: [{ of: 'ratio', atLeast }], note: `${note}${depths}` });
}

/** io_uring into pinned memory and a copy by the device, beside cuFile in compatibility mode. */
async function* windowRow(setting: Setting): AsyncGenerator<Row> {
  const probe = await registry.backends.get('io-uring')?.probe();
  if (probe?.available !== true) return;
  yield await readRow('gds/uring-window', { backends: ['io-uring', 'cuda'], space: 'cuda' }, setting, { atLeast: 1, note: 'io_uring into pinned memory, and a copy by the device; the peer in compatibility mode; ', env: { CUFILE_FORCE_COMPAT_MODE: 'true' } });
}

async function mapRow({ file, size: whole, peer, times }: Setting, { quick }: SuiteOptions): Promise<Row> {
  const size = quick ? whole : 1024 * MiB;
  const work = size / 1e9;
  await using s = await open({ backends: ['gds', 'cuda'] });
  const mapping = await s.compile(copyMap);
  const granted = await s.grant(file, { length: size });
  const sum = wordSum(expectedAt(0, SAMPLE));
  const ours: Contestant = async () => {
    let results: Awaited<ReturnType<typeof mapping.run>>['results'] | undefined;
    const took = await timed(work, async () => {
      ({ results } = await mapping.run({ file: granted }));
    });
    const found = await results?.copy.read();
    await results?.copy.close();
    for (const at of [0, size - SAMPLE]) {
      if (found === undefined || Buffer.compare(found.subarray(at, at + SAMPLE), expectedAt(at, SAMPLE)) !== 0) throw wrongValue('gds/map', `the bytes at ${at} are not those of the file`);
    }
    return took;
  };
  const theirs: Contestant = () => peer.sample(work, ['map', file, size, CHUNK], { sum });
  warmUp(file, size);
  const [samples = [], peerSamples = []] = await takeTurns([ours, theirs], times);
  return rowOf({ name: 'gds/map', unit: 'GB/s', figure: rate, samples, peer: { name: 'a plain program that maps and registers the file', samples: peerSamples }, goals: [{ of: 'ratio', atLeast: 0.95 }], note: 'a file in the page cache: mapped, registered, copied whole into device memory by the device, unmapped' });
}

async function writeRow({ file, size, peer, times }: Setting): Promise<Row> {
  const work = size / 1e9;
  await using s = await open({ backends: ['gds', 'cuda'] });
  const writing = await s.compile(writeAll);
  const granted = await s.grant(file, { rights: 'w' });
  const pattern = expectedAt(0, CHUNK);
  const data = await s.buffer(pattern);
  const ours: Contestant = async () => {
    const took = await timed(work, async () => void (await writing.run({ file: granted, data, bytes: BigInt(size) })));
    requireWritten('gds/write', file, size, (at) => pattern.subarray(at % CHUNK, (at % CHUNK) + SAMPLE));
    return took;
  };
  const theirs: Contestant = async () => {
    const took: Sample = await peer.sample(work, ['write', file, size, BLOCK, DEPTH], {});
    requireWritten("the peer's write", file, size, () => new Uint8Array(SAMPLE));
    return took;
  };
  const [samples = [], peerSamples = []] = await takeTurns([ours, theirs], times);
  return rowOf({ name: 'gds/write', unit: 'GB/s', figure: rate, samples, peer: { name: 'a plain program on cuFile', samples: peerSamples }, goals: [{ of: 'ratio', atLeast: 0.98 }], note: `over a file that has its blocks, and without syncs on either side; ${depths}` });
}

/** Looks at the first, a middle and the last stretch of the file. */
function requireWritten(row: string, file: string, size: number, expected: (at: number) => Uint8Array): void {
  const descriptor = openSync(file, 'r');
  try {
    for (const at of [0, Math.floor(size / 2 / SAMPLE) * SAMPLE, size - SAMPLE]) {
      const found = new Uint8Array(SAMPLE);
      readSync(descriptor, found, 0, SAMPLE, at);
      if (Buffer.compare(found, expected(at)) !== 0) throw wrongValue(row, `the bytes at ${at} are not those that were written`);
    }
  } finally {
    closeSync(descriptor);
  }
}
