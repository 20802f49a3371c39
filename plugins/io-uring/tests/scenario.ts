// Run as a process: `<scenario> <file>`. Does to a process what a test cannot do to its own.
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { setTimeout } from 'node:timers/promises';
import { Registry } from '@sluice/core';
import type { Outcome, Transfer } from '@sluice/core';
import { plugin } from '../src/plugin.ts';

const [scenario = '', path = ''] = isMainThread ? process.argv.slice(2) : (workerData as string[]);
const SIZE = 24 * 2 ** 20;
const registry = new Registry().with(plugin);

async function start(count: number) {
  const device = await registry.backends.get('io-uring')?.open({ registry });
  const { storage, allocators: [allocator] = [] } = device ?? {};
  if (device === undefined || storage === undefined || allocator === undefined) throw new Error('no device');
  const file = await storage.open(path, { rights: 'rw', create: 'no' });
  const batch = Array.from({ length: count }, (): Transfer => ({ kind: 'read', file, offset: 0n, memory: allocator.allocate(SIZE, 'any') }));
  const outcomes: Promise<Outcome>[] = [];
  const settle: ((outcome: Outcome) => void)[] = [];
  for (const _ of batch) outcomes.push(new Promise((resolve) => settle.push(resolve)));
  if (count > 0) storage.submit(batch, (i, outcome) => settle[i]?.(outcome), new AbortController().signal);
  return { device, file, storage, outcomes };
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async idle() {
    await start(0);
    console.log('open');
  },
  async unawaited() {
    const { outcomes } = await start(1);
    void outcomes[0]?.then((outcome) => console.log('read', outcome.ok ? outcome.direct + outcome.buffered : outcome.error));
  },
  async exit() {
    await start(8);
    process.exit(7);
  },
  async reading() {
    for (;;) await Promise.all((await start(4)).outcomes);
  },
  /** Completions come in all the time. */
  async readingBlocks() {
    const { storage, file } = await start(0);
    const memory = { space: 'host', byteLength: 4096, bytes: new Uint8Array(4096) };
    const again = (): void => storage.submit([{ kind: 'read', file, offset: 0n, memory }], again, new AbortController().signal);
    for (let i = 0; i < 64; i++) again();
  },
  async worker() {
    let terminated = 0;
    for (let i = 0; i < 20; i++) {
      const worker = new Worker(new URL(import.meta.url), { workerData: [i % 2 === 0 ? 'reading' : 'readingBlocks', path] });
      await setTimeout(60 + i * 5);
      await worker.terminate();
      terminated++;
    }
    console.log('terminated', terminated);
  },
  async collected() {
    const { storage, file } = await start(0);
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let i = 0; i < 20; i++) {
      let left = 4;
      const done = new Promise<void>((resolve) => {
        // Nothing but the transfer holds this memory.
        const batch = Array.from({ length: left }, (): Transfer => ({ kind: 'read', file, offset: 0n, memory: { space: 'host', byteLength: 2 ** 22, bytes: new Uint8Array(2 ** 22) } }));
        storage.submit(batch, (_, outcome) => {
          if (!outcome.ok) throw outcome.error;
          if (--left === 0) resolve();
        }, new AbortController().signal);
      });
      collect();
      await done;
    }
    console.log('done');
  },
};
await scenarios[scenario]?.();
