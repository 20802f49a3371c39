import { createReadStream, constants, closeSync, openSync, read, statfsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { control, defineProgram, fd, grant, buffer, io, Registry, session, u64 } from '@sluice/core';
import type { Grant, Session } from '@sluice/core';
import { plugin } from '@sluice/io-uring/plugin';
import { wrongValue } from '../errors.ts';
import { median, rate, rowOf } from '../harness.ts';
import type { Sample } from '../harness.ts';
import type { Row, Suite, SuiteOptions } from '../suite.ts';
import { coolDown, expectedAt, layOut, scratch } from './io/files.ts';
import { fio, RANDOM, requireFio, SEQUENTIAL } from './io/fio.ts';
import type { FioJob } from './io/fio.ts';
import { byHand, layOutModel, loader } from './io/models.ts';
import { overlapRow } from './io/overlap.ts';
import { takeTurns, timed } from './io/rounds.ts';
import type { Contestant } from './io/rounds.ts';

const MiB = 2 ** 20;
/** Iterations in flight times bytes of each: all the memory that a loop over a file touches. */
interface Setting {
  readonly chunk: number;
  readonly window: number;
}
/** As much memory as fio's fastest setting for reads has: where a cache holds it, the disk gives more. */
const SMALL: Setting = { chunk: 4 * MiB, window: 2 };
/** Runs of a loop of a thousand iterations before V8 has compiled all that they go through. */
const COMPILED = 12;
/** All of it from one buffer, which a cache holds. */
const WRITING: Setting = { chunk: 4 * MiB, window: 8 };
/** So large that the disk has work for as long as JavaScript has no time. */
const LARGE: Setting = { chunk: 128 * MiB, window: 4 };
const SAMPLE = MiB;

/** Reads a whole file, and gives what a stretch of it holds, for the check. */
const readAll = (chunk: bigint) => defineProgram('read-all', { file: fd('r'), probe: 'u64' }, ({ file, probe }) => {
  const size = grant.size(file);
  control.for({ from: u64(0), to: size, step: chunk }, (offset) => {
    io.dma_from_nvme(file, offset, size.sub(offset).min(chunk));
  });
  return { sample: io.dma_from_nvme(file, probe, SAMPLE) };
});

/** Writes `bytes` of zeros. */
const writeAll = defineProgram('write-all', { file: fd('w'), bytes: 'u64' }, ({ file, bytes }) => {
  const chunk = BigInt(WRITING.chunk);
  const data = buffer.alloc('u8', chunk);
  control.for({ from: u64(0), to: bytes, step: chunk }, (offset) => {
    io.write_back_to_nvme(data, file, offset);
  });
});

type Reading = Awaited<ReturnType<typeof compileReading>>;
const compileReading = (s: Session, chunk: number) => s.compile(readAll(BigInt(chunk)));

/** Blocks of 4 KiB from anywhere in a file. */
const readBlocks = defineProgram('read-blocks', { file: fd('r'), offsets: 'GpuBufferHandle', lengths: 'GpuBufferHandle', bytes: 'u64' }, ({ file, offsets, lengths, bytes }) => ({
  blocks: io.gather(file, offsets, lengths, bytes),
}));
const BLOCK = 4096;

const registry = new Registry().with(plugin);

/** What the storage backend on io_uring reaches beside fio and beside Node's own ways to read a file. */
export const suite: Suite = {
  name: 'io',
  async *rows(options) {
    await requireFio();
    const { path, remove } = scratch();
    try {
      const size = options.quick ? 128 * MiB : 4096 * MiB;
      const file = path('sequential');
      layOut(file, size);
      yield await openRow(options);
      yield await randomRow(file, size, options);
      const target = path('target');
      layOut(target, size);
      yield await overlapRow(registry, file, target, size, times(options));
      // Last for this file, because it is overwritten.
      yield* sequentialRows(file, size, options);
      const small = path('small');
      layOut(small, options.quick ? 64 * MiB : 1024 * MiB);
      yield* nodeRows(small, options.quick ? 64 * MiB : 1024 * MiB, options);
      yield* modelRows(path('model.safetensors'), options.quick ? 128 * MiB : 1024 * MiB, options);
    } finally {
      remove();
    }
  },
};

const times = ({ quick }: SuiteOptions) => (quick ? { warmup: 0, rounds: 1 } : { warmup: 1, rounds: 7 });

async function openRow(options: SuiteOptions): Promise<Row> {
  const open: Contestant = () => timed(1, async () => {
    const s = await session({ registry, backends: ['io-uring'] });
    await compileReading(s, LARGE.chunk);
    await s.close();
  });
  const [samples = []] = await takeTurns([open], { ...times(options), rounds: options.quick ? 2 : 20 });
  return rowOf({ name: 'io/open', unit: 'ms', figure: (seconds) => seconds * 1e3, samples, note: 'a session opened, its ring set up, 32 MiB of memory faulted in and registered, a program compiled, all closed again' });
}

async function* sequentialRows(file: string, size: number, options: SuiteOptions): AsyncGenerator<Row> {
  const work = size / 1e9;
  await using small = await session({ registry, backends: ['io-uring'], window: SMALL.window });
  await using large = await session({ registry, backends: ['io-uring'], window: LARGE.window });
  await using unsynced = await session({ registry, backends: ['io-uring'], window: WRITING.window, durability: 'none' });
  const ours = await reader(small, SMALL, file, size);
  const steady = await reader(large, LARGE, file, size);
  const busy: Contestant = () => whileBusy(steady);
  const writing = await unsynced.compile(writeAll);
  const target = await unsynced.grant(file, { rights: 'w' });
  const jobs = SEQUENTIAL.map((job) => ({ job, run: () => fio(job, 'read', file, size, work) }));
  for (let i = 0; i < (options.quick ? 0 : COMPILED); i++) await ours();

  const [mine = [], idle = [], occupied = [], ...peers] = await takeTurns([ours, steady, busy, ...jobs.map((j) => j.run)], times(options));
  const best = bestOf(jobs.map((j) => j.job), peers);
  yield rowOf({ name: 'io/read-seq-cold', unit: 'GB/s', figure: rate, samples: mine, peer: best, goals: [{ of: 'ratio', atLeast: 0.95 }, { of: 'cpuRatio', atMost: 2 }], note: `${spelled(SMALL)}, ${diskNote()}` });
  yield rowOf({ name: 'io/read-seq-busy-loop', unit: 'GB/s', figure: rate, samples: occupied, peer: { name: 'the same, idle', samples: idle }, goals: [{ of: 'ratio', atLeast: 0.95 }], note: `${spelled(LARGE)}; JavaScript is busy in slices of 20 ms, which its CPU seconds count` });

  const write: Contestant = () => timed(work, async () => {
    const { report } = await writing.run({ file: target, bytes: BigInt(size) });
    requireDirect(report.bytes.direct, size);
  });
  const writers = SEQUENTIAL.map((job) => ({ job, run: () => fio(job, 'write', file, size, work) }));
  const [written = [], ...writerPeers] = await takeTurns([write, ...writers.map((j) => j.run)], times(options));
  yield rowOf({ name: 'io/write-seq', unit: 'GB/s', figure: rate, samples: written, peer: bestOf(writers.map((j) => j.job), writerPeers), goals: [{ of: 'ratio', atLeast: 0.95 }, { of: 'cpuRatio', atMost: 2 }], note: `${spelled(WRITING)}, over a file that has its blocks, and without syncs on either side` });
}

const spelled = ({ chunk, window }: Setting) => `chunks of ${chunk / MiB} MiB, ${window} in flight`;

/** Reads all of `file` at each call; from `checked` on it holds what `expectedAt` says. */
async function reader(s: Session, { chunk }: Setting, file: string, size: number, checked = 0): Promise<Contestant> {
  const reading = await compileReading(s, chunk);
  const granted = await s.grant(file);
  return () => readOnce(reading, granted, size, checked);
}

/** One run over the whole file, with what a random place held checked. */
async function readOnce(reading: Reading, granted: Grant, size: number, checked: number): Promise<Sample> {
  const probe = checked + Math.floor((Math.random() * (size - SAMPLE - checked)) / 4) * 4;
  let check: (() => Promise<void>) | undefined;
  const sample = await timed(size / 1e9, async () => {
    const { results, report } = await reading.run({ file: granted, probe: BigInt(probe) });
    check = async () => {
      requireDirect(report.bytes.direct, size);
      const found = await results.sample.read();
      await results.sample.close();
      if (Buffer.compare(found, expectedAt(probe, SAMPLE)) !== 0) throw wrongValue('io/read-seq-cold', `the bytes at ${probe} are not those of the file`);
    };
  });
  await check?.();
  return sample;
}

async function randomRow(file: string, size: number, options: SuiteOptions): Promise<Row> {
  const count = options.quick ? 5000 : 100_000;
  const lengths = new BigUint64Array(count).fill(BigInt(BLOCK));
  await using s = await session({ registry, backends: ['io-uring'] });
  const executable = await s.compile(readBlocks);
  const granted = await s.grant(file);
  const ours: Contestant = async () => {
    const offsets = new BigUint64Array(count).map(() => BigInt(Math.floor(Math.random() * (size / BLOCK)) * BLOCK));
    let check: (() => Promise<void>) | undefined;
    const sample = await timed(count, async () => {
      const { results, report } = await executable.run({ file: granted, offsets, lengths, bytes: count * BLOCK });
      check = async () => {
        requireDirect(report.bytes.direct, count * BLOCK);
        const found = await results.blocks.read();
        await results.blocks.close();
        for (let i = 0; i < count; i += 997) {
          if (Buffer.compare(found.subarray(i * BLOCK, (i + 1) * BLOCK), expectedAt(Number(offsets[i]), BLOCK)) !== 0) throw wrongValue('io/read-rand4k', `block ${i} is not the one at ${offsets[i]}`);
        }
      };
    });
    await check?.();
    return sample;
  };
  const [mine = [], ...peers] = await takeTurns([ours, ...RANDOM.map((job): Contestant => () => fio(job, 'randread', file, count * BLOCK, count))], times(options));
  return rowOf({ name: 'io/read-rand4k', unit: 'IOPS', figure: rate, samples: mine, peer: bestOf(RANDOM, peers), goals: [{ of: 'ratio', atLeast: 0.9 }, { of: 'cpuRatio', atMost: 2 }], note: `${count} blocks in one io.gather` });
}

/** Runs with JavaScript busy in slices of 20 ms. */
async function whileBusy(run: () => Promise<Sample>): Promise<Sample> {
  let over = false;
  const slice = (): void => {
    if (over) return;
    const end = performance.now() + 20;
    while (performance.now() < end);
    setImmediate(slice);
  };
  setImmediate(slice);
  try {
    return await run();
  } finally {
    over = true;
  }
}

async function* nodeRows(file: string, size: number, options: SuiteOptions): AsyncGenerator<Row> {
  const work = size / 1e9;
  await using s = await session({ registry, backends: ['io-uring'], window: SMALL.window });
  const reads = await reader(s, SMALL, file, size);
  const cold = (run: () => Promise<void>): Contestant => () => {
    coolDown(file);
    return timed(work, run);
  };
  const peers: readonly { readonly name: string; readonly atLeast: number; readonly run: Contestant }[] = [
    { name: 'readFile', atLeast: 2, run: cold(async () => requireBytes((await readFile(file)).length, size)) },
    { name: 'createReadStream', atLeast: 2, run: cold(async () => requireBytes(await streamed(file), size)) },
    { name: 'fs.read', atLeast: 1, run: await fsReads(file, size, cold) },
  ];
  const ours: Contestant = () => {
    coolDown(file);
    return reads();
  };
  const [mine = [], ...theirs] = await takeTurns([ours, ...peers.map((p) => p.run)], times(options));
  for (const [i, { name, atLeast }] of peers.entries()) {
    yield rowOf({ name: `io/read-seq-cold-vs-${name}`, unit: 'GB/s', figure: rate, samples: mine, peer: { name, samples: theirs[i] ?? [] }, goals: [{ of: 'ratio', atLeast }] });
  }
}

/** A model into memory that kernels read, against the same file read with nothing known about it, and against plain JavaScript. */
async function* modelRows(file: string, size: number, options: SuiteOptions): AsyncGenerator<Row> {
  const model = layOutModel(file, size);
  await using small = await session({ registry, backends: ['io-uring'], window: SMALL.window });
  await using large = await session({ registry, backends: ['io-uring'], window: LARGE.window });
  // What each of them keeps for reuse fits its own sizes.
  await using own = await session({ registry, backends: ['io-uring'] });
  const settings = [SMALL, LARGE];
  const raw = [await reader(small, SMALL, file, size, model.from), await reader(large, LARGE, file, size, model.from)];
  const [mine = [], js = [], ...peers] = await takeTurns([loader(own, model), byHand(model), ...raw], times(options));
  const best = bestOf(settings.map((setting) => ({ name: `the file read in ${spelled(setting)}` })), peers);
  yield rowOf({ name: 'io/safetensors', unit: 'GB/s', figure: rate, samples: mine, peer: best, goals: [{ of: 'ratio', atLeast: 0.95 }], note: `${model.tensors.length} tensors, the model opened and closed` });
  yield rowOf({ name: 'io/safetensors-vs-js', unit: 'GB/s', figure: rate, samples: mine, peer: { name: 'readFile, JSON.parse, typed arrays on it', samples: js }, goals: [{ of: 'ratio', atLeast: 1 }] });
}

async function streamed(file: string): Promise<number> {
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: MiB })) bytes += (chunk as Buffer).length;
  return bytes;
}

