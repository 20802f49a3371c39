// Run as a process: `<probe | read | read-cold | read-aborted | write> <path> [offset length count [source or copy]]`. Makes
// `count` transfers of `length` bytes one behind the other, in one batch; prints as JSON what the probe, the file and the
// transfers said.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Registry } from '@sluice/core';
import type { Device, Outcome, Transfer } from '@sluice/core';
import { Engine } from '../src/engine.ts';
import { plugin } from '../src/plugin.ts';

const [kind = '', path = '', offset = '0', length = '0', count = '0', beside] = process.argv.slice(2);
const registry = new Registry().with(plugin);
const backend = registry.backends.get('io-uring');
if (backend === undefined) throw new Error('no backend');
const probe = await backend.probe();
const opened = await backend.open({ registry }).catch((error: unknown) => error as Error);
if (opened instanceof Error) console.log(JSON.stringify({ probe, open: opened }));
else console.log(JSON.stringify({ probe, ...(kind === 'probe' ? {} : await transfers(opened)) }));

async function transfers(device: Device) {
  const { storage, allocators: [allocator] = [] } = device;
  if (storage === undefined || allocator === undefined) throw new Error('no storage');
  if (kind === 'read-cold') execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
  const file = await storage.open(path, { rights: kind === 'write' ? 'w' : 'r', create: 'no' }).catch((error: unknown) => error as Error);
  if (file instanceof Error) return device.close().then(() => ({ refused: file }));
  const bytes = Number(length);
  const batch = Array.from({ length: Number(count) }, (_, i): Exclude<Transfer, { kind: 'sync' }> => {
    const memory = allocator.allocate(bytes, 'any');
    if (kind === 'write') memory.bytes?.set(readFileSync(beside ?? '').subarray(0, bytes));
    return { kind: kind === 'write' ? 'write' : 'read', file, offset: BigInt(offset) + BigInt(i * bytes), memory };
  });
  const outcomes = await new Promise<Outcome[]>((resolve) => {
    const all: Outcome[] = [];
    let left = batch.length;
    storage.submit(batch, (i, outcome) => {
      all[i] = outcome;
      if (--left === 0) resolve(all);
    }, kind === 'read-aborted' ? AbortSignal.timeout(400) : new AbortController().signal);
  });
  const [first] = batch;
  if (kind !== 'write' && beside !== undefined && first?.memory.bytes !== undefined) writeFileSync(beside, first.memory.bytes.subarray(0, bytes));
  const engine = Engine.acquire();
  const { registered } = engine.broken === 0 ? engine.ring.state() : { registered: 0 };
  engine.release();
  await file.close();
  await device.close();
  return { file: { via: file.via, viaReason: file.viaReason }, outcomes, registered };
}
