// Run as a process: `<kind> <path> <offset> <length> [abort | close]`. Reads into memory and from there to `<path>.copy`, or
// writes what `<path>.source` holds; aborts the transfer or closes the file when it has started; prints the outcome.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Registry } from '@sluice/core';
import type { Outcome, Transfer } from '@sluice/core';
import { plugin } from '../src/plugin.ts';

/** An outcome as JSON. */
export interface Printed {
  readonly ok: boolean;
  readonly transferred: number;
  readonly buffered: number;
  readonly error: { readonly code: string; readonly details: Readonly<Record<string, unknown>> };
}

const [kind = '', path = '', offset = '0', length = '0', then] = process.argv.slice(2);
const registry = new Registry().with(plugin);
const device = await registry.backends.get('fs')?.open({ registry });
const storage = device?.storage;
const file = await storage?.open(path, { rights: 'rw', create: 'no' });
if (device === undefined || storage === undefined || file === undefined) throw new Error('no device');

const bytes = kind === 'write' ? new Uint8Array(readFileSync(`${path}.source`)) : new Uint8Array(Number(length));
const memory = { space: 'host', byteLength: Number(length), bytes };
const transfer: Transfer = kind === 'sync' ? { kind, file } : { kind: kind === 'write' ? 'write' : 'read', file, offset: BigInt(offset), memory };
const controller = new AbortController();
const outcome = new Promise<Outcome>((resolve) => storage.submit([transfer], (_, o) => resolve(o), controller.signal));
await setTimeout(20);
if (then === 'abort') controller.abort();
if (then === 'close') await file.close();
const ended = await outcome;
if (kind === 'read') writeFileSync(`${path}.copy`, bytes);
await file.close();
await device.close();
console.log(JSON.stringify(ended));
