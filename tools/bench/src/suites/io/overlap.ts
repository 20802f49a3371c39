import { closeSync, openSync, readSync } from 'node:fs';
import { control, defineProgram, fd, grant, io, session, u64 } from '@sluice/core';
import type { Registry } from '@sluice/core';
import { wrongValue } from '../../errors.ts';
import { median, rate, rowOf } from '../../harness.ts';
import type { Row } from '../../suite.ts';
import { coolDown, expectedAt } from './files.ts';
import { SEQUENTIAL, together } from './fio.ts';
import { takeTurns, timed } from './rounds.ts';
import type { Contestant } from './rounds.ts';

const MiB = 2 ** 20;
const CHUNK = 16 * MiB;
const WINDOW = 4;
const SAMPLE = MiB;
const NAME = 'io/stream-overlap';

/** From one file into another of the same device, with as many chunks under way as the window says. */
const copy = defineProgram('copy', { from: fd('r'), to: fd('w') }, ({ from, to }) => {
  const size = grant.size(from);
  control.for({ from: u64(0), to: size, step: BigInt(CHUNK) }, (offset) => {
    io.write_back_to_nvme(io.dma_from_nvme(from, offset, size.sub(offset).min(BigInt(CHUNK))), to, offset);
  });
});

/** A loop that reads and writes, against the same reads and the same writes that have nothing to do with each other, at once. */
export async function overlapRow(registry: Registry, source: string, target: string, size: number, rounds: Parameters<typeof takeTurns>[1]): Promise<Row> {
  const work = size / 1e9;
  await using s = await session({ registry, backends: ['io-uring'], window: WINDOW, durability: 'none' });
  const executable = await s.compile(copy);
  const args = { from: await s.grant(source), to: await s.grant(target, { rights: 'w' }) };
  const ours: Contestant = async () => {
    const sample = await timed(work, async () => {
      const { direct } = (await executable.run(args)).report.bytes;
      if (direct < BigInt(2 * size)) throw wrongValue(NAME, `${direct} of ${2 * size} bytes went past the page cache`);
    });
    requireCopied(target, size);
    return sample;
  };
  const jobs = SEQUENTIAL.map((job): Contestant => () => together(job, [{ kind: 'read', file: source }, { kind: 'write', file: target }], size, work));
  const [samples = [], ...peers] = await takeTurns([ours, ...jobs], rounds);
  const named = SEQUENTIAL.map(({ name }, i) => ({ name: `${name}, reads and writes at once`, samples: peers[i] ?? [] }));
  const peer = named.reduce((best, next) => (median(next.samples.map((p) => p.seconds)) < median(best.samples.map((p) => p.seconds)) ? next : best));
  return rowOf({ name: NAME, unit: 'GB/s', figure: rate, samples, peer, goals: [{ of: 'ratio', atLeast: 0.95 }], note: `a file copied: what is read is written; chunks of ${CHUNK / MiB} MiB, ${WINDOW} in flight, both files on one disk` });
}

/** What a random place of the target holds is what the source does. */
function requireCopied(target: string, size: number): void {
  const at = Math.floor((Math.random() * (size - SAMPLE)) / 4) * 4;
  const found = new Uint8Array(SAMPLE);
  const descriptor = openSync(target, 'r');
  readSync(descriptor, found, 0, SAMPLE, at);
  closeSync(descriptor);
  if (Buffer.compare(found, expectedAt(at, SAMPLE)) !== 0) throw wrongValue(NAME, `the bytes at ${at} are not those of the source`);
  // What is in the page cache now would be read from there.
  coolDown(target);
}
