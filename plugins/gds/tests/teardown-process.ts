// Run as a process: `<exit | terminate | throw> <libcuda> <libcufile> <file>`. Begins slow reads of the file, and goes down in the
// middle of them: the process, or a worker of it.
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { Registry, defineProgram, fd, io, session } from '@sluice/core';
import { cuda } from '@sluice/cuda/plugin';
import type { Fake } from '@sluice/cuda/fake';
import { gds } from '../src/plugin.ts';

interface Given {
  readonly args: readonly string[];
  /** 1 when reads are under way. */
  readonly begun: Int32Array;
}
const { args, begun } = isMainThread ? { args: process.argv.slice(2), begun: new Int32Array(new SharedArrayBuffer(4)) } : (workerData as Given);
const [kind = '', ...given] = args;
const [driver = '', library = '', path = ''] = given;

function load(file: string): Fake {
  const loaded = { exports: {} };
  process.dlopen(loaded, file);
  return loaded.exports as Fake;
}

const readAll = defineProgram('read-all', { file: fd('r') }, ({ file }) => ({ data: io.dma_from_nvme(file, 1, 60_000_000) }));

/** Resolves when reads are under way. */
async function begin(): Promise<void> {
  load(driver);
  const fake = load(library);
  fake.set('milliseconds of a call', 300);
  const s = await session({ registry: new Registry().with(cuda()).with(gds()), backends: ['gds', 'cuda'] });
  const executable = await s.compile(readAll);
  const file = await s.grant(path);
  void executable.run({ file });
  while ((fake.state()['calls cuFileRead'] ?? 0) < 4) await new Promise((resolve) => setTimeout(resolve, 5));
}

if (kind === 'terminate' && isMainThread) {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { args: ['worker', ...given], begun } satisfies Given });
  while (Atomics.load(begun, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  console.log(`terminated with ${await worker.terminate()}`);
} else {
  await begin();
  Atomics.store(begun, 0, 1);
  if (kind === 'exit') process.exit(7);
  if (kind === 'throw') throw new Error('on purpose');
}