/** Node's own calls at their best: past the page cache, 8 at a time, 4 MiB each, into memory of the pool. */
async function fsReads(file: string, size: number, cold: (run: () => Promise<void>) => Contestant): Promise<Contestant> {
  const device = await registry.backends.get('io-uring')?.open({ registry });
  const memories = Array.from({ length: 8 }, () => device?.allocators?.[0]?.allocate(4 * MiB, 'any').bytes ?? new Uint8Array(0));
  const one = (descriptor: number, bytes: Uint8Array, at: number) => new Promise<number>((resolve, reject) => {
    read(descriptor, bytes, 0, 4 * MiB, at, (error, moved) => (error === null ? resolve(moved) : reject(error)));
  });
  return cold(async () => {
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_DIRECT);
    let next = 0;
    let moved = 0;
    await Promise.all(memories.map(async (bytes) => {
      while (next < size) {
        const at = next;
        next += 4 * MiB;
        const count = await one(descriptor, bytes, at);
        moved += count;
      }
    }));
    closeSync(descriptor);
    requireBytes(moved, size);
  });
}

/** The setting of fio that was fastest. */
function bestOf(jobs: readonly Pick<FioJob, 'name'>[], samples: readonly (readonly Sample[])[]): { readonly name: string; readonly samples: readonly Sample[] } {
  const all = jobs.map(({ name }, i) => ({ name, samples: samples[i] ?? [] }));
  return all.reduce((best, next) => (median(next.samples.map((s) => s.seconds)) < median(best.samples.map((s) => s.seconds)) ? next : best));
}

function requireDirect(direct: bigint, size: number): void {
  if (direct < BigInt(size)) throw wrongValue('io', `${direct} of ${size} bytes went past the page cache`);
}

function requireBytes(found: number, size: number): void {
  if (found !== size) throw wrongValue('io', `${found} of ${size} bytes were read`);
}

/** Temporary files in memory make every figure meaningless. */
function diskNote(): string {
  const TMPFS = 0x01021994;
  return statfsSync(tmpdir()).type === TMPFS ? `${tmpdir()} is memory, not a disk: set TMPDIR to a folder on one` : `files on the disk of ${tmpdir()}`;
}
